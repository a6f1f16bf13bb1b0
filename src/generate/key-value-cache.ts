import type { CacheShape } from '../nn/index.ts';
import type { TensorData } from '../runtime/index.ts';

const capacityStep = 64; // rows of a slot: an odd multiple of it, so that the program sees few lengths and growing is rare, and scores of one query do not lie a power of two from the next, where they would share the lines of the processor's cache

const copiedFrom = 16; // new tokens

/** Keys and values of some sequences, a slot each. All slots have room for as many tokens; the first `n` lie together, so that they are a batch without a copy. */
export interface KeyValueCache {
  readonly slots: number;
  readonly capacity: number;
  /** Tokens that a slot holds. */
  lengthOf(slot: number): number;
  /** Makes room: for that many slots, and that many tokens in each. What they hold stays. */
  reserve(slots: number, tokens: number): void;
  /**
   * Feeds of the step program for `count` slots from `first` on.
   *
   * @param short  rather a copy of what these slots hold than room that they do not use: attention reads room too
   */
  feeds(first: number, count: number, short?: boolean): Record<string, TensorData>;
  /** The same for `count` texts that all begin with what one slot holds; a copy, with no more room than that. */
  feedsOfOne(slot: number, count: number): Record<string, TensorData>;
  /** Feeds of a step program that writes new rows of slots from `slot` on into the cache where it lies, where there is room for them. `taken` is called when it has. */
  room(slot: number, size: { readonly batch: number; readonly seq: number }): { readonly feeds: Record<string, TensorData>; taken(): void };
  /**
   * Appends new rows to slots from `first` on.
   *
   * @param added  [2 · layers · batch, kvHeads, seq, headDim] as the step program gives them, of all layers or of the last ones: those of the others lie there already
   */
  append(first: number, size: { readonly batch: number; readonly seq: number }, added: TensorData | undefined): void;
  /** Forgets all but the first tokens of a slot. */
  truncate(slot: number, tokens: number): void;
  /** Overwrites a slot with another's tokens. */
  copy(from: number, to: number): void;
  /** Exchanges what two slots hold. */
  swap(a: number, b: number): void;
  /** Writes to the room of an empty slot, so that the system gives it memory now. */
  touch(slot: number): void;
  readonly bytes: number;
}

/** @param most  slots at most: so many can be added without copying those that are there */
export const createKeyValueCache = ({ layers, kvHeads, headDim }: CacheShape, most = 1): KeyValueCache => {
  let [slots, capacity] = [0, 0];
  let lengths: number[] = [];
  let lastFeeds: { readonly places: string; readonly feeds: Record<string, TensorData> } | undefined; // the same tensors for one token after another
  let tensors: Float32Array<ArrayBuffer>[] = []; // keys of every layer, then values: [slots, kvHeads, capacity, headDim], in buffers that can grow to `most` slots where they lie
  const names = Array.from({ length: 2 * layers }, (_, i) => (i < layers ? `past.keys.${i}` : `past.values.${i - layers}`));

  const stride = () => kvHeads * capacity * headDim;
  const held = (tensor: Float32Array, slot: number, head: number, tokens: number): Float32Array => {
    const from = slot * stride() + head * capacity * headDim;
    return tensor.subarray(from, from + tokens * headDim);
  };
  return {
    get slots() {
      return slots;
    },
    get capacity() {
      return capacity;
    },
    lengthOf: (slot) => lengths[slot]!,
    reserve(wantedSlots, tokens) {
      const wanted = Math.max(capacity, (Math.ceil(Math.max(1, tokens) / capacityStep) | 1) * capacityStep);
      const all = Math.max(slots, wantedSlots);
      if (all > most) throw new RangeError(`internal: expected at most ${most} slots, got ${all}`);
      if (wanted === capacity && all === slots) return;
      lastFeeds = undefined;
      const bytes = 4 * kvHeads * wanted * headDim;
      tensors = Array.from({ length: 2 * layers }, (_, i) => {
        const old = tensors[i];
        if (old && wanted === capacity) {
          old.buffer.resize(all * bytes);
          return new Float32Array(old.buffer, 0, (all * bytes) / 4);
        }
        const made = new Float32Array(new ArrayBuffer(all * bytes, { maxByteLength: most * bytes }), 0, (all * bytes) / 4);
        for (let at = 0; old && at < slots * kvHeads; at++) {
          const filled = lengths[Math.floor(at / kvHeads)]! * headDim;
          made.set(old.subarray(at * capacity * headDim, at * capacity * headDim + filled), at * wanted * headDim);
        }
        return made;
      });
      lengths = Array.from({ length: all }, (_, slot) => lengths[slot] ?? 0);
      [slots, capacity] = [all, wanted];
    },
    feeds(first, count, short = false) {
      const longest = Math.max(...lengths.slice(first, first + count));
      const rows = short ? Math.min(capacity, Math.max(1, Math.ceil(longest / capacityStep)) * capacityStep) : capacity;
      const mask = new Uint8Array(count * rows);
      for (let i = 0; i < count; i++) mask.fill(1, i * rows, i * rows + lengths[first + i]!);
      const shape = [count, kvHeads, rows, headDim];
      const places = `${first} ${count} ${rows}`;
      if (rows === capacity && lastFeeds?.places === places) return { 'past.mask': { dtype: 'bool', shape: [count, rows], data: mask }, ...lastFeeds.feeds };
      const part = (tensor: Float32Array): Float32Array => {
        const whole = tensor.subarray(first * stride(), (first + count) * stride());
        if (rows === capacity) return whole;
        const copy = new Float32Array(count * kvHeads * rows * headDim);
        for (let at = 0; at < count * kvHeads; at++)
          copy.set(whole.subarray(at * capacity * headDim, (at * capacity + longest) * headDim), at * rows * headDim);
        return copy;
      };
      const feeds = Object.fromEntries(names.map((name, i): [string, TensorData] => [name, { dtype: 'float32', shape, data: part(tensors[i]!) }]));
      lastFeeds = rows === capacity ? { places, feeds } : undefined;
      return { 'past.mask': { dtype: 'bool', shape: [count, rows], data: mask }, ...feeds };
    },
    feedsOfOne(slot, count) {
      const rows = lengths[slot]!;
      const shape = [count, kvHeads, rows, headDim];
      const size = rows * headDim;
      const repeated = (tensor: Float32Array): Float32Array => {
        const copy = new Float32Array(count * kvHeads * size);
        for (let head = 0; head < kvHeads; head++) copy.set(held(tensor, slot, head, rows), head * size);
        for (let i = 1; i < count; i++) copy.copyWithin(i * kvHeads * size, 0, kvHeads * size);
        return copy;
      };
      return {
        'past.mask': { dtype: 'bool', shape: [count, rows], data: new Uint8Array(count * rows).fill(1) },
        ...Object.fromEntries(names.map((name, i): [string, TensorData] => [name, { dtype: 'float32', shape, data: repeated(tensors[i]!) }])),
      };
    },
    room(slot, { batch, seq }) {
      const [from, to] = [lengths[slot]!, lengths[slot]! + seq];
      // The scores of a query have room for all places there are: with many more than many queries need, rather a copy.
      if (batch > 1 || seq < copiedFrom || capacity <= 2 * to) return { feeds: this.feeds(slot, batch), taken: () => {} };
      const rows = (Math.ceil(to / capacityStep) | 1) * capacityStep;
      const shape = [1, kvHeads, rows, headDim];
      const part = (copy: Float32Array, head: number, first: number, last: number): Float32Array =>
        copy.subarray((head * rows + first) * headDim, (head * rows + last) * headDim);
      const copies = tensors.map((tensor) => {
        const copy = new Float32Array(kvHeads * rows * headDim);
        for (let head = 0; head < kvHeads; head++) part(copy, head, 0, from).set(held(tensor, slot, head, from));
        return copy;
      });
      const mask = new Uint8Array(rows).fill(1, 0, from);
      return {
        feeds: {
          'past.mask': { dtype: 'bool', shape: [1, rows], data: mask },
          ...Object.fromEntries(names.map((name, i): [string, TensorData] => [name, { dtype: 'float32', shape, data: copies[i]! }])),
        },
        taken() {
          for (const [i, copy] of copies.entries())
            for (let head = 0; head < kvHeads; head++)
              held(tensors[i]!, slot, head, to)
                .subarray(from * headDim)
                .set(part(copy, head, from, to));
        },
      };
    },
    append(first, { batch, seq }, added) {
      const rows = added?.data as Float32Array;
      const given = added ? added.shape[0]! / (2 * batch) : 0; // layers
      for (let tensor = 0; tensor < 2 * given; tensor++)
        for (let i = 0; i < batch; i++)
          for (let head = 0; head < kvHeads; head++) {
            const from = ((tensor * batch + i) * kvHeads + head) * seq * headDim;
            const own = tensor < given ? layers - given + tensor : 2 * layers - 2 * given + tensor;
            const to = (((first + i) * kvHeads + head) * capacity + lengths[first + i]!) * headDim;
            tensors[own]!.set(rows.subarray(from, from + seq * headDim), to);
          }
      for (let i = 0; i < batch; i++) lengths[first + i]! += seq;
    },
    truncate(slot, tokens) {
      lengths[slot] = Math.min(lengths[slot]!, tokens);
    },
    copy(from, to) {
      const tokens = lengths[from]!;
      for (const tensor of tensors) for (let head = 0; head < kvHeads; head++) held(tensor, to, head, tokens).set(held(tensor, from, head, tokens));
      lengths[to] = tokens;
    },
    swap(a, b) {
      const [less, more] = lengths[a]! < lengths[b]! ? [a, b] : [b, a];
      const [few, many] = [lengths[less]!, lengths[more]!];
      for (const tensor of tensors)
        for (let head = 0; head < kvHeads; head++) {
          const kept = held(tensor, less, head, few).slice();
          held(tensor, less, head, many).set(held(tensor, more, head, many));
          held(tensor, more, head, few).set(kept);
        }
      [lengths[less], lengths[more]] = [many, few];
    },
    touch(slot) {
      for (const tensor of tensors) tensor.fill(0, slot * stride(), (slot + 1) * stride());
    },
    get bytes() {
      return tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    },
  };
};
