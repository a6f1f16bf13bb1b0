import { ConfigError } from '../../core/index.ts';
import {
  attributeLogits,
  type Component,
  checkEnd,
  componentName,
  componentNamed,
  directEffects,
  encodePrompt,
  openPaths,
  openReader,
  type Parts,
  readLast,
  sendersTo,
} from '../../inspect/index.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

export interface AttributedComponent {
  /** `embed`, `LAYER.HEAD`, `mlp LAYER`, `bias LAYER`, `final`; layers and heads from 0. */
  readonly name: string;
  readonly kind: Component['kind'];
  readonly layer: number | null;
  readonly head: number | null;
  /** What it adds to the difference of the two logits, the last norm's scale frozen. */
  readonly logit: number;
  /** How much of the difference is lost where its output is that of baseline prompts, mean over these; null without any, and for what is not replaced. With a receiver: where only that reads the replaced output. */
  readonly effect: number | null;
}

export interface AttributionOf {
  readonly tokens: readonly string[];
  readonly answer: { readonly id: number; readonly token: string };
  readonly against: { readonly id: number; readonly token: string };
  /** Logit of the answer less that of the other. */
  readonly difference: number;
  /** Mean of the same in the residual streams of the baseline prompts; null without any. */
  readonly baseline: number | null;
  /** The component that alone reads what is replaced; null where it is the last norm. */
  readonly to: string | null;
  /** In the order of the model; their `logit` sum to `difference`. */
  readonly components: readonly AttributedComponent[];
}

export interface AttributionOfOptions {
  /** What comes next, by its first token. Default: what the model says. */
  readonly answer?: string | undefined;
  /** What it is compared with. Default: the likeliest other token. */
  readonly against?: string | undefined;
  /** Prompts whose components' outputs are put in the place of this one's, at the last token. Default: none. */
  readonly baseline?: readonly string[] | undefined;
  /** The component that alone reads what is replaced, by its name: effects are then those of paths to it, at all places, and baseline prompts have as many tokens as the prompt. Default: the last norm, at the last token. */
  readonly to?: string | undefined;
  /** Only these are replaced, of those that `to` can read. Default: all. */
  readonly from?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Paths tried, of how many. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Whether texts get what the model's tokenizer adds. Default true. */
  readonly special?: boolean | undefined;
}

/**
 * Which components of a model speak for its answer: what each adds to the difference of two logits, and with baseline prompts how much of the difference hangs on it directly.
 *
 * @throws ConfigError for a prompt without tokens or too long a one, answers that begin with no token of their own, two that begin with the same, and a receiver that there is not, without baseline prompts, or with some of other lengths
 */
export const attributionOf = async (
  model: InspectedLanguageModel,
  prompt: string,
  { answer, against, baseline = [], to, from, special = true, signal, onProgress }: AttributionOfOptions = {},
): Promise<AttributionOf> => {
  const { tokenizer, blocks } = model;
  const parts = await model.parts();
  const receiver = to === undefined ? undefined : receiverOf(parts, to, baseline.length);
  if (from && !receiver) throw new ConfigError('inspect attribute: expected a receiver beside the senders, got none; name it with --to');
  const senders = receiver ? sendersOf(parts, receiver, from) : [];
  const reader = openReader({ encode: (text) => tokenizer.encode(text, { special }) });
  const ids = reader.ids(prompt);
  const [first, second] = [answer, against].map((text) => (text === undefined ? undefined : reader.requireFirst('inspect attribute', prompt, text)));
  const likeliest = async (): Promise<number[]> => {
    const { best } = await blocks.score((await encodePrompt(blocks, ids)).last.at(-1)!, [[]], 3);
    return best[0]!.map(({ id }) => id);
  };
  if (ids.length === 0) throw new ConfigError('inspect attribute: expected a prompt of at least one token, got an empty text; write one');
  const said = first === undefined || second === undefined ? await likeliest() : [];
  const own = first ?? said.find((id) => id !== second)!;
  const other = second ?? said.find((id) => id !== own)!;
  if (own === other) throw new ConfigError(`inspect attribute: expected two answers that begin with different tokens, got ${JSON.stringify(tokenizer.decode([own]))} twice; name another`); // biome-ignore format: one message
  const { run, components, logits } = await attributeLogits(parts, ids, [own, other]);
  const directions = await parts.directions([own, other]);
  const difference = (pair: readonly number[]): number => pair[0]! - pair[1]!;
  const effects = new Map<string, number>();
  let streams = 0;
  const lost = (component: Component, amount: number): void => {
    const name = componentName(component);
    effects.set(name, (effects.get(name) ?? 0) + amount / baseline.length);
  };
  for (const [i, text] of baseline.entries()) {
    const their = reader.ids(text);
    if (their.length === 0) throw new ConfigError('inspect attribute: expected baseline prompts of at least one token, got an empty text; leave it out');
    if (receiver) {
      const paths = await openPaths(parts, ids, their);
      streams += difference((await paths.logits([own, other])).other) / baseline.length;
      for (const [at, sender] of senders.entries()) {
        signal?.throwIfAborted();
        onProgress?.(i * senders.length + at, baseline.length * senders.length);
        const { plain, patched } = await paths.patch({ sender, receiver }, [own, other]);
        lost(sender, difference(plain) - difference(patched));
      }
      continue;
    }
    const found = await directEffects(parts, run, await readLast(parts, await encodePrompt(blocks, their)), directions);
    streams += difference(found.otherLogits) / baseline.length;
    for (const { component, logits: replaced } of found.components) lost(component, difference(found.logits) - difference(replaced));
  }
  const shown = (id: number) => ({ id, token: tokenizer.decode([id]) });
  return {
    tokens: ids.map((id) => tokenizer.decode([id])),
    answer: shown(own),
    against: shown(other),
    difference: difference(logits),
    baseline: baseline.length > 0 ? streams : null,
    to: receiver ? componentName(receiver) : null,
    components: components.map(({ component, logits: pair }) => {
      const name = componentName(component);
      return {
        name,
        kind: component.kind,
        layer: 'layer' in component ? component.layer : null,
        head: component.kind === 'head' ? component.head : null,
        logit: difference(pair),
        effect: effects.get(name) ?? null,
      };
    }),
  };
};

const where = 'inspect attribute';

const receiverOf = (parts: Parts, name: string, baselines: number): Component => {
  const receiver = componentNamed(name, where);
  checkEnd(parts, receiver, 'receiver');
  if (baselines === 0)
    throw new ConfigError(`${where}: expected prompts beside a receiver, whose components replace this one's, got none; give --source or --baseline`);
  return receiver;
};

/** @throws ConfigError for what the receiver does not read */
const sendersOf = (parts: Parts, receiver: Component, names: readonly string[] | undefined): Component[] => {
  const all = sendersTo(parts, receiver);
  if (!names) return all;
  const wanted = new Set(names.map((name) => componentName(componentNamed(name, where))));
  const strange = [...wanted].find((name) => !all.some((sender) => componentName(sender) === name));
  if (strange !== undefined)
    throw new ConfigError(`${where}: expected senders that ${componentName(receiver)} reads, heads and feed-forward parts before it or embed, got ${strange}`);
  return all.filter((sender) => wanted.has(componentName(sender)));
};
