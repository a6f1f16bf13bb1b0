import type { TensorData } from '../../runtime/index.ts';

/** Constants added to the scores of a task before they are held against the null score 0. */
export type Shifts = Readonly<Record<'relation' | 'coreference', number>>;

/** The last bias of each scorer: a constant added to it moves every score of the task. */
const biasOf = { relation: 'relations.out.bias', coreference: 'coreference.out.bias' } as const;
const tasks = Object.keys(biasOf) as (keyof Shifts)[];

const step = 0.25;
const most = 2;

export const noShift: Shifts = { relation: 0, coreference: 0 };

/** The same values with shifted biases; a task whose bias is not among them stays as it is. */
export const shifted = (values: Readonly<Record<string, TensorData>>, shifts: Shifts): Record<string, TensorData> => {
  const changed: Record<string, TensorData> = { ...values };
  for (const task of tasks) {
    const bias = values[biasOf[task]];
    if (bias) changed[biasOf[task]] = { ...bias, data: (bias.data as Float32Array).map((value) => value + shifts[task]) };
  }
  return changed;
};

/** Names of the values that `shifted` changes. */
export const shiftedNames: readonly string[] = Object.values(biasOf);

/**
 * Finds the shifts that do best on a dev split. Training with a null score of 0 leaves a reader that says too little: its precision stands far above its recall, and F1 wants them closer.
 * The figure of a shift is the mean over itself and its neighbours, so that the noise of a small split does not decide; among equals the smaller shift wins.
 *
 * @param measure  F1 of both tasks under shifts
 */
export const findShifts = async (measure: (shifts: Shifts) => Promise<Shifts>): Promise<Shifts> => {
  const grid = Array.from({ length: most / step + 5 }, (_, i) => (i - 2) * step); // −0.5 … 2.5
  const figures: Shifts[] = [];
  for (const shift of grid) figures.push(await measure({ relation: shift, coreference: shift }));
  const best = (task: keyof Shifts): number => {
    const smooth = grid.slice(1, -1).map((shift, i) => ({ shift, figure: (figures[i]![task] + figures[i + 1]![task] + figures[i + 2]![task]) / 3 }));
    smooth.sort((a, b) => b.figure - a.figure || Math.abs(a.shift) - Math.abs(b.shift));
    return smooth[0]!.shift;
  };
  return { relation: best('relation'), coreference: best('coreference') };
};
