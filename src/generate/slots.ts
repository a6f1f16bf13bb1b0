import type { CacheShape } from '../nn/index.ts';
import { createKeyValueCache, type KeyValueCache } from './key-value-cache.ts';

// Sums of attention depend in their last bits on where a step begins, and int8 makes more of that: what a prompt finds in the cache is what it would have computed itself, bit for bit. The step for long prompts
// sums over the cache and the new tokens in one, so it may begin anywhere; the plain one begins at multiples of `plainTokens`.
/** Tokens of a prompt in one plain step. */
export const plainTokens = 128;
const leastLong = 16; // tokens in a step for long prompts: attention is computed in four parts
const leastShared = 16; // tokens that are worth copying
const mostPrepared = 64e6; // bytes of a slot that are taken before they are needed

interface Held {
  readonly tokens: number[];
  /** So many of the first were read as parts of a prompt, and nothing was put at them; those after them are of no use to another prompt. */
  read: number;
  /** Whether by the step made for long prompts. */
  readonly long: boolean;
  /** The how-manieth prompt it is: the higher, the later. */
  readonly turn: number;
}

/** The texts of a cache's slots, and what of them serves another prompt. */
export interface Slots {
  readonly cache: KeyValueCache;
  /**
   * Makes slot `at` ready for a prompt, with as much of it as any slot holds. What gives way is an idle text, of those from `at` on: the one that the prompt goes on from, else one that no prompt can go on
   * from, else none where there is room, else the one that was asked longest ago.
   *
   * @param long  whether the prompt is read by the step made for long ones
   * @returns     how many tokens it holds
   */
  place(at: number, prompt: readonly number[], long: boolean): number;
  /** While nothing is at work: takes memory for the next text, where each idle one would be missed. The first pages of a slot take as long as a twentieth of its prompt. */
  prepare(): void;
  /** Notes tokens whose keys and values were appended. */
  append(slot: number, tokens: readonly number[]): void;
  /** Notes that the first `count` tokens are those of a prompt as it was read. */
  markRead(slot: number, count: number): void;
  /** Forgets all but the first tokens of a slot. */
  keep(slot: number, count: number): void;
  swap(a: number, b: number): void;
}

/** @param most  slots at most */
export const createSlots = (shape: CacheShape, most: number): Slots => {
  const cache = createKeyValueCache(shape, most);
  const held: Held[] = [];
  let turn = 0;
  const swap = (a: number, b: number): void => {
    if (a === b) return;
    cache.swap(a, b);
    [held[a], held[b]] = [held[b]!, held[a]!];
  };
  /** Of the slots from `first` on, rather not `but`, the one that is missed least, and a new one where each would be missed and there is room. */
  const givingWay = (first: number, but: number): number => {
    const idle = held.flatMap((own, slot) => (slot >= first && slot !== but ? [{ ...own, slot }] : []));
    const useless = idle.find((own) => usable(own) === 0);
    if (useless) return useless.slot;
    if (held.length < most) return held.length;
    return idle.length === 0 ? but : idle.reduce((eldest, own) => (own.turn < eldest.turn ? own : eldest)).slot;
  };
  return {
    cache,
    swap,
    place(at, prompt, long) {
      const alike = held.map((own) => (own.long === long ? commonPrefix(own.tokens, prompt, own.read) : 0));
      const shared = alike.map((count) => {
        const own = Math.max(0, Math.min(count, prompt.length - (long ? leastLong : 1)));
        return long ? own : own - (own % plainTokens);
      });
      const best = shared.reduce((found, count, slot) => (count > Math.max(leastShared - 1, shared[found] ?? 0) ? slot : found), -1);
      const goesOn = best >= at && alike[best]! >= usable(held[best]!);
      const idle = goesOn ? best : givingWay(at, best);
      if (idle === held.length) held.push({ tokens: [], read: 0, long, turn });
      cache.reserve(held.length, cache.capacity);
      if (idle !== best) cache.truncate(idle, 0); // so that less is moved
      swap(idle, at);
      const from = best === at ? idle : best === idle ? at : best;
      if (from !== at && from >= 0) cache.copy(from, at);
      const count = shared[best] ?? 0;
      held[at] = { tokens: prompt.slice(0, count), read: count, long, turn: ++turn };
      cache.truncate(at, count);
      return count;
    },
    prepare() {
      const next = givingWay(0, -1);
      if (next < held.length || held.length === 0 || cache.bytes / cache.slots > mostPrepared) return;
      held.push({ tokens: [], read: 0, long: false, turn });
      cache.reserve(held.length, cache.capacity);
      cache.touch(next);
    },
    append: (slot, tokens) => void held[slot]!.tokens.push(...tokens),
    markRead(slot, count) {
      held[slot]!.read = count;
    },
    keep(slot, count) {
      const own = held[slot]!;
      own.tokens.length = count;
      own.read = Math.min(own.read, count);
      cache.truncate(slot, count);
    },
  };
};

/** Tokens of it that another prompt can go on from. */
const usable = ({ read, long }: Held): number => (long ? read : read - (read % plainTokens));

const commonPrefix = (a: readonly number[], b: readonly number[], most: number): number => {
  let count = 0;
  while (count < Math.min(a.length, most) && a[count] === b[count]) count++;
  return count;
};
