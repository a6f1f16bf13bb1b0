import { visible } from '../chat/tokens.ts';
import type { InspectPatched } from '../state/types.ts';
import { percent } from '../state/words.ts';

type Likely = InspectPatched['sourceTop'][number];
export type Role = 'target' | 'moved' | 'source';

/** The probability of one token over the layers. */
export interface Curve {
  readonly role: Role;
  readonly id: number;
  readonly token: string;
  /** Null where the token is not among those that were told. */
  readonly points: readonly { readonly layer: number; readonly probability: number | null }[];
}

export const roleWords: Readonly<Record<Role, string>> = { target: 'target’s answer', moved: 'in between', source: 'source’s answer' };
export const hues: Readonly<Record<Role, number>> = { target: 1, moved: 2, source: 3 };

/** The likeliest answer that is neither prompt's own, of all that are the best at some layer, and where it is the likeliest. */
export function movedOf({ sourceTop, targetTop, layers }: InspectPatched): (Likely & { readonly layer: number }) | null {
  const own = new Set([sourceTop[0]?.id, targetTop[0]?.id]);
  return layers.reduce<(Likely & { layer: number }) | null>((best, { layer, top: [first] }) => {
    return first && !own.has(first.id) && first.probability > (best?.probability ?? 0) ? { ...first, layer } : best;
  }, null);
}

/** The three tokens worth following; where two are the same token, it is followed once. */
export function curvesOf(patched: InspectPatched): Curve[] {
  const { sourceTop, targetTop, layers } = patched;
  const roles: readonly (readonly [Role, Likely | null | undefined])[] = [
    ['target', targetTop[0]],
    ['moved', movedOf(patched)],
    ['source', sourceTop[0]],
  ];
  const seen = new Set<number>();
  return roles.flatMap(([role, likely]) => {
    if (!likely || seen.has(likely.id)) return [];
    seen.add(likely.id);
    const points = layers.map(({ layer, top }) => ({ layer, probability: top.find(({ id }) => id === likely.id)?.probability ?? null }));
    return [{ role, id: likely.id, token: likely.token, points }];
  });
}

/** A token as a word of a sentence. */
export const wordOf = (token: string): string => token.trim() || visible(token);

/** The layer to show first: where the moved request is answered best, else the one in the middle. */
export const firstLayer = (patched: InspectPatched): number =>
  movedOf(patched)?.layer ?? patched.layers[Math.floor((patched.layers.length - 1) / 2)]?.layer ?? 1;

/** What the picture shows, in a sentence. */
export function finding(patched: InspectPatched): string {
  const { sourceTop, targetTop, layers } = patched;
  const [source, target] = [sourceTop[0], targetTop[0]];
  if (!source || !target) return 'Nothing was answered';
  if (source.id === target.id) return `Both prompts are answered “${wordOf(source.token)}”: choose two that differ`;
  const lastOther = layers.findLastIndex(({ top: [first] }) => first?.id !== source.id);
  const handed = layers[lastOther + 1]?.layer;
  const end = handed === undefined ? '' : `; from block ${handed} on “${wordOf(source.token)}”`;
  const moved = movedOf(patched);
  if (moved) return `In between it answers “${wordOf(moved.token)}”: ${percent(moved.probability)} after block ${moved.layer}${end}`;
  return `No third answer in between${end}`;
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A line a layer: the probabilities of the tokens followed, empty where a token is not among those told. */
export function pairCsv(patched: InspectPatched): string {
  const curves = curvesOf(patched);
  const rows = patched.layers.map(({ layer }, i) => [layer, ...curves.map(({ points }) => points[i]!.probability?.toPrecision(4) ?? '')].join(','));
  return [['layer', ...curves.map(({ role, token }) => cell(`${roleWords[role]}: ${token}`))].join(','), ...rows, ''].join('\n');
}

const mostEncoded = 4000; // of an address, of which servers take 16 kB

/** Why a prompt cannot be asked about; null where it can. */
export function promptTrouble(...prompts: readonly string[]): string | null {
  if (prompts.some((text) => text === '')) return 'empty';
  return prompts.some((text) => new URLSearchParams({ text }).toString().length > mostEncoded)
    ? 'The page keeps prompts in its address, and this one is too long for that. `lyceum inspect` in a terminal takes longer ones.'
    : null;
}
