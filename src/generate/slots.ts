import type { CacheShape } from '../nn/index.ts';
import { createKeyValueCache, type KeyValueCache } from './key-value-cache.ts';

// Sums of attention depend in their last bits on where a step begins, and int8 makes more of that: what a prompt finds in the cache is what it would have computed itself, bit for bit. The step for long prompts
// sums over the cache and the new tokens in one, so it may begin anywhere; the plain one begins at multiples of `plainTokens`.
/** Tokens of a prompt in one plain step. */
export const plainTokens = 128;
const leastLong = 16; // tokens in a step for long prompts: attention is computed in four parts
const leastShared = 16; // tokens that are worth copying from a slot at work

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
   * Makes slot `at` ready for a prompt, with as much of it as any slot holds. What gives way is an idle text, of those from `at` on: the one that the prompt goes on from, else one that no prompt can go on from, else none where there is room, else the one that was asked longest ago.
   *
   * @param long  whether the prompt is read by the step made for long ones
   * @returns     how many tokens it holds
   */
  place(at: number, prompt: readonly number[], long: boolean): number;
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
  /** Of the slots from `first` on the one that is missed least, and a new one where each would be missed and there is room. */
  const givingWay = (first: number): number => {
    const idle = held.slice(first);
    const useless = idle.findIndex(({ read, long }) => read < (long ? 1 : plainTokens));
    if (useless >= 0) return first + useless;
    if (held.length < most) return held.length;
    return first + idle.reduce((eldest, { turn }, i) => (turn < idle[eldest]!.turn ? i : eldest), 0);
  };
  return {
    cache,
    swap,
    place(at, prompt, long) {
      const shared = held.map((own) => {
        if (own.long !== long) return 0;
        const alike = commonPrefix(own.tokens, prompt, Math.min(own.read, prompt.length - (long ? leastLong : 1)));
        return long ? alike : alike - (alike % plainTokens);
      });
      const bestOf = (from: number, to: number): number => {
        let found = from;
        for (let slot = from; slot < to; slot++) if (shared[slot]! > shared[found]!) found = slot;
        return found;
      };
      const known = shared.slice(at).some((count) => count > 0);
      const idle = known ? bestOf(at, held.length) : givingWay(at);
      if (idle === held.length) held.push({ tokens: [], read: 0, long, turn });
      cache.reserve(held.length, cache.capacity);
      const here = shared[idle] ?? 0;
      const other = at > 0 ? bestOf(0, at) : idle;
      if (!known) cache.truncate(idle, 0); // so that less is moved
      swap(idle, at);
      const from = other < at && shared[other]! >= Math.max(here + 1, leastShared) ? other : at;
      if (from !== at) cache.copy(from, at);
      const count = from === at ? here : shared[from]!;
      held[at] = { tokens: held[from]!.tokens.slice(0, count), read: count, long, turn: ++turn };
      cache.truncate(at, count);
      return count;
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

const commonPrefix = (a: readonly number[], b: readonly number[], most: number): number => {
  let count = 0;
  while (count < Math.min(a.length, most) && a[count] === b[count]) count++;
  return count;
};
