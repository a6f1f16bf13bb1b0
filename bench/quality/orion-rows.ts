import { alone } from '../reader/row.ts';
import type { QualityRow } from './multi-task.ts';
import type { Cell } from './orion-cells.ts';

const moved = 0.7;
/** How far the curve of the request may lie from what coinciding labels give it, where nothing of the request is to be seen. */
const nearFloor = 0.1;
type Swept = Cell & { readonly requestTransfer: NonNullable<Cell['requestTransfer']> };

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const isSwept = (cell: Cell): cell is Swept => cell.passed && cell.requestTransfer !== null;
const groups = <Of>(cells: readonly Of[], by: (cell: Of) => string): [string, Of[]][] => [...Map.groupBy(cells, by)];

/** Half the width of Wilson's 95 % interval of a share. */
const wilson = (hits: number, of: number): number => {
  const z = 1.96;
  return of === 0 ? 0 : (z / (1 + z ** 2 / of)) * Math.sqrt((hits * (of - hits)) / of ** 3 + z ** 2 / (4 * of ** 2));
};

/**
 * Where the outcome is another one, the request's curve has a floor: pairs whose request finds the same token anyway. How far the curve lies from it on average, up to L1 and from L3 on; null where there is no such stretch.
 */
export const floorGaps = ({ curves, floors, L1, L3 }: Cell): { readonly early: number | null; readonly late: number | null } => {
  if (!curves || !floors || L1 === null) return { early: null, late: null };
  const gap = (stretch: readonly number[], floor: number): number | null => (stretch.length > 0 ? mean(stretch) - floor : null);
  return {
    early: gap(curves.request_transfer.slice(0, L1), floors.requestIsUnaffected),
    late: gap(L3 === null ? [] : curves.request_transfer.slice(L3 - 1), floors.requestIsOutput),
  };
};

/** How many cells, pairs of a model and a family, are known, and how many of them have more than 0.7 of the probability after the request was moved. A cell is the mean over known variants and seeds. */
const cellsRow = (name: string, cells: readonly Cell[]): QualityRow => {
  const known = groups(cells.filter(isSwept), ({ model, family }) => `${model} ${family}`).map(([, own]) =>
    mean(own.map(({ requestTransfer }) => requestTransfer.max)),
  );
  const above = known.filter((value) => value > moved).length;
  return {
    ...alone,
    name,
    metric: 'share',
    unit: 'of cells',
    seeds: [...new Set(cells.map(({ seed }) => seed))].sort(),
    ours: known.length > 0 ? above / known.length : 0,
    runs: known.length,
    ci95: wilson(above, known.length),
    gate: true,
    note: `${above} of ${known.length} known cells (a model and a family) with more than 0.7 after the request was moved, wanted 80 %`,
  };
};

const variantRow = (model: string, name: string, cells: readonly Cell[]): QualityRow => {
  const swept = cells.filter(isSwept);
  const values = swept.map(({ requestTransfer }) => requestTransfer.max);
  const layers = (of: 'L1' | 'L2' | 'L3'): string => swept.map((cell) => cell[of] ?? 'none').join(', ');
  const right = mean(cells.map(({ accuracy }) => accuracy));
  return {
    ...alone,
    name: `quality/orion/${model}/${name}`,
    metric: 'share',
    unit: 'of the probability unpatched',
    seeds: cells.map(({ seed }) => seed),
    ours: values.length > 0 ? mean(values) : 0,
    runs: swept.length,
    ci95: swept.length > 0 ? mean(swept.map(({ requestTransfer: { ci95 } }) => (ci95[1] - ci95[0]) / 2)) : 0,
    gate: false,
    note: `${right.toFixed(2)} right (guess ${cells[0]!.guess.toFixed(2)})${swept.length > 0 ? `, L1 ${layers('L1')}, L2 ${layers('L2')}, L3 ${layers('L3')}` : ', not known: nothing was patched'}`,
  };
};

const floorRow = (model: string, cells: readonly Cell[]): QualityRow[] => {
  const gaps = cells.filter(isSwept).flatMap((cell) => Object.values(floorGaps(cell)).filter((gap) => gap !== null));
  if (gaps.length === 0) return [];
  const most = Math.max(...gaps.map(Math.abs));
  return [
    {
      ...alone,
      name: `quality/orion/${model}/floors`,
      metric: 'share',
      unit: 'of the probability unpatched',
      seeds: [...new Set(cells.map(({ seed }) => seed))].sort(),
      ours: most,
      runs: gaps.length,
      ci95: 0,
      gate: true,
      note: `the furthest that the request's curve lies, on average up to L1 or from L3 on, from what coinciding labels give it; wanted at most ${nearFloor}; ${gaps.filter((gap) => Math.abs(gap) <= nearFloor).length} of ${gaps.length} stretches are within`,
    },
  ];
};

/** All cells together, then of every model its cells, its floors and its variants. */
export const orionRows = (all: readonly Cell[]): QualityRow[] => [
  cellsRow('quality/orion/cells', all),
  ...groups(all, ({ model }) => model).flatMap(([model, own]) => [
    cellsRow(`quality/orion/${model}/cells`, own),
    ...floorRow(model, own),
    ...groups(own, ({ family, variant }) => `${family}/${variant}`).map(([name, cells]) => variantRow(model, name, cells)),
  ]),
];
