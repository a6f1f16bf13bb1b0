import { openSafetensors, readAsFloat32 } from '../../src/formats/index.ts';

export interface Difference {
  readonly where: string;
  /** Norm of the difference over the norm of the peer's. */
  readonly relative: number;
}

/** Largest relative difference between tensors of the same names in two files, tensor by tensor, by Euclidean norm. Tensors that are tiny beside the whole count against the whole. */
export const largestDifference = async (ourFile: string, peerFile: string): Promise<Difference> => {
  const [ours, peer] = [await openSafetensors(ourFile), await openSafetensors(peerFile)];
  const names = [...ours.tensors.keys()].sort();
  const missing = names.filter((name) => !peer.tensors.has(name));
  if (missing.length > 0 || names.length !== peer.tensors.size)
    throw new Error(
      `bench: expected both sides to have the same ${names.length} gradients, got ${peer.tensors.size} from the peer, without ${missing.slice(0, 3).join(', ') || 'any missing'}`,
    );
  const squares: { name: string; difference: number; size: number }[] = [];
  for (const name of names) {
    const [a, b] = [(await readAsFloat32(ours, name)).data, (await readAsFloat32(peer, name)).data];
    if (a.length !== b.length) throw new Error(`bench: ${name}: expected ${b.length} values as the peer has, got ${a.length}`);
    let [difference, size] = [0, 0];
    for (let i = 0; i < a.length; i++) {
      const [x, y] = [Number(a[i]), Number(b[i])];
      difference += (x - y) ** 2;
      size += y * y;
    }
    squares.push({ name, difference: Math.sqrt(difference), size: Math.sqrt(size) });
  }
  const whole = Math.sqrt(squares.reduce((sum, { size }) => sum + size * size, 0));
  let worst: Difference = { where: 'nothing', relative: 0 };
  for (const { name, difference, size } of squares) {
    const relative = difference / Math.max(size, 1e-3 * whole);
    if (relative > worst.relative) worst = { where: name, relative };
  }
  return worst;
};

export const relative = (a: number, b: number): number => Math.abs(a - b) / Math.max(1e-12, Math.abs(b));

/** What a reader found in one document, numbers and labels alone; the last number of an entity or a relation is its probability. */
export interface Predictions {
  readonly entities: readonly (readonly (string | number)[])[];
  readonly relations: readonly (readonly (string | number)[])[];
  readonly clusters: readonly (readonly (readonly number[])[])[];
}

/** How far two readings of the same documents are apart: share of items that only one side has, largest difference of a probability that both have. */
export const predictionsApart = (ours: readonly Predictions[], peer: readonly Predictions[]): { share: number; probability: number; shown: string } => {
  let [all, alone, probability] = [0, 0, 0];
  const keyed = ({ entities, relations, clusters }: Predictions): Map<string, number> =>
    new Map([
      ...[...entities, ...relations].map((item): [string, number] => [item.slice(0, -1).join(' '), Number(item.at(-1))]),
      ...clusters.map((cluster): [string, number] => [`cluster ${cluster.map((span) => span.join('-')).join(' ')}`, 1]),
    ]);
  for (const [i, one] of ours.entries()) {
    const [a, b] = [keyed(one), keyed(peer[i]!)];
    all += a.size + b.size;
    for (const [key, sure] of a)
      if (b.has(key)) probability = Math.max(probability, Math.abs(sure - b.get(key)!));
      else alone++;
    for (const key of b.keys()) if (!a.has(key)) alone++;
  }
  const share = all === 0 ? 1 : alone / all;
  return { share, probability, shown: `${all} items, ${alone} found by one side only, probabilities apart by at most ${probability.toExponential(1)}` };
};
