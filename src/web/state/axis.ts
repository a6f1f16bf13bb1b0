/** Round steps of which at most six fit into `range`. */
export function ticks(low: number, high: number, most = 6): number[] {
  const range = high - low || 1;
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => range / candidate <= most)!;
  const made: number[] = [];
  for (let tick = Math.ceil(low / step - 1e-9) * step; tick <= high + step * 1e-6; tick += step) made.push(Number(tick.toPrecision(12)));
  return made;
}

/** Label heights that keep their order and a distance; the least movement that does. */
export function spreadLabels(wanted: readonly number[], gap: number, low: number, high: number): number[] {
  const order = wanted.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  for (let i = 1; i < order.length; i++) order[i]!.y = Math.max(order[i]!.y, order[i - 1]!.y + gap);
  const over = (order.at(-1)?.y ?? 0) - high;
  if (over > 0) {
    order.at(-1)!.y -= over;
    for (let i = order.length - 2; i >= 0; i--) order[i]!.y = Math.min(order[i]!.y, order[i + 1]!.y - gap);
  }
  const placed: number[] = [];
  for (const { y, index } of order) placed[index] = Math.max(low, y);
  return placed;
}
