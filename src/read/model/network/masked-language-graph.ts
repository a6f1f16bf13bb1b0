import {
  add,
  argmax,
  cast,
  equal,
  gather,
  gelu,
  input,
  logSumExp,
  matmul,
  mul,
  type Node,
  nameOf,
  parameter,
  reshape,
  sizeOf,
  sub,
  sum,
} from '../../../core/index.ts';
import { type BertConfig, bert } from '../../../models/index.ts';
import { dense, norm } from '../../../nn/index.ts';
import { wordTable } from '../encoder.ts';
import { tokenInputs } from './training-graph.ts';

export interface MaskedLanguageGraph {
  /** Scalar: cross-entropy of the masked subwords in nats, summed up, times `lossScale`. */
  readonly loss: Node;
  /** Scalar: masked subwords whose likeliest subword is the right one. */
  readonly correct: Node;
  /** The encoder's and the head's parameters. */
  readonly parameters: readonly Node[];
}

/**
 * The encoder with the head that guesses masked subwords (BERT, arXiv:1810.04805): dense, gelu, norm, then the scores of all subwords against the word table itself, which is frozen here.
 * Only masked places go through the head. The score of the right subword is a product of its own, so nothing but the softmax is as long as the vocabulary is.
 *
 * Inputs: `ids` [batch, seq] int64 as the encoder sees them, `mask` [batch, seq] bool, `maskedPositions` [masked] int64 in batch × seq, `maskedLabels` [masked] int64, `lossScale` [].
 */
export const maskedLanguageGraph = (config: BertConfig, { dropout = 0 }: { dropout?: number } = {}): MaskedLanguageGraph => {
  const tokens = tokenInputs();
  const rate = dropout > 0 ? { dropout: { rate: dropout, key: input('key', [1], 'uint32') } } : {};
  const { hidden, parameters } = bert(config, tokens, rate);
  const table = parameters.find((node) => nameOf(node) === wordTable)!;
  const labels = input('maskedLabels', ['masked'], 'int64');
  const rows = gather(reshape(hidden, [sizeOf(tokens.ids.shape), config.hidden]), input('maskedPositions', ['masked'], 'int64')); // [masked, hidden]
  const up = dense('mlm.dense', rows, config.hidden);
  const states = norm('mlm.norm', gelu(up), { epsilon: config.epsilon });
  const bias = parameter('mlm.bias', [config.vocab]);
  const scores = add(matmul(states, table, { transposeB: true }), bias); // [masked, vocab]
  const right = add(sum(mul(states, gather(table, labels)), [1]), gather(bias, labels)); // [masked]
  const loss = mul(sum(sub(logSumExp(scores, 1), right), [0]), input('lossScale', []));
  const correct = sum(cast(equal(argmax(scores, 1), labels), 'float32'), [0]);
  return { loss, correct, parameters };
};
