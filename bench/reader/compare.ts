import type { Worker } from './worker.ts';

/** Precisions and compilers that the peer is tried in. */
export const forms = ['f32', 'bf16', 'compiled'] as const;
export type Form = (typeof forms)[number];

/** How one form of the peer did in its warm-up. */
export interface Trial {
  readonly form: Form;
  /** Best of the timed warm-up turns; undefined where the form did not run. */
  readonly seconds: number | undefined;
  readonly note: string;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Linear between the two nearest values. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
};

const patienceMs = 240_000; // for making a form ready and its first turn: compiling may take very long

const withinPatience = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready after ${patienceMs / 1000} s`)), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

export interface Open {
  readonly form: Form;
  readonly worker: Worker;
}

/**
 * Opens the peer in every form, warms it up, and keeps the fastest. Forms that do not run or are slower are closed and named in the trials.
 *
 * @param make  opens a worker and makes the form ready
 * @param turn  one timed turn, in seconds
 */
export const fastestForm = async (
  make: (form: Form) => Promise<Worker>,
  turn: (worker: Worker) => Promise<number>,
): Promise<{ best: Open; trials: Trial[] }> => {
  const trials: Trial[] = [];
  let best: (Open & { seconds: number }) | undefined;
  for (const form of forms) {
    let worker: Worker | undefined;
    try {
      worker = await make(form);
      await withinPatience(turn(worker)); // the first call compiles and allocates
      await turn(worker);
      const first = await turn(worker);
      const more = best && first > 2 * best.seconds ? [] : [await turn(worker), await turn(worker)];
      const seconds = Math.min(first, ...more);
      const slower = best !== undefined && seconds > 2 * best.seconds;
      trials.push({ form, seconds, note: slower ? 'twice slower than the best, timed no further' : '' });
      if (!best || seconds < best.seconds) {
        await best?.worker[Symbol.asyncDispose]();
        best = { form, worker, seconds };
      } else await worker[Symbol.asyncDispose]();
    } catch (error) {
      await worker?.[Symbol.asyncDispose]();
      trials.push({ form, seconds: undefined, note: `did not run: ${(error instanceof Error ? error.message : String(error)).split('\n')[0]}` });
    }
  }
  if (!best) throw new Error(`bench: expected the peer to run in some form, got ${trials.map(({ form, note }) => `${form} ${note}`).join('; ')}`);
  return { best, trials };
};

/** Turns of both sides in turn about, after one untimed turn each; which side begins changes every time. */
export const interleaved = async (
  runs: number,
  ours: (run: number) => Promise<number>,
  peer: (run: number) => Promise<number>,
): Promise<{ ours: number[]; peer: number[] }> => {
  const times = { ours: [] as number[], peer: [] as number[] };
  await ours(0);
  await peer(0);
  for (let run = 0; run < runs; run++) {
    if (run % 2 === 0) times.ours.push(await ours(run));
    times.peer.push(await peer(run));
    if (run % 2 === 1) times.ours.push(await ours(run));
  }
  return times;
};

/** Peer's over ours, run by run: above 1 ours is better. */
export const ratiosOf = ({ ours, peer }: { ours: readonly number[]; peer: readonly number[] }): { ratio: number; ratioP25: number; ratioP75: number } => {
  const ratios = ours.map((seconds, i) => peer[i]! / seconds);
  return { ratio: median(ratios), ratioP25: quantile(ratios, 0.25), ratioP75: quantile(ratios, 0.75) };
};
