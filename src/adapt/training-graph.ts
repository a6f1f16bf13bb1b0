import {
  type Axis,
  add,
  ConfigError,
  edit,
  gather,
  inOrder,
  input,
  isInput,
  isParameter,
  mul,
  type Node,
  named,
  nameOf,
  parameter,
  reshape,
  scaleAxis,
  sizeOf,
} from '../core/index.ts';
import { causalInputs, dense, linear, recompute } from '../nn/index.ts';
import type { Binding } from '../runtime/index.ts';
import type { Objective } from '../train/index.ts';
import type { BaseModel, FrozenWeights, HeldProgram } from './base-model.ts';
import type { Method } from './method.ts';
import {
  type BalanceOptions,
  balanceLoss,
  type DpoOptions,
  dpo,
  ewcPenalty,
  klToTop,
  labelInputs,
  labelLoss,
  pairLogProbs,
  partInput,
  preferenceInputs,
  pullBindings,
} from './objectives/index.ts';

/** How many parts labels are computed in, and queries of a row: rows are as long as a multiple. */
const [labelChunks, attentionParts] = [8, 2];

/** Axes of a step over so many rows of so many tokens: what the order of computation is planned for. */
export const stepLengths = (rows: number, length: number): Readonly<Record<string, number>> => ({
  batch: rows,
  seqPart: Math.ceil(length / attentionParts),
  part: Math.ceil((rows * length) / labelChunks),
  samples: 4 * rows,
  kept: 32 * rows,
  pairs: 2 * rows,
  instances: 4 * rows,
  words: length,
});

export interface TrainingGraphOptions {
  readonly method: Method;
  readonly weights: FrozenWeights;
  /** Of a mixture: its strength β and what `balanceLoss` takes. Without it experts go where the labels draw them. */
  readonly balance?: BalanceOptions & { readonly strength: number };
  /** How parameters are held to where they began: see `ewcPenalty`. */
  readonly ewc?: { readonly strength: number; readonly anchors: ReadonlyMap<string, Float32Array>; readonly fisher: ReadonlyMap<string, Float32Array> };
  /** What the model said of texts is kept, by the `count` likeliest tokens: see `klToTop` and `withKept`. */
  readonly kept?: { readonly strength: number; readonly count: number };
  /** Blocks whose activations the backward pass computes again. Default none. */
  readonly recomputed?: readonly number[];
  /** Pairs of answers are learnt from besides labels, the better one to be likelier. */
  readonly preferences?: DpoOptions;
  /** Nothing is dropped: for judging. Default false. */
  readonly still?: boolean;
  /** What is judged has no gradient: cheaper. Default false. */
  readonly forwardOnly?: boolean;
  /** Parts of the labels whose logits are never alive together. Default 8. */
  readonly chunks?: number;
}

export interface TrainingGraph {
  readonly objective: Objective;
  /** What is trained. */
  readonly parameters: readonly Node[];
  /** Everything else. */
  readonly frozen: ReadonlyMap<string, Binding>;
  /** Shares of experts by site, [batch, seq, experts]: nodes of the same graph as the loss. */
  readonly shares: ReadonlyMap<string, Node>;
  /** [rows, hidden]: what the head reads of the rows, and the head. */
  readonly read: Node;
  readonly logits: (read: Node) => Node;
  /** With preferences, [pairs, 2]: log-probabilities of both answers. */
  readonly policy?: Node;
}

/**
 * The graph of a training step: packed texts in, what their labels cost out. Inputs: `ids`, `positions`, `segments` [batch, seq] int64; `rows` [labels] int64, the places of the flattened batch whose next token is a label, with `labels` and
 * `weights`; with `balance` also `membership` [samples, batch, seq] and `kinds` [samples]; with `balance` or `ewc` `micro`, the share of this part of a step; with `preferences` those of `preferenceInputs`; with `kept` `keptRows`, `keptWeights` [kept] and `keptTokens`,
 * `keptLogProbs` [kept, count]; of a method that makes tokens of what is asked `asked` [instances, words] int64; `key` [1] uint32.
 *
 * Metrics: `right`, labels that are the likeliest token; with `preferences` `accuracy`, the share of pairs whose better answer gained, and `margin`; with `balance`, `ewc` and `kept` also these, before their strengths.
 *
 * @throws ConfigError where a balance is asked of a method without experts, or weights are to be trained that are held rounded
 */
export const trainingGraph = async (
  base: BaseModel,
  { method, weights, balance, ewc, kept, preferences, recomputed = [], still = false, forwardOnly = false, chunks = labelChunks }: TrainingGraphOptions,
): Promise<TrainingGraph> => {
  const { config, build } = base.source.member;
  const inputs = causalInputs(config, { seq: scaleAxis('seqPart', attentionParts), mask: false, segments: true, parts: attentionParts });
  const { hidden } = build(inputs);
  const adapted = method.apply([hidden], still ? {} : { key: input('key', [1], 'uint32') });
  const trained = new Set(adapted.parameters.map(nameOf));
  if (balance && adapted.shares.size === 0)
    throw new ConfigError(`adapt: expected a method with experts to balance, got ${method.kind}; leave the balance out`);
  const outputs = { hidden: adapted.roots[0]!, ...Object.fromEntries([...adapted.shares].map(([site, node]) => [`shares:${site}`, node])) };
  const body = base.hold({ name: `${base.name}/${method.kind}`, outputs }, weights, trained);
  const there = new Set(inOrder(Object.values(body.program.outputs)).filter(isParameter).map(nameOf));
  const gone = [...trained].find((name) => !there.has(name) && name.startsWith('blocks.'));
  if (gone !== undefined)
    throw new ConfigError(`adapt: expected frozen weights as floats where ${method.kind} trains them, got ${weights}, in which ${gone} is rounded; take f32`);
  const names = Object.keys(body.program.outputs);
  const values = Object.values(body.program.outputs);
  const roots = forwardOnly ? values : recompute(values, { blocks: recomputed, light: true });
  const words = inOrder([roots[0]!]).find((node) => isParameter(node) && nameOf(node) === 'embed.word.weight');
  const head = headOf(base, weights, trained, words);
  const shares = new Map(names.flatMap((name, i) => (name.startsWith('shares:') ? [[name.slice('shares:'.length), roots[i]!] as const] : [])));
  const { rows, labels, weights: counts } = labelInputs(chunks);
  const flat = reshape(roots[0]!, [sizeOf(inputs.ids.shape), config.hidden]);
  const read = gather(flat, rows);
  const { loss: ofLabels, right, costs } = labelLoss({ hidden: read, labels, weights: counts }, { head: head.logits, chunks, forwardOnly });
  const ofPairs = preferences && pairsIn(costs, chunks, preferences);
  const loss = ofPairs ? add(ofLabels, ofPairs.loss) : ofLabels;
  const micro = partInput();
  const besides: Record<string, { readonly value: Node; readonly strength: number }> = {};
  if (balance) {
    const { strength, ...options } = balance;
    const membership = input('membership', ['samples', ...inputs.ids.shape]);
    const uneven = balanceLoss({ shares: [...shares.values()], membership, kinds: input('kinds', ['samples'], 'int64') }, options);
    besides['balance'] = { value: mul(uneven, micro), strength };
  }
  if (ewc) besides['ewc'] = { value: ewcPenalty(adapted.parameters, { strength: 1, share: micro }), strength: ewc.strength };
  if (kept) {
    const own = { hidden: gather(flat, input('keptRows', ['kept'], 'int64')), weights: input('keptWeights', ['kept']) };
    const said = { tokens: input('keptTokens', ['kept', kept.count], 'int64'), logProbs: input('keptLogProbs', ['kept', kept.count]) };
    besides['kept'] = { value: klToTop({ ...own, ...said }, { head: head.logits }), strength: kept.strength };
  }
  const pulled = ewc ? pullBindings(adapted.parameters, ewc.anchors, ewc.fisher) : [];
  return {
    parameters: adapted.parameters,
    frozen: new Map([...(await body.bindings()), ...(await head.bindings()), ...pulled]),
    shares,
    read,
    logits: head.logits,
    ...(ofPairs && { policy: ofPairs.policy }),
    objective: {
      loss: Object.values(besides).reduce((sum, { value, strength }) => add(sum, mul(value, strength)), loss),
      metrics: { right, ...ofPairs?.metrics, ...Object.fromEntries(Object.entries(besides).map(([name, { value }]) => [name, value])) },
    },
  };
};

/** What pairs cost: [pairs, 2] and the scalars of `dpo`. */
const pairsIn = (costs: Node, chunks: number, options: DpoOptions) => {
  const { sampleOf, reference, pairWeights } = preferenceInputs(chunks);
  const policy = pairLogProbs(costs, sampleOf);
  const { loss, metrics } = dpo({ policy, reference, weights: pairWeights }, options);
  return { policy, loss, metrics: { accuracy: metrics.accuracy, margin: metrics.margin } };
};

/** What hidden rows become logits by, over frozen weights: built once for every axis of rows, and put behind each part of them. */
const headOf = (base: BaseModel, weights: FrozenWeights, trained: ReadonlySet<string>, words: Node | undefined) => {
  const { vocab, hidden, tied } = base.source.member.config;
  const table = words ?? parameter('embed.word.weight', [vocab, hidden]);
  const made = new Map<Axis, HeldProgram>();
  const heldOver = (rows: Axis) => {
    const known = made.get(rows);
    if (known) return known;
    const read = input('read', [rows, hidden]);
    const logits = tied ? named('logits', linear(read, table)) : dense('logits', read, vocab, { bias: false });
    const held = base.hold({ name: `${base.name}/head`, outputs: { logits } }, weights, trained);
    made.set(rows, held);
    return held;
  };
  return {
    bindings: () => heldOver('rows').bindings(),
    logits: (x: Node): Node => edit([heldOver(x.shape[0]!).program.outputs['logits']!], (node) => (isInput(node) && nameOf(node) === 'read' ? x : node))[0]!,
  };
};
