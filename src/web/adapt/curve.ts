/** Loss after a step, in nats a token. */
export interface LossPoint {
  readonly step: number;
  readonly train: number;
  readonly heldOut?: number;
}

/** What was fetched, and what has come since: one point a step, in order; a held-out loss stays. */
export function joinCurves(fetched: readonly LossPoint[], live: readonly LossPoint[]): LossPoint[] {
  const points = new Map(fetched.map((point) => [point.step, point]));
  for (const point of live) points.set(point.step, { ...points.get(point.step), ...point });
  return [...points.values()].sort((a, b) => a.step - b.step);
}

/** Mean over the points around each, so many to both sides as there are: what the steps come to without their noise. */
export function smoothed(points: readonly LossPoint[], around: number): LossPoint[] {
  let sum = 0;
  const sums = [0, ...points.map(({ train }) => (sum += train))];
  return points.map(({ step }, i) => {
    const reach = Math.min(around, i, points.length - 1 - i);
    return { step, train: (sums[i + reach + 1]! - sums[i - reach]!) / (2 * reach + 1) };
  });
}

/** What the picture shows, in a sentence. */
export function finding(points: readonly LossPoint[]): string {
  const judged = points.filter((point) => point.heldOut !== undefined);
  const [first, last] = [judged[0], judged.at(-1)];
  if (first && last && first !== last) {
    const [from, to] = [first.heldOut!, last.heldOut!];
    const way = to < from - 0.005 ? 'fell' : to > from + 0.005 ? 'rose' : 'stayed';
    return way === 'stayed' ? `Held-out loss stays at ${to.toFixed(2)}` : `Held-out loss ${way} from ${from.toFixed(2)} to ${to.toFixed(2)}`;
  }
  const [begin, now] = [points[0], points.at(-1)];
  if (!begin || !now) return 'No step has been taken yet';
  return begin === now ? `Training loss is ${now.train.toFixed(2)}` : `Training loss went from ${begin.train.toFixed(2)} to ${now.train.toFixed(2)}`;
}

/** A line a step: step, training loss, held-out loss where it was judged. */
export const curveCsv = (points: readonly LossPoint[]): string =>
  ['step,training loss,held-out loss', ...points.map(({ step, train, heldOut }) => `${step},${train},${heldOut ?? ''}`), ''].join('\n');
