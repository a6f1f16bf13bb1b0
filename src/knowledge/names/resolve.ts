import type { Mention, Reading } from '../reading.ts';
import { type Definition, findDefinitions, isAcronym, longForm } from './definitions.ts';
import { cleanName, isWordSubsequence, normaliseName } from './normalise.ts';

/** What a mention stands for inside its document. */
export interface ResolvedName {
  /** Normalised name; null for a mention that nothing explains. */
  readonly key: string | null;
  /** The mention's own text. */
  readonly surface: string;
  readonly via: 'own' | 'coreference' | 'definition' | null;
  /** The spelling that stands behind `key` where the mention's own text does not. */
  readonly named: string | null;
}

/** Two names in one cluster whose words do not show that they belong together: grounds for a proposal, not for a merge. */
export interface CoreferencePair {
  readonly from: string;
  readonly to: string;
  /** Indices of the two mentions. */
  readonly fromMention: number;
  readonly toMention: number;
}

/** What one reading says about names: a pure function of the reading. */
export interface ResolvedReading {
  readonly mentions: readonly ResolvedName[];
  readonly definitions: readonly Definition[];
  readonly pairs: readonly CoreferencePair[];
}

/**
 * Gives every mention of a document a name: its own; what its document defines it to be; and by coreference the longest name of its cluster (sciie.md §6.1).
 * A Generic mention takes any cluster's longest name. Deliberate difference to the paper: another mention takes the longest name only when its words or its
 * letters (an acronym) are found there; otherwise the pair is handed on as a proposal, since half of the coreference links of today's readers are wrong.
 */
export function resolveReading(reading: Reading): ResolvedReading {
  const definitions = findDefinitions(reading.text, reading.sentences);
  const defined = new Map<string, Definition>();
  for (const definition of definitions) if (!defined.has(definition.short)) defined.set(definition.short, definition);
  const names: ResolvedName[] = reading.mentions.map((mention) => ownName(mention, reading.text, defined));
  const own = names.slice();
  const pairs: CoreferencePair[] = [];
  const done = new Set<number>();
  for (const cluster of reading.clusters) {
    const candidates = [...new Set(cluster)].filter((index) => own[index]!.key !== null).sort((a, b) => length(own, b) - length(own, a) || a - b);
    const longest = candidates[0];
    if (longest === undefined) continue;
    for (const index of new Set(cluster)) {
      if (done.has(index)) continue;
      done.add(index);
      const mine = own[index]!;
      const target = mine.key === null ? longest : candidates.find((other) => length(own, other) > length(own, index) && related(mine, own[other]!));
      if (target !== undefined && own[target]!.key !== mine.key) {
        const taken = own[target]!;
        names[index] = { key: taken.key, surface: mine.surface, via: 'coreference', named: taken.named ?? taken.surface };
      } else if (mine.key !== null && mine.key !== own[longest]!.key) {
        pairs.push({ from: mine.key, to: own[longest]!.key!, fromMention: index, toMention: longest });
      }
    }
  }
  return { mentions: names, definitions, pairs };
}

function ownName(mention: Mention, text: string, defined: ReadonlyMap<string, Definition>): ResolvedName {
  const written = text.slice(mention.start, mention.end);
  const surface = cleanName(written);
  // "conditional random field (CRF)" as one span is the full name
  const bracket = /^(.*\S)\s*\(\s?([^()\s]{2,12})\s?\)$/s.exec(surface);
  const inside = bracket && longForm(bracket[2]!.replace(/(?<=\p{Lu})s$/u, ''), bracket[1]!) ? bracket[1]! : null;
  const key = normaliseName(inside ?? surface);
  const definition = key === null ? undefined : (defined.get(key) ?? (/\p{Lu}s$/u.test(key) ? defined.get(key.slice(0, -1)) : undefined));
  if (definition) return { key: definition.full, surface, via: 'definition', named: cleanName(definition.fullText) };
  if (key === null || mention.kind === 'Generic') return { key: null, surface, via: null, named: null };
  return { key, surface, via: 'own', named: inside === null ? null : cleanName(inside) };
}

function length(names: readonly ResolvedName[], index: number): number {
  return names[index]!.key!.length;
}

function related(mine: ResolvedName, other: ResolvedName): boolean {
  if (isWordSubsequence(mine.key!, other.key!)) return true;
  return isAcronym(mine.key!) && longForm(mine.key!, other.key!) === other.key;
}
