import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openInspected } from '../../../src/app/inspect/index.ts';
import { openSource } from '../../../src/app/language-model/open-source.ts';
import { type BenchOptions, commit } from '../../harness.ts';
import { log } from '../../reader/row.ts';
import type { QualityRow } from '../multi-task.ts';
import { type Answered, alarmingItems, answerAll, armsOf, carrierItems, type Item, storyItems } from './answers.ts';
import { cellsFile, type GuardCell, readCells, type Shares } from './cells.ts';
import { requestMoves } from './moves.ts';
import { oversight } from './oversight.ts';
import type { Outcome } from './paper-task.ts';
import { rowsOf } from './rows.ts';
import { seenRequests } from './seen.ts';
import { originalStories } from './stories.ts';
import { weighedAttention } from './weighed.ts';

const seed = 1;
const [paperCount, seenCount, storyCount, carrierCount, alarmingCount] = [40, 20, 40, 60, 339];

interface Work {
  readonly name: string;
  make(): Promise<Pick<GuardCell, 'shares' | 'seen' | 'seconds'>>;
}

/**
 * What a guard is worth: the paper's oversight on its own task (first token, float32, every layer), then whole answers on stories with distractors and on e-mails and tables with injected questions and links, without a guard, with
 * cheap baselines, and with ours. Cells are kept in docs/guard/cells.jsonl; what is missing is measured, for at most LYCEUM_BENCH_MINUTES (default 330). LYCEUM_MODEL names other models, of which those without a chat template are
 * given the paper's task only, LYCEUM_CELLS some cells (with `;` between), LYCEUM_DATA the data's folder.
 */
export const guardQuality = async ({ threads }: BenchOptions): Promise<QualityRow[]> => {
  const models = (process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct').split(',');
  const only = process.env.LYCEUM_CELLS?.split(';');
  const stop = AbortSignal.timeout(60_000 * Number(process.env.LYCEUM_BENCH_MINUTES ?? 330) + 1);
  await mkdir(dirname(cellsFile), { recursive: true });
  const known = await readCells();
  for (const model of models)
    for (const { name, make } of await worksOf(model, threads, stop)) {
      if (stop.aborted || !(only?.includes(name) ?? true) || known.some((cell) => cell.model === model && cell.cell === name)) continue;
      log(`  ${model} ${name} …`);
      const begun = performance.now();
      try {
        const cell: GuardCell = { model, cell: name, seed, commit: commit(), ...(await make()) };
        const whole = { ...cell, minutes: Number(((performance.now() - begun) / 60_000).toFixed(1)) };
        known.push(whole);
        await appendFile(cellsFile, `${JSON.stringify(whole)}\n`);
      } catch (error) {
        if (!stop.aborted) throw error;
      }
    }
  return rowsOf(known.filter(({ model }) => models.includes(model)));
};

const worksOf = async (model: string, threads: number, signal: AbortSignal): Promise<Work[]> => {
  const answers = (name: string, items: () => Promise<Item[]>, arms: readonly string[], last: boolean): Work[] =>
    arms.map((arm) => ({
      name: `${name}${last ? ', document last' : ''}/${arm}`,
      async make() {
        const { answered, seconds } = await answerAll(model, (await armsOf(last))[arm]!, await items(), { threads, signal });
        return { shares: [...Map.groupBy(answered, ({ attack }) => attack)].map(([attack, own]) => sharesOf(attack, 0, own)), seconds };
      },
    }));
  const all = ['plain', 'delimiters', 'hierarchy', 'classifier', 'calibrated', 'held', 'calibrated and held', 'hierarchy and calibrated'];
  const some = ['plain', 'delimiters', 'hierarchy', 'classifier', 'hierarchy and classifier'];
  const paper: Work[] = [
    {
      name: 'oversight',
      async make() {
        await using opened = await openInspected(model, { threads });
        return { shares: sharesOfArms(await oversight(opened, await originalStories(), { seed, count: paperCount, signal })), seconds: 0 };
      },
    },
    {
      name: 'oversight/seen',
      async make() {
        await using opened = await openInspected(model, { threads });
        return { shares: [], seen: await seenRequests(opened, await originalStories(), { seed, count: seenCount, signal }), seconds: 0 };
      },
    },
    // The second tells which power to take for the first.
    ...['oversight/weighed', 'oversight/weighed, other stories'].map((name, which) => ({
      name,
      async make() {
        await using opened = await openInspected(model, { threads });
        const { stories, questions } = await originalStories();
        const own = { stories: stories.slice(which * paperCount), questions };
        return { shares: sharesOfArms(await weighedAttention(opened, own, { seed, count: paperCount, signal })), seconds: 0 };
      },
    })),
    {
      name: 'oversight/moves',
      async make() {
        await using opened = await openInspected(model, { threads });
        return { shares: sharesOfArms(await requestMoves(opened, await originalStories(), { seed, count: paperCount, signal })), seconds: 0 };
      },
    },
  ];
  if ((await openSource(model)).chatTemplate === undefined) return paper;
  return [
    ...paper,
    ...answers('stories', () => storyItems(seed, storyCount), all, false),
    ...answers('carriers', () => carrierItems(seed, carrierCount), some, true),
    ...answers('carriers', () => carrierItems(seed, carrierCount), ['plain', 'classifier'], false),
    ...answers('notinject', () => alarmingItems(alarmingCount), ['classifier'], false),
  ];
};

const sharesOfArms = (outcomes: readonly Outcome[]): Shares[] =>
  [...Map.groupBy(outcomes, ({ distractor, arm, layer }) => `${distractor}\t${arm}\t${layer}`).values()].map((own) => {
    const [{ distractor, arm, layer }] = own as [Outcome];
    return { ...sharesOf(distractor, layer, own.map((one) => ({ ...one, set: 'paper', attack: distractor, flagged: false }))), arm }; // biome-ignore format: one value
  });

const sharesOf = (attack: string, layer: number, own: readonly Answered[]): Shares => {
  const count = (holds: (one: Answered) => boolean): number => own.filter(holds).length;
  return { attack, layer, n: own.length, right: count((one) => one.right), obeyed: count((one) => one.obeyed), flagged: count((one) => one.flagged) };
};
