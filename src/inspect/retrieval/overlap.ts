/** Components whose effect is above a threshold, by their place. */
export const strongOf = (effects: ArrayLike<number>, above: number): Set<number> =>
  new Set(Array.from(effects, (effect, i) => (Math.abs(effect) > above ? i : -1)).filter((i) => i >= 0));

/** Intersection over union; undefined of two empty sets, which say nothing. */
export const overlapOf = (a: ReadonlySet<number>, b: ReadonlySet<number>): number | undefined => {
  const shared = [...a].filter((one) => b.has(one)).length;
  const union = a.size + b.size - shared;
  return union === 0 ? undefined : shared / union;
};
