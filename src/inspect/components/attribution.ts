import { encodePrompt } from '../encode-prompt.ts';
import { type Component, headsAndMlps } from './component.ts';
import type { Parts } from './parts.ts';
import { type LastRun, readLast } from './read-last.ts';
import { headsReplaced, joinRows, minus, plus, products, rowAt } from './rows.ts';
import { checkText } from './through-blocks.ts';

export interface Attribution {
  readonly component: Component;
  /** What it adds to the logit of each token asked for. */
  readonly logits: readonly number[];
}

export interface Attributed {
  readonly run: LastRun;
  /** In the order of the model. Their logits sum to those of the model. */
  readonly components: readonly Attribution[];
  /** The model's logits of the tokens asked for. */
  readonly logits: readonly number[];
}

/**
 * Direct logit attribution: what each component writes into the residual stream at the last token, put through the last norm and the head as if nothing came after it. The norm divides each by what it divides the sum by (its
 * scale is frozen, and so is that of a norm behind attention, as Gemma has), so that the parts sum to the logits but for rounding.
 *
 * @param ids     tokens of a text
 * @param tokens  whose logits are asked for
 * @throws ConfigError for a text without tokens, or one that is too long
 * Source: N. Elhage et al., "A mathematical framework for transformer circuits", 2021; a head's output as z W_O without bias, the biases told apart.
 */
export const attributeLogits = async (parts: Parts, ids: readonly number[], tokens: readonly number[]): Promise<Attributed> => {
  checkText('attribute', parts, ids);
  const { layers, heads, headDim, hidden } = parts.config;
  const run = await readLast(parts, await encodePrompt(parts.blocks, ids));
  const nothing = new Float32Array(heads * headDim);
  const added: { component: Component; output: Float32Array }[] = [{ component: { kind: 'embed' }, output: run.streams[0]! }];
  for (let layer = 0; layer < layers; layer++) {
    const shares = await parts.shares(layer, headsReplaced(nothing, run.z[layer]!, heads), run.z[layer]!);
    const bias = rowAt(shares, hidden, heads);
    for (let head = 0; head < heads; head++) added.push({ component: { kind: 'head', layer, head }, output: minus(rowAt(shares, hidden, head), bias) });
    if (bias.some((value) => value !== 0)) added.push({ component: { kind: 'bias', layer }, output: bias });
    added.push({ component: { kind: 'mlp', layer }, output: run.mlp[layer]! });
  }
  const whole = run.streams[layers]!;
  const outputs = await parts.finalShares(joinRows([...added.map(({ output }) => output), whole]), whole);
  const directions = await parts.directions(tokens);
  const shares = products(outputs, directions, hidden);
  const logits = products(await parts.final(whole), directions, hidden)[0]!;
  const rest = logits.map((logit, i) => logit - shares.at(-1)![i]!);
  const components = added.map(({ component }, i): Attribution => ({ component, logits: shares[i]! }));
  // A norm without bias leaves nothing but rounding.
  if ((await parts.final(new Float32Array(2 * hidden))).some((value) => value !== 0)) components.push({ component: { kind: 'final' }, logits: rest });
  return { run, components, logits };
};

/**
 * What the last token's residual stream would hold in the place of a component's output if that were another text's: the other's less its own, [hidden] each, heads and feed-forward parts in the order of `headsAndMlps`. A head
 * is replaced before the output linear, so that a norm after attention is computed anew.
 */
export const componentDifferences = async (parts: Parts, run: LastRun, other: LastRun): Promise<{ component: Component; difference: Float32Array }[]> => {
  const { layers, heads, hidden } = parts.config;
  const differences: Float32Array[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const rows = await parts.added(layer, headsReplaced(run.z[layer]!, other.z[layer]!, heads));
    const own = rowAt(rows, hidden, heads);
    for (let head = 0; head < heads; head++) differences.push(minus(rowAt(rows, hidden, head), own));
    differences.push(minus(other.mlp[layer]!, run.mlp[layer]!));
  }
  return headsAndMlps(parts.config).map((component, i) => ({ component, difference: differences[i]! }));
};

export interface DirectEffects {
  /** Logits of the tokens asked for, as the model gives them. */
  readonly logits: readonly number[];
  /** The same of the residual stream of the other text. */
  readonly otherLogits: readonly number[];
  /** The same with one component's output at the last token replaced by the other text's, everything after it as it was, the last norm computed anew. */
  readonly components: readonly Attribution[];
}

/**
 * Path patching to the logits: r' = r − out(text) + out(other text), logits = head(norm(r')).
 *
 * @param directions  from `Parts.directions`
 * Source: A. Variengien and E. Winsor, arXiv:2312.10091, case study.
 */
export const directEffects = async (parts: Parts, run: LastRun, other: LastRun, directions: Float32Array): Promise<DirectEffects> => {
  const { layers, hidden } = parts.config;
  const whole = run.streams[layers]!;
  const differences = await componentDifferences(parts, run, other);
  const streams = joinRows([whole, other.streams[layers]!, ...differences.map(({ difference }) => plus(whole, difference))]);
  const [logits, otherLogits, ...patched] = products(await parts.final(streams), directions, hidden);
  return { logits: logits!, otherLogits: otherLogits!, components: differences.map(({ component }, i) => ({ component, logits: patched[i]! })) };
};
