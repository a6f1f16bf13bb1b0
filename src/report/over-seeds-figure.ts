import type { Difference, Interval } from './adapt-result.ts';
import { type Content, html, type Markup } from './html.ts';
import { namesApart } from './names-apart.ts';
import { counted, grouped, percent, percentInterval, points, pointsInterval } from './numbers.ts';
import type { OverSeeds, SeedArm, SeedScore } from './over-seeds.ts';
import { figure, table } from './page.ts';
import { hue } from './plots/colours.ts';
import { intervalPlot } from './plots/intervals.ts';

const number = (label: string) => ({ label, number: true });
const four = (value: number) => Number(value.toFixed(4));
const none = '–';

/** An arm with a score, and its place among all. */
interface Scored {
  readonly name: string;
  readonly index: number;
  readonly arm: SeedArm;
  readonly score: SeedScore;
}

const armNames = ({ arms }: OverSeeds): string[] => namesApart(arms.map(({ name }) => name));
const scored = (over: OverSeeds, key: 'task' | 'knowledge'): Scored[] => {
  const names = armNames(over);
  return over.arms.flatMap((arm, index) => (arm[key] ? [{ name: names[index]!, index, arm, score: arm[key] }] : []));
};
const seedsOf = ({ seeds }: SeedArm): string => counted(seeds.length, 'seed');

/** Whether the second may score as well as the first: by their paired difference where there is one, else by whether their intervals overlap. */
const mayBeAsGood = ({ pairs }: OverSeeds, best: Scored, other: Scored): boolean => {
  const pair = pairs.find(({ arms }) => arms.includes(best.index) && arms.includes(other.index));
  if (!pair?.task) return other.score.after.high >= best.score.after.low;
  return pair.arms[0] === best.index ? pair.task.low <= 0 : pair.task.high >= 0;
};

/** One sentence: which arm scores best over its seeds, which others may be as good, and which of those kept most. undefined where no arm of several seeds has a score. */
export const armsVerdict = (over: OverSeeds): string | undefined => {
  if (!over.arms.some(({ seeds, task }) => task && seeds.length > 1)) return undefined;
  const byTask = scored(over, 'task').sort((a, b) => b.score.after.value - a.score.after.value);
  const best = byTask[0]!;
  const kept = ({ arm }: Scored): Difference | null => arm.knowledge?.difference ?? null;
  const score = percentInterval(best.score.after);
  const asGood = byTask.filter((one) => one === best || mayBeAsGood(over, best, one));
  const others = asGood.length - 1;
  const rank = others === 0 ? 'clear of all others' : others === 1 ? 'though one other may be as good' : `though ${others} others may be as good`;
  const gain = best.score.difference && `, ${pointsInterval(best.score.difference)} on before`;
  const lead =
    byTask.length === 1
      ? `“${best.name}” scores ${score} on the task over ${seedsOf(best.arm)}${gain ?? ''}`
      : `“${best.name}” scores best on the task over ${seedsOf(best.arm)}, ${score}, ${rank}`;
  const [most] = asGood.filter(kept).sort((a, b) => kept(b)!.value - kept(a)!.value);
  if (!most) return `${lead}; how much world knowledge it kept was not measured.`;
  const among = others === 0 ? 'its world knowledge changed by' : `of these ${most === best ? 'it' : `“${most.name}”`} kept most world knowledge,`;
  return `${lead}; ${among} ${pointsInterval(kept(most)!)}.`;
};

/** What few seeds do to an interval: drawn again they vary by √((n − 1)/n) of what they should. */
const narrow = (arms: readonly Scored[]): string => {
  const counts = [...new Set(arms.map(({ arm }) => arm.seeds.length))].sort((a, b) => a - b);
  const [several, single] = [counts.filter((count) => count > 1), counts.includes(1)];
  const shown = several.map((count) => `${count} seeds show about ${percent(Math.sqrt((count - 1) / count), 0)}`).join(', ');
  return `Few seeds make an interval too narrow: of what a seed changes ${shown}${single ? `${shown && ', '}one shows nothing` : ''}.`;
};

/** Items, of arms in their order. */
const itemsOf = (arms: readonly Scored[]): string =>
  `n = ${[...new Set(arms.map(({ arm, score }) => `${grouped(score.n)}${arm.seeds.length > 1 && !score.sameItems ? ' in all' : ''}`))].join(', ')}`;

const columns = [{ label: 'arm' }, number('seeds'), number('n')];
const spread = ({ value, low, high }: Interval): number[] => [four(value), four(low), four(high)];

const taskFigure = async (over: OverSeeds): Promise<Markup | null> => {
  const arms = scored(over, 'task');
  if (arms.length === 0) return null;
  const best = arms.reduce((most, one) => (one.score.after.value > most.score.after.value ? one : most));
  const title = `“${best.name}” scores ${arms.length > 1 ? 'highest' : percent(best.score.after.value)} over ${seedsOf(best.arm)}${arms.length > 1 ? `: ${percent(best.score.after.value)}` : ''}`;
  const metrics = [...new Set(arms.map(({ score }) => score.metric))];
  return figure({
    title,
    caption: `Score on held-out samples over seeds and items, with 95\u00a0% intervals; hollow is before, a ring is the score of one seed (${itemsOf(arms)}). ${narrow(arms)}`,
    plot: await intervalPlot(
      title,
      arms.map(({ name, arm, score: { before, after, bySeed } }) => ({
        label: name,
        before,
        after,
        parts: arm.seeds.length > 1 ? bySeed.map((own) => own.after) : [],
      })),
      { axis: metrics.join(', '), scale: 'share', colour: (i) => hue(arms[i]!.index) },
    ),
    numbers: {
      columns: [...columns, ...['before', 'before, low', 'before, high', 'after', 'after, low', 'after, high'].map(number), { label: 'after, by seed' }],
      rows: arms.map(({ name, arm, score }) => [
        name,
        arm.seeds.length,
        score.n,
        ...spread(score.before),
        ...spread(score.after),
        score.bySeed.map(({ after }, i) => `${arm.seeds[i]}: ${four(after)}`).join('; '),
      ]),
    },
    file: 'task-over-seeds',
  });
};

const knowledgeFigure = async (over: OverSeeds): Promise<Markup | null> => {
  const arms = scored(over, 'knowledge').flatMap((one) => (one.score.difference ? [{ ...one, difference: one.score.difference }] : []));
  if (arms.length === 0) return null;
  const lost = arms.filter(({ difference }) => difference.high < 0);
  const who = lost.length === 1 ? `“${lost[0]!.name}”` : `${lost.length} of ${arms.length} arms`;
  const title = lost.length === 0 ? 'No arm clearly lost world knowledge over its seeds' : `${who} clearly lost world knowledge over seeds`;
  return figure({
    title,
    caption: `After minus before on the same questions, over seeds and questions, with 95\u00a0% intervals; a ring is one seed (${itemsOf(arms)}). ${narrow(arms)}`,
    plot: await intervalPlot(
      title,
      arms.map(({ name, arm, score, difference }) => ({
        label: name,
        after: difference,
        parts: arm.seeds.length > 1 ? score.bySeed.map(({ before, after }) => after - before) : [],
      })),
      { axis: 'points of world knowledge', scale: 'difference', colour: (i) => hue(arms[i]!.index) },
    ),
    numbers: {
      columns: [...columns, ...['difference', 'low', 'high', 'p'].map(number), { label: 'by seed' }],
      rows: arms.map(({ name, arm, score, difference }) => [
        name,
        arm.seeds.length,
        score.n,
        ...spread(difference),
        four(difference.pValue),
        score.bySeed.map(({ before, after }, i) => `${arm.seeds[i]}: ${four(after - before)}`).join('; '),
      ]),
    },
    file: 'knowledge-over-seeds',
  });
};

const range = (difference: Difference | null | undefined): string =>
  difference ? `${points(difference.value)} (${points(difference.low)} to ${points(difference.high)})` : none;
const armsTable = (over: OverSeeds): Markup => {
  const names = armNames(over);
  return table('Arms, and what they come to over their seeds', {
    columns: [{ label: 'arm' }, { label: 'seeds' }, number('task after'), number('gain, points'), number('knowledge, points')],
    rows: over.arms.map((arm, i) => [
      [html`<i class="swatch" style="background:${hue(i)}"></i>`, names[i]!],
      arm.seeds.join(',\u00a0'),
      arm.task ? percentInterval(arm.task.after) : none,
      range(arm.task?.difference),
      range(arm.knowledge?.difference),
    ]),
  });
};

const pairsTable = (over: OverSeeds): Markup | null => {
  const names = armNames(over);
  const said = (difference: Difference | null): string => (difference ? `${range(difference)}, p = ${difference.pValue.toFixed(3)}` : none);
  if (over.pairs.length === 0) return null;
  return table('Differences of arms, paired by seed and item', {
    columns: [{ label: 'first minus second' }, { label: 'seeds' }, number('task, points'), number('knowledge, points')],
    rows: over.pairs.map(({ arms: [a, b], seeds, task, knowledge }) => [`${names[a]} − ${names[b]}`, seeds.join(',\u00a0'), said(task), said(knowledge)]),
  });
};

/** Arms of several seeds, drawn and in figures. */
export const overSeedsSection = async (over: OverSeeds): Promise<Content> => {
  const differ = over.arms.some(({ seeds, task, knowledge }) => seeds.length > 1 && [task, knowledge].some((score) => score && !score.sameItems));
  return [
    html`<p>Runs that differ in nothing but the seed are one arm. Its intervals come from drawing seeds and items anew.${differ && ' Seeds that were not asked the same were put together item by item: each held out a part of its own, or drew questions of its own.'}</p>\n`,
    over.notes.map((sentence) => html`<p class="warn">${sentence}</p>\n`),
    armsTable(over),
    await taskFigure(over),
    await knowledgeFigure(over),
    pairsTable(over),
  ];
};
