import { ConfigError } from '../../core/index.ts';

/** A part of a model that adds to the residual stream: the embedding, a head, a feed-forward part, and what the output linear of attention adds whatever is attended to; `final` is the bias of the last norm. Layers and heads count from 0. */
export type Component =
  | { readonly kind: 'embed' }
  | { readonly kind: 'head'; readonly layer: number; readonly head: number }
  | { readonly kind: 'bias'; readonly layer: number }
  | { readonly kind: 'mlp'; readonly layer: number }
  | { readonly kind: 'final' };

/** `3.5` is head 5 of block 3, `mlp 3` its feed-forward part, `bias 3` the bias of its attention; `embed` and `final`. */
export const componentName = (component: Component): string => {
  if (component.kind === 'embed' || component.kind === 'final') return component.kind;
  return component.kind === 'head' ? `${component.layer}.${component.head}` : `${component.kind} ${component.layer}`;
};

/** The component of that name. @throws ConfigError for what names none; whether a model has it is not asked */
export const componentNamed = (name: string, where: string): Component => {
  const text = name.trim();
  if (text === 'embed' || text === 'final') return { kind: text };
  const [, layer, head] = /^(\d+)\.(\d+)$/.exec(text) ?? [];
  if (layer !== undefined) return { kind: 'head', layer: Number(layer), head: Number(head) };
  const [, kind, block] = /^(mlp|bias) ?(\d+)$/.exec(text) ?? [];
  if (kind !== undefined) return { kind: kind as 'mlp' | 'bias', layer: Number(block) };
  throw new ConfigError(`${where}: expected a component as LAYER.HEAD, "mlp LAYER" or embed, got ${JSON.stringify(name)}; layers and heads count from 0`);
};

/** Heads, then the feed-forward part, block by block: what `directEffects` tells of. */
export const headsAndMlps = ({ layers, heads }: { readonly layers: number; readonly heads: number }): Component[] =>
  Array.from({ length: layers }, (_, layer): Component[] => [
    ...Array.from({ length: heads }, (_, head): Component => ({ kind: 'head', layer, head })),
    { kind: 'mlp', layer },
  ]).flat();
