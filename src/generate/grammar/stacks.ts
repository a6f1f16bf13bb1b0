/** Where a node goes on when a part of it is over: the next part of a sequence, or the count of repetitions. */
export interface Frame {
  readonly node: number;
  readonly at: number;
  readonly below: Stack;
}

/** What is still to come after a terminal: one of the frames, or nothing. Equal stacks are one object, and common parts are shared, so several readings of a text cost little more than one. */
export interface Stack {
  readonly id: number;
  /** Whether nothing may come. */
  readonly bottom: boolean;
  readonly frames: readonly Frame[];
  /** Frames above one another. */
  readonly depth: number;
  /** Tokens that complete the answer from here, if they are well chosen. */
  readonly cost: number;
}

export interface Stacks {
  readonly bottom: Stack;
  readonly size: number;
  push(node: number, at: number, below: Stack): Stack;
  /** What any of some stacks may go on with. */
  any(stacks: readonly Stack[]): Stack;
  /** A stack with other places in its frames. */
  moved(stack: Stack): Stack;
  /** Stacks in use stay as they are; only that equal ones are one object is no longer so. */
  forget(): void;
}

/**
 * @param costFrom  tokens that complete a node from a place on
 * @param moveTo    the place that `moved` puts into a frame
 */
export const openStacks = (costFrom: (node: number, at: number) => number, moveTo: (node: number, at: number) => number): Stacks => {
  const bottom: Stack = { id: 0, bottom: true, frames: [], depth: 0, cost: 0 };
  let ids = 1;
  let known = new Map<string, Stack>();
  let joined = new Map<string, Stack>();
  let elsewhere = new WeakMap<Stack, Stack>();

  const stackOf = (frames: readonly Frame[], ends: boolean): Stack => {
    const key = `${ends} ${frames.map(({ node, at, below }) => `${node}:${at}:${below.id}`).join(' ')}`;
    let stack = known.get(key);
    if (!stack) {
      const cost = frames.reduce((least, { node, at, below }) => Math.min(least, costFrom(node, at) + below.cost), ends ? 0 : Number.POSITIVE_INFINITY);
      const depth = frames.reduce((most, { below }) => Math.max(most, below.depth + 1), 0);
      stack = { id: ids++, bottom: ends, frames, depth, cost };
      known.set(key, stack);
    }
    return stack;
  };
  const push = (node: number, at: number, below: Stack): Stack => stackOf([{ node, at, below }], false);
  const any = (stacks: readonly Stack[]): Stack => {
    const all = [...new Set(stacks)].sort((a, b) => a.id - b.id);
    if (all.length === 1) return all[0]!;
    const key = all.map(({ id }) => id).join();
    const found = joined.get(key) ?? join(all);
    joined.set(key, found);
    return found;
  };
  /** Frames that go on alike are one, above any of what was below them. */
  const join = (stacks: readonly Stack[]): Stack => {
    const frames = new Map<string, { node: number; at: number; belows: Stack[] }>();
    for (const { node, at, below } of stacks.flatMap((stack) => stack.frames)) {
      const frame = frames.get(`${node}:${at}`);
      if (frame) frame.belows.push(below);
      else frames.set(`${node}:${at}`, { node, at, belows: [below] });
    }
    const sorted = [...frames.values()].sort((one, other) => one.node - other.node || one.at - other.at);
    return stackOf(
      sorted.map(({ node, at, belows }) => ({ node, at, below: any(belows) })),
      stacks.some((stack) => stack.bottom),
    );
  };
  const moved = (stack: Stack): Stack => {
    if (stack.frames.length === 0) return stack;
    const found =
      elsewhere.get(stack) ??
      any([...stack.frames.map(({ node, at, below }) => push(node, moveTo(node, at), moved(below))), ...(stack.bottom ? [bottom] : [])]);
    elsewhere.set(stack, found);
    return found;
  };
  return {
    bottom,
    get size() {
      return known.size + joined.size;
    },
    push,
    any,
    moved,
    forget() {
      [known, joined, elsewhere] = [new Map(), new Map(), new WeakMap()];
    },
  };
};
