import type { InspectAttributed } from '../state/types.ts';

export type Component = InspectAttributed['components'][number];
/** What is told of a component: what it adds to the difference of two logits, or what the difference loses where it puts out something else. */
export type Measure = 'logit' | 'effect';

/** What a block's components come to. */
export interface AttributedBlock {
  readonly layer: number;
  readonly heads: readonly number[];
  /** Its heads together, with what its attention adds at every token alike. */
  readonly attention: number;
  readonly mlp: number;
}

export const amountOf = (component: Component, by: Measure): number => component[by] ?? 0;

export function blocksOf({ components }: InspectAttributed, by: Measure): AttributedBlock[] {
  const blocks: { layer: number; heads: number[]; attention: number; mlp: number }[] = [];
  for (const component of components) {
    const { layer, kind } = component;
    if (layer === null) continue;
    blocks[layer] ??= { layer, heads: [], attention: 0, mlp: 0 };
    const value = amountOf(component, by);
    if (kind === 'mlp') blocks[layer].mlp += value;
    else blocks[layer].attention += value;
    if (kind === 'head') blocks[layer].heads.push(value);
  }
  return blocks;
}

/** With the most to say first, for or against. */
export const strongest = ({ components }: InspectAttributed, by: Measure, count: number): Component[] =>
  [...components].sort((a, b) => Math.abs(amountOf(b, by)) - Math.abs(amountOf(a, by))).slice(0, count);

/** The component of that name, else the strongest. */
export const componentOf = (read: InspectAttributed, name: string, by: Measure): Component | null =>
  read.components.find((component) => component.name === name) ?? strongest(read, by, 1)[0] ?? null;

export const componentWords = ({ kind, layer, name }: Component): string =>
  ({
    embed: 'Embedding',
    head: `Head ${name}`,
    bias: `What the attention of block ${layer} adds to every token`,
    mlp: `Feed-forward part ${layer}`,
    final: 'Last norm',
  })[kind];

/** With its sign, two digits after the point. */
export const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;

/** What the picture shows, in a sentence. */
export function attributionFinding(read: InspectAttributed, by: Measure, word: (token: string) => string): string {
  const { answer, against, difference } = read;
  const [own, other] = [`“${word(answer.token)}”`, `“${word(against.token)}”`];
  const ahead = difference >= 0 ? `${own} is ${difference.toFixed(2)} ahead of ${other}` : `${own} is ${Math.abs(difference).toFixed(2)} behind ${other}`;
  const most = read.components.reduce<Component | null>((best, one) => (best && amountOf(best, by) >= amountOf(one, by) ? best : one), null);
  if (!most || amountOf(most, by) <= 0) return `${ahead}; nothing speaks for it`;
  const what = most.kind === 'head' ? `head ${most.name}` : most.kind === 'mlp' ? `feed-forward part ${most.layer}` : componentWords(most).toLowerCase();
  const through = by === 'effect' && read.to != null ? `, as ${partWords(read.to)} reads it` : '';
  return `${ahead}; ${by === 'logit' ? 'most is added by' : 'most hangs on'} ${what}${through}: ${signed(amountOf(most, by))}`;
}

/** A component as `AttributedComponent.name` has it. */
const partWords = (name: string): string => (/^\d/.test(name) ? `head ${name}` : name.replace('mlp', 'feed-forward part'));

/** A line a component, in the order of the model. */
export const attributionCsv = ({ components }: InspectAttributed): string =>
  ['component,kind,layer,head,direct,effect', ...components.map(({ name, kind, layer, head, logit, effect }) => [name, kind, layer ?? '', head ?? '', logit, effect ?? ''].join(',')), ''].join('\n'); // biome-ignore format: one list

const mostBaselines = 20;

/** Prompts of a box, one a line. */
export const promptsOf = (text: string): string[] => text.split('\n').filter((line) => line.trim() !== '');

/** Why these prompts cannot take a prompt's place; null where they can. */
export const baselineTrouble = (text: string): string | null =>
  promptsOf(text).length > mostBaselines
    ? `At most ${mostBaselines} prompts are taken, one a line. \`lyceum inspect attribute\` in a terminal takes more.`
    : null;

/** Why this cannot be what alone reads the replaced; null where it can. Whether a model has it is the model's to say. */
export const receiverTrouble = (receiver: string, baseline: string): string | null => {
  const name = receiver.trim();
  if (name === '') return null;
  if (!/^(\d+\.\d+|mlp ?\d+)$/.test(name)) return 'The reader is a head, such as 23.0, or a feed-forward part, such as mlp 12; layers and heads count from 0.';
  return promptsOf(baseline).length === 0 ? 'Beside a reader, write prompts that replace the text.' : null;
};
