import { z } from 'zod';
import { add, inOrder, isParameter, type Node, named, parameter, ShapeError, slice } from '../core/index.ts';
import { type Activation, attention, blockSite, type Dropout, drop, embedding, mlp, norm, paddingBias } from '../nn/index.ts';
import { activationKey, count, epsilonKey, parseConfig } from './config.ts';

const ignored = {
  attention_probs_dropout_prob: 'training only; our training states its own',
  hidden_dropout_prob: 'training only; our training states its own',
  tie_word_embeddings: 'of the language-model head',
} as const;

const schema = z
  .strictObject({
    vocab_size: count,
    hidden_size: count,
    num_hidden_layers: count.max(1000),
    num_attention_heads: count,
    intermediate_size: count,
    hidden_act: activationKey,
    max_position_embeddings: count,
    type_vocab_size: count,
    layer_norm_eps: epsilonKey,
    position_embedding_type: z.literal('absolute').optional(),
    is_decoder: z.literal(false).optional(),
    add_cross_attention: z.literal(false).optional(),
    chunk_size_feed_forward: z.literal(0).optional(),
  })
  .refine((c) => c.hidden_size % c.num_attention_heads === 0, { message: 'num_attention_heads must divide hidden_size', path: ['num_attention_heads'] });

export interface BertConfig {
  readonly vocab: number;
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly ffn: number;
  readonly activation: Activation;
  readonly positions: number;
  readonly types: number;
  readonly epsilon: number;
}

/**
 * Reads the `config.json` of a BERT encoder. Unknown keys are refused: one that we do not know may change what the network computes.
 *
 * @throws ConfigError naming every key that does not fit
 */
export const bertConfig = (json: unknown, where = 'config.json'): BertConfig => {
  const c = parseConfig(json, {
    where,
    what: 'a BERT encoder',
    types: ['bert'],
    typeOptional: true,
    ignored,
    schema,
    see: 'src/models/bert.ts',
  });
  return {
    vocab: c.vocab_size,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    ffn: c.intermediate_size,
    activation: c.hidden_act,
    positions: c.max_position_embeddings,
    types: c.type_vocab_size,
    epsilon: c.layer_norm_eps,
  };
};

export interface BertOptions {
  /** Training only: drops after the embeddings and before every residual sum; `attention` also drops attention weights. */
  readonly dropout?: Dropout & { readonly attention?: boolean };
  /** How the word table is stored; a float16 table is looked up as it is, half the memory. */
  readonly wordDtype?: 'float32' | 'float16';
}

/**
 * The encoder of BERT (arXiv:1810.04805), norms after the residual sums. Every token is of type 0.
 *
 * @param inputs.ids   [batch, seq] int64
 * @param inputs.mask  [batch, seq] bool: true where there is a token, false where padding
 * @returns            `embeddings`, what enters the first block, and `hidden`, the last residual stream, both [batch, seq, hidden] float32. Rows of padding hold no meaning.
 * @throws ShapeError where seq is a number above the table of positions; where it is a symbol, the caller holds it within `config.positions`
 */
export const bert = (
  config: BertConfig,
  { ids, mask }: { ids: Node; mask: Node },
  { dropout, wordDtype = 'float32' }: BertOptions = {},
): { hidden: Node; embeddings: Node; parameters: readonly Node[] } => {
  const { hidden, epsilon, heads, ffn, activation } = config;
  const seq = ids.shape[1]!;
  if (typeof seq === 'number' && seq > config.positions)
    throw new ShapeError(`bert: expected at most ${config.positions} tokens, got ${seq}; read the text in windows`);
  const words = embedding('embed.word', ids, { rows: config.vocab, width: hidden, dtype: wordDtype });
  const place = slice(parameter('embed.position.weight', [config.positions, hidden]), 0, 0, seq);
  const type = slice(parameter('embed.type.weight', [config.types, hidden]), 0, 0, 1);
  const embeddings = named('embed', drop('embed', norm('embed.norm', add(words, add(place, type)), { epsilon }), dropout));
  const bias = paddingBias(mask);
  let stream = embeddings;
  for (let layer = 0; layer < config.layers; layer++) {
    const at = (site: Parameters<typeof blockSite>[1]) => blockSite(layer, site);
    const attended = attention(`blocks.${layer}.attn`, stream, { heads, bias, dropout: dropout?.attention ? dropout : undefined });
    const mid = named(at('resid.mid'), norm(`blocks.${layer}.norm1`, add(stream, drop(at('attn.out'), attended, dropout)), { epsilon }));
    const fed = mlp(`blocks.${layer}.mlp`, mid, { ffn, activation });
    stream = named(at('resid.post'), norm(`blocks.${layer}.norm2`, add(mid, drop(at('mlp.down'), fed, dropout)), { epsilon }));
  }
  return { hidden: stream, embeddings, parameters: inOrder([stream]).filter(isParameter) };
};

/** Our parameter name → names under which a Hugging Face file may hold it, the likelier first. Pooler and heads are not read. */
export const bertWeightNames = (config: BertConfig): ReadonlyMap<string, readonly string[]> => {
  const names = new Map<string, readonly string[]>();
  const put = (ours: string, theirs: string) => {
    const old = theirs.endsWith('LayerNorm') ? { weight: 'gamma', bias: 'beta' } : undefined; // as files from before 2019 spell it
    for (const part of ['weight', 'bias'] as const)
      names.set(
        `${ours}.${part}`,
        [part, ...(old ? [old[part]] : [])].flatMap((spelt) => [`${theirs}.${spelt}`, `bert.${theirs}.${spelt}`]),
      );
  };
  const table = (ours: string, theirs: string) => names.set(`${ours}.weight`, [`embeddings.${theirs}.weight`, `bert.embeddings.${theirs}.weight`]);
  table('embed.word', 'word_embeddings');
  table('embed.position', 'position_embeddings');
  table('embed.type', 'token_type_embeddings');
  put('embed.norm', 'embeddings.LayerNorm');
  for (let layer = 0; layer < config.layers; layer++) {
    const [ours, theirs] = [`blocks.${layer}`, `encoder.layer.${layer}`];
    put(`${ours}.attn.q`, `${theirs}.attention.self.query`);
    put(`${ours}.attn.k`, `${theirs}.attention.self.key`);
    put(`${ours}.attn.v`, `${theirs}.attention.self.value`);
    put(`${ours}.attn.out`, `${theirs}.attention.output.dense`);
    put(`${ours}.norm1`, `${theirs}.attention.output.LayerNorm`);
    put(`${ours}.mlp.up`, `${theirs}.intermediate.dense`);
    put(`${ours}.mlp.down`, `${theirs}.output.dense`);
    put(`${ours}.norm2`, `${theirs}.output.LayerNorm`);
  }
  return names;
};
