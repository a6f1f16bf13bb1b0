import { beforeAll, describe, expect, it } from 'vitest';
import { adaptReport } from './adapt-report.ts';
import { type AdaptResult, retrievedKind } from './adapt-result.ts';
import { attentionReport } from './attention-report.ts';
import { compareReport, compareVerdict, differencesOf } from './compare-report.ts';
import { guardReport } from './guard-report.ts';
import { headsReport } from './heads-report.ts';
import type { LearningMatrix } from './learning-matrix.ts';
import { orionCompareReport } from './orion-compare.ts';
import { orionReport } from './orion-report.ts';
import type { OrionMeasured } from './orion-result.ts';
import type { OverSeeds } from './over-seeds.ts';
import { retrievalReport } from './retrieval-report.ts';
import { attribute, type Element, named, read, saved, textOf } from './testing/read-page.ts';
import { sampleAttention } from './testing/sample-attention.ts';
import { sampleGuard } from './testing/sample-guard.ts';
import { sampleHeads } from './testing/sample-heads.ts';
import { sampleExtras, sampleOrion, sampleTask } from './testing/sample-orion.ts';
import { sampleArm, sampleOver, sampleScore } from './testing/sample-over-seeds.ts';
import { difference, sampleResult } from './testing/sample-result.ts';
import { sampleRetrieval } from './testing/sample-retrieval.ts';

const without = <Key extends keyof AdaptResult>(result: AdaptResult, key: Key): AdaptResult => {
  const { [key]: _, ...rest } = result;
  return rest as unknown as AdaptResult;
};
const retrieved = (): AdaptResult =>
  without(
    sampleResult({
      name: 'examples in the prompt',
      method: { kind: retrievedKind, options: { examples: 4 } },
      trainable: 0,
      tokens: 0,
      seconds: 0,
      loss: [],
      knowledge: null,
    }),
    'experts',
  );
const forgetful = (): AdaptResult =>
  sampleResult({ name: 'full', method: { kind: 'full', options: {} }, knowledge: { ...sampleResult().knowledge!, difference: difference(-0.11, 0.02) } });

const around = (value: number) => ({ low: value - 0.05, high: value + 0.05 });
const sampleMatrix = (changes: Partial<LearningMatrix> = {}): LearningMatrix => ({
  tasks: [
    { name: 'world knowledge', metric: 'right object ranked first', n: 268, learntAt: 'before' },
    { name: 'first', metric: 'exact match', n: 100, learntAt: 0 },
    { name: 'second', metric: 'words in common (F1)', n: 40, learntAt: 1 },
  ],
  stages: ['first', 'second'],
  scores: [
    [0.6, 0.8, 0.15],
    [0.58, 0.7, 0.9],
  ],
  before: [0.62, 0.1, 0.1],
  summary: { averageScore: 0.7267, backwardTransfer: -0.07, forgetting: 0.07, forwardTransfer: 0.025, changes: [-0.04, -0.1, null] },
  intervals: {
    scores: [
      [around(0.6), around(0.8), around(0.15)],
      [around(0.58), around(0.7), around(0.9)],
    ],
    before: [around(0.62), around(0.1), around(0.1)],
    averageScore: around(0.7267),
    backwardTransfer: around(-0.07),
    forgetting: around(0.07),
    forwardTransfer: around(0.025),
    changes: [around(-0.04), around(-0.1), null],
  },
  askedWith: 'f32',
  apart: [],
  ...changes,
});

const hostile = `"'><script>pwned=1</script></style></title><img src=x onerror=pwned=1><!--\u0000\ud800&lt;=cmd`;
const hostileResult = (): AdaptResult => {
  const sample = sampleResult();
  const answers = { expected: hostile, before: hostile, after: hostile };
  return sampleResult({
    name: hostile,
    verdict: hostile,
    model: { ...sample.model, name: hostile, sha256: hostile },
    data: {
      ...sample.data,
      path: hostile,
      shapes: [{ shape: hostile, samples: 1 }],
      kinds: [{ kind: hostile, samples: 1 }],
      skipped: [{ reason: hostile, samples: 1 }],
    },
    method: { kind: hostile, options: { [hostile]: hostile } },
    task: { ...sample.task!, metric: hostile },
    knowledge: { ...sample.knowledge!, metric: hostile, byRelation: [1, 2].map((n) => ({ relation: hostile + n, n, before: 0.1, after: 0.2 })) },
    examples: {
      lost: [{ question: hostile, ...answers }],
      gained: [{ question: hostile, ...answers }],
      task: [{ prompt: hostile, ...answers }],
      taskLost: [{ prompt: hostile, ...answers }],
      taskGained: [{ prompt: hostile, ...answers }],
    },
    experts: {
      ...sample.experts!,
      byKind: [{ kind: hostile, shares: sample.experts!.byKind[0]!.shares }],
      byModule: [{ site: hostile, shares: sample.experts!.byKind[0]!.shares }],
    },
    replay: { share: 0.2, source: hostile },
  });
};

const hostileOver = (): OverSeeds =>
  sampleOver({ arms: [hostile, hostile].map((name) => sampleArm({ name, method: name, task: sampleScore({ metric: name }) })), notes: [hostile] });

const hostileOrion = (): Promise<string> =>
  orionReport(
    {
      model: hostile,
      tasks: [sampleTask(hostile, hostile, [8, 16]), sampleTask(hostile, hostile, [9, 15]), sampleTask(hostile, hostile)],
      cells: { passed: 1, above70: 1 },
    },
    sampleExtras({ weights: hostile, skipped: [{ task: hostile, reason: hostile }], chat: { [hostile]: true } }),
  );

/** Two models, of which one knows a family that the other does not. */
const measured = (model = 'first', family = 'induction'): OrionMeasured[] => {
  const settings = { skipped: [], weights: 'f32', layers: 24, prompts: 100, pairs: 100, seed: 0 };
  return [
    { ...sampleOrion({ model, tasks: [sampleTask(family, 'x', [8, 16]), sampleTask('recall', 'x')] }), ...settings },
    { ...sampleOrion({ model: `${model} again`, tasks: [sampleTask(family, 'x'), sampleTask('recall', 'x')] }), ...settings },
  ];
};
const hostileRetrieval = () =>
  sampleRetrieval({
    model: hostile,
    weights: hostile,
    values: { told: [{ value: hostile, stories: 26 }], heads: [{ ...sampleRetrieval().values.heads[0]!, value: hostile }] },
  });
const hostileKinds = () => sampleGuard().kinds.map((one) => ({ ...one, kind: hostile + one.kind }));

const pages: [name: string, write: () => Promise<string>][] = [
  ['a run', () => adaptReport(sampleResult())],
  ['a run where little was measured', () => adaptReport(without(sampleResult({ task: null, knowledge: null, perplexityHeldOut: null, loss: [] }), 'experts'))],
  ['a run of one step', () => adaptReport(sampleResult({ loss: [{ step: 1, train: 2 }] }))],
  ['an arm without training', () => adaptReport(retrieved())],
  ['hostile text', () => adaptReport(hostileResult())],
  ['runs side by side', () => compareReport([sampleResult(), forgetful(), retrieved()])],
  ['stages of learning', () => compareReport([sampleResult({ name: 'first' }), sampleResult({ name: 'second' })], { matrix: sampleMatrix() })],
  ['hostile runs side by side', () => compareReport([hostileResult(), hostileResult()], { title: hostile })],
  ['runs over seeds', () => compareReport([sampleResult(), forgetful()], { overSeeds: sampleOver() })],
  ['hostile runs over seeds', () => compareReport([hostileResult(), hostileResult()], { overSeeds: hostileOver() })],
  ['retrieval tasks', () => orionReport(sampleOrion(), sampleExtras())],
  ['one retrieval task', () => orionReport({ model: 'm', tasks: [sampleTask('a', 'b', [8, 16])], cells: { passed: 1, above70: 1 } }, sampleExtras())],
  ['retrieval tasks that are not known', () => orionReport(sampleOrion({ tasks: [sampleTask('a', 'b')], cells: { passed: 0, above70: 0 } }), sampleExtras())],
  ['no retrieval task', () => orionReport(sampleOrion({ tasks: [], cells: { passed: 0, above70: 0 } }), sampleExtras())],
  ['hostile retrieval tasks', hostileOrion],
  ['models side by side', () => orionCompareReport(measured())],
  ['hostile models side by side', () => orionCompareReport(measured(hostile, hostile))],
  ['a study of retrieval', () => retrievalReport([sampleRetrieval()])],
  ['a study of retrieval where little is known', () => retrievalReport([sampleRetrieval({ curves: null, movers: [], values: { told: [], heads: [] } })])],
  ['hostile studies of retrieval', () => retrievalReport([hostileRetrieval(), { ...hostileRetrieval(), seed: 1 }])],
  ['kinds of heads', () => headsReport(sampleHeads())],
  ['hostile kinds of heads', () => headsReport(sampleHeads({ model: hostile, weights: hostile }))],
  ['attention, a block', () => attentionReport(sampleAttention())],
  ['attention, all blocks', () => attentionReport(sampleAttention({ patterns: [] }))],
  ['hostile attention', () => attentionReport(sampleAttention({ model: hostile, weights: hostile, tokens: ['a', hostile, '\u0000\ud800'] }))],
  ['a red team', () => guardReport(sampleGuard())],
  [
    'a red team without a finding',
    () => guardReport(sampleGuard({ cases: 0, kinds: [], results: [], off: { clean: 0, seconds: 0 }, on: { clean: 0, falseAlarms: 0, seconds: 0 } })),
  ],
  ['hostile red teams', () => guardReport(sampleGuard({ model: hostile, policy: hostile, kinds: hostileKinds() }, hostile))],
];

describe.each(pages)('the page of %s', (name, write) => {
  let text = '';
  let all: Element[] = [];
  let errors: string[] = [];
  beforeAll(async () => {
    text = await write();
    ({ all, errors } = read(text));
  });

  it('is HTML without an error', () => expect(errors).toEqual([]));

  it('runs nothing, fetches nothing, leads nowhere', () => {
    for (const tag of ['script', 'img', 'iframe', 'link', 'object', 'embed', 'form', 'base', 'foreignObject', 'image', 'use'])
      expect([tag, named(all, tag).length]).toEqual([tag, 0]);
    const attrs = all.flatMap((element) => element.attrs ?? []);
    expect(attrs.filter(({ name }) => name.startsWith('on') || name === 'src' || name === 'srcset')).toEqual([]);
    expect(attrs.filter(({ name, value }) => name === 'href' && !/^data:(?:image\/svg\+xml|text\/csv;charset=utf-8);base64,/.test(value))).toEqual([]);
    expect(text.match(/url\(|@import/)).toBeNull();
    const policy = named(all, 'meta').find((meta) => attribute(meta, 'http-equiv') === 'Content-Security-Policy');
    expect(attribute(policy!, 'content')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'/);
  });

  it('has one title, headings in order, named pictures and captioned tables', () => {
    expect(named(all, 'h1')).toHaveLength(1);
    expect(named(all, 'title').length).toBe(1);
    for (const svg of named(all, 'svg')) expect([attribute(svg, 'role'), (attribute(svg, 'aria-label') ?? '').length > 5]).toEqual(['img', true]);
    for (const table of named(all, 'table')) expect(textOf(table.childNodes!.find(({ nodeName }) => nodeName === 'caption')!).length).toBeGreaterThan(5);
    const figures = named(all, 'figure');
    expect(named(all, 'svg')).toHaveLength(2 * figures.length);
    expect(saved(all, '.svg')).toHaveLength(figures.length);
    expect(saved(all, '.csv')).toHaveLength(figures.length);
  });

  it('is the same twice', async () => expect(await write()).toBe(text));

  it('shows text from outside as it was', () => {
    if (!name.startsWith('hostile')) return expect(text.includes('pwned')).toBe(false);
    const shown = all.filter(({ nodeName }) => nodeName === '#text').map(textOf);
    expect(shown.filter((piece) => piece.includes('<script>pwned=1</script>')).length).toBeGreaterThan(2);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(text.match(/[\u0000-\u0008\ud800]/)).toBeNull();
  });

  it('draws no number that is none', () => expect(text.match(/\b(?:NaN|Infinity|undefined)\b/)).toBeNull());

  it('saves pictures that stand alone', () => {
    for (const svg of saved(all, '.svg')) {
      expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" /);
      expect(svg.match(/var\(|color-mix/)).toBeNull();
      // XML knows no other names for characters, and no bare < in an attribute.
      expect(svg.match(/&(?!(?:amp|lt|gt|quot|#\d+);)/)).toBeNull();
      expect(svg.match(/"[^"<>]*<[^"]*"(?= |\/?>)/)?.[0]).toBeUndefined();
      expect(read(`<!doctype html><title>.</title>${svg}`).errors).toEqual([]);
    }
  });
});

describe('adaptReport', () => {
  it('says which weights a run ended with, where it says so itself', async () => {
    expect(await adaptReport(sampleResult({ kept: { weights: 'best', epoch: 2 } }))).toContain('of epoch 2, whose held-out loss is the lowest');
    expect(await adaptReport(sampleResult({ kept: { weights: 'last', epoch: 3 } }))).toContain('the last, of epoch 3');
    expect(await adaptReport(sampleResult())).not.toContain('Weights kept');
  });

  it('shows held-out samples that changed between right and wrong, and from which score on they count as right', async () => {
    const { examples } = sampleResult();
    const [lost, gained] = [examples.taskLost![0]!, examples.taskGained![0]!];
    const page = await adaptReport(sampleResult());
    expect(page.indexOf('Task: was right, now wrong (1)')).toBeLessThan(page.indexOf(lost.prompt));
    expect(page.indexOf(lost.prompt)).toBeLessThan(page.indexOf('Task: was wrong, now right (1)'));
    expect(page.indexOf('Task: was wrong, now right (1)')).toBeLessThan(page.indexOf(gained.prompt));
    expect(page).not.toContain('counts as right');
    expect(await adaptReport(sampleResult({ examples: { ...examples, taskRightFrom: 0.5 } }))).toMatch(/counts as right here from a score of 50\W%/);
    const { taskLost: _, taskGained: __, ...before } = examples; // of an earlier version
    expect(await adaptReport(sampleResult({ examples: before }))).not.toContain('Task: was right');
  });

  it('tells what frozen weights in whole numbers cost, where it was measured', async () => {
    expect(await adaptReport(sampleResult({ frozen: { weights: 'int8', heldOutLoss: { held: 3.06, f32: 3.03 } } }))).toMatch(
      /in int8: before training a held-out token costs 3\.06 nats, beside float weights 3\.03 \(\+0\.99\W%\)/,
    );
    expect(await adaptReport(sampleResult())).not.toContain('Frozen weights');
  });

  it('counts samples that were cut, where it says so itself', async () => {
    const { data } = sampleResult();
    expect(await adaptReport(sampleResult({ data: { ...data, cut: 3 } }))).toMatch(/Cut to fit.{1,40}3\Wsamples/s);
    expect(await adaptReport(sampleResult())).not.toContain('Cut to fit');
  });

  it('saves figures as a spreadsheet reads them', async () => {
    const tables = saved(read(await adaptReport(sampleResult())).all, '.csv');
    expect(tables[0]).toBe(
      'score,n,before,"before, low","before, high",after,"after, low","after, high"\r\nTask: exact match,256,0.312,0.257,0.367,0.584,0.524,0.644\r\nWorld knowledge,1000,0.412,0.381,0.443,0.406,0.375,0.437\r\n',
    );
    const relations = saved(
      read(
        await adaptReport(
          sampleResult({ knowledge: { ...sampleResult().knowledge!, byRelation: ['=1+1', 'a'].map((relation) => ({ relation, n: 1, before: 0, after: 1 })) } }),
        ),
      ).all,
      '.csv',
    )[1];
    expect(relations).toContain("'=1+1,1,0,1");
  });

  it('says so where nothing balanced the experts, and all kinds use them alike', async () => {
    const shares = [0.5, 0.5];
    const experts = { byKind: [{ kind: 'a', shares }, { kind: 'b', shares }], byModule: [{ site: 'blocks.0.mlp.up', shares }], groups: [2], balance: null }; // biome-ignore format: one thought
    const page = await adaptReport(sampleResult({ experts }));
    expect(page).toContain('2 experts in 1 group; nothing balanced them');
    expect(page).toContain('All kinds of sample use the experts alike');
  });

  it('warns of held-out samples that were trained on, and of what was not measured', async () => {
    expect(await adaptReport(sampleResult({ data: { ...sampleResult().data, contaminated: 3 } }))).toContain(
      '3 held-out samples of 256 also stand in the training data',
    );
    expect(await adaptReport(sampleResult({ data: { ...sampleResult().data, contaminatedFacts: 2 } }))).toContain(
      '2 facts of 1\u202f000 asked about the world also stand in what was learnt',
    );
    expect(await adaptReport(sampleResult({ knowledge: null }))).toContain('World knowledge was not measured');
    expect(await adaptReport(retrieved())).not.toContain('World knowledge was not measured');
  });

  it('stays small where the result is large', async () => {
    const answer = { question: 'q'.repeat(20_000), expected: 'e'.repeat(20_000), before: 'b'.repeat(20_000), after: 'a'.repeat(20_000) };
    const many = Array.from({ length: 500 }, () => answer);
    const sample = sampleResult();
    const text = await adaptReport(
      sampleResult({
        loss: Array.from({ length: 50_000 }, (_, i) => ({ step: i + 1, train: 2 + (i % 7) / 10, heldOut: 2.5 })),
        examples: { lost: many, gained: many, task: many.map(({ question, ...rest }) => ({ prompt: question, ...rest })) },
        knowledge: {
          ...sample.knowledge!,
          byRelation: Array.from({ length: 400 }, (_, i) => ({ relation: `relation ${i}`, n: 10, before: 0.5, after: (i % 10) / 10 })),
        },
      }),
    );
    expect(text.length).toBeLessThan(1_500_000);
    expect(text).toContain('40 of 500');
    expect(text).toContain('(18800 more characters)');
  });
});

describe('compareReport', () => {
  it('says which run is best as far as the intervals tell, and which of those forgot least', () => {
    const [a, b] = [sampleResult({ name: 'a' }), { ...forgetful(), name: 'b' }];
    expect(compareVerdict([b, a]).replaceAll('\u00a0', ' ')).toBe(
      '“b” scores best on the task, 58.4 % (52.4 to 64.4), though the interval of one other run overlaps with this; of these “a” kept most world knowledge, −0.6 points (−1.9 to +0.7).',
    );
    const poor = sampleResult({ name: 'poor', task: { ...sampleResult().task!, after: { value: 0.3, low: 0.25, high: 0.35 } } });
    expect(compareVerdict([poor, b]).replaceAll('\u00a0', ' ')).toBe(
      '“b” scores best on the task, 58.4 % (52.4 to 64.4), clear of all others; its world knowledge changed by −11.0 points (−13.0 to −9.0).',
    );
    expect(compareVerdict([sampleResult({ task: null }), sampleResult({ task: null })])).toMatch(/^No run has a score/);
  });

  it('says where a comparison is not fair, and is silent where it is', () => {
    expect(differencesOf([sampleResult(), forgetful(), retrieved()])).toEqual([]);
    const other = sampleResult({ tokens: 2_000_000, model: { ...sampleResult().model, sha256: 'b'.repeat(64) }, data: { ...sampleResult().data, heldOut: 9 } });
    expect(differencesOf([sampleResult(), other])).toEqual([
      'The runs start from different base models.',
      'The runs do not hold out the same samples of the same file.',
      expect.stringMatching(/^The runs trained on unequal numbers of tokens/),
    ]);
  });

  it('takes the base model from a run that starts from it, and says which do not', async () => {
    const from = { name: 'first', path: 'runs/first', sha256: 'c'.repeat(64) };
    const second = sampleResult({ name: 'second', from });
    expect(differencesOf([sampleResult(), second])).toEqual([
      'second: starts from what first learnt and not from the base model; what it gained and lost is measured from there.',
    ]);
    expect(await compareReport([second, sampleResult()])).toContain('base model first');
    const later = await compareReport([second, { ...second, name: 'third' }]);
    expect(later).not.toContain('base model first');
    expect(later).not.toContain('dashes stand at');
    const page = await adaptReport(second);
    expect(page).toContain('starts from “first”');
    expect(page).toContain('Hollow is what it started from');
  });

  it('shows what learning one task after another did to each, and says where stages do not follow one another', async () => {
    const runs = [sampleResult({ name: 'first' }), sampleResult({ name: 'second' })];
    const { all } = read(await compareReport(runs, { matrix: sampleMatrix() }));
    expect(all.map(textOf).join('\n')).not.toContain('does not start from');
    const [svg] = saved(all, 'matrix.svg');
    for (const said of ['base model', '1 first', '2 second', 'world', '80.0&#160;%', '75 to 85', '15.0&#160;%', '10 to 20']) expect(svg).toContain(said);
    expect(saved(all, 'matrix.csv')[0]!.split('\r\n').slice(0, 2)).toEqual([
      'after,world knowledge,"world knowledge, low","world knowledge, high",first,"first, low","first, high",second,"second, low","second, high"',
      'base model,0.62,0.57,0.67,0.1,0.05,0.15,0.1,0.05,0.15',
    ]);
    expect(textOf(all[0]!)).toContain('After 2 stages the average score of 3 tasks is 72.7\u00a0% (67.7 to 77.7); scores of what was known before');
    expect(textOf(all[0]!)).toContain(
      'Scores of what was known before the last stage clearly fell since it was learnt, on average −7.0 points (−12.0 to −2.0)',
    );
    const matrix = sampleMatrix();
    const unclear = sampleMatrix({ intervals: { ...matrix.intervals, backwardTransfer: { low: -0.15, high: 0.01 } } });
    expect(await compareReport(runs, { matrix: unclear })).toContain('show no clear change since it was learnt, on average −7.0 points (−15.0 to +1.0)');
    expect(await compareReport(runs, { matrix: sampleMatrix({ apart: [1] }) })).toContain('“second” does not start from “first”');
  });

  it('speaks of arms where runs are seeds of such: by paired differences where there are any, else by intervals', async () => {
    const plainly = (over: OverSeeds) => compareVerdict([sampleResult(), forgetful()], over).replaceAll('\u00a0', ' ');
    expect(plainly(sampleOver())).toBe(
      '“queue-lora” scores best on the task over 3 seeds, 58.0 % (53.0 to 63.0), clear of all others; its world knowledge changed by −3.0 points (−8.0 to +2.0).',
    );
    // The same difference seen from the other side, and one that may be none.
    const turned = { arms: [1, 0] as const, seeds: [1, 2, 3], task: { value: -0.03, low: -0.05, high: -0.01, pValue: 0.004 }, knowledge: null };
    expect(plainly(sampleOver({ pairs: [turned] }))).toContain('clear of all others');
    expect(plainly(sampleOver({ pairs: [{ ...turned, task: { ...turned.task, high: 0 } }] }))).toContain(
      'though one other may be as good; of these it kept most',
    );
    expect(plainly(sampleOver({ pairs: [] }))).toContain('though one other may be as good');
    expect(plainly(sampleOver({ arms: [sampleArm()], pairs: [] }))).toBe(
      '“queue-lora” scores 58.0 % (53.0 to 63.0) on the task over 3 seeds, +27.0 points (+22.0 to +32.0) on before; its world knowledge changed by −3.0 points (−8.0 to +2.0).',
    );
  });

  it('shows arms, each seed of them, and how narrow an interval of few seeds is', async () => {
    const runs = [sampleResult(), forgetful()];
    const { all } = read(await compareReport(runs, { overSeeds: sampleOver() }));
    const words = all.map(textOf).join('\n').replaceAll('\u00a0', ' ');
    for (const said of [
      'Over seeds',
      'of what a seed changes 3 seeds show about 82 %',
      'queue-lora − queue-full',
      '+3.0 (+1.0 to +5.0), p = 0.004',
      '256 in all',
    ])
      expect(words).toContain(said);
    expect(saved(all, 'task-over-seeds.csv')[0]!.split('\r\n').slice(0, 2)).toEqual([
      'arm,seeds,n,before,"before, low","before, high",after,"after, low","after, high","after, by seed"',
      'queue-lora,3,256,0.31,0.26,0.36,0.58,0.53,0.63,1: 0.56; 2: 0.58; 3: 0.6',
    ]);
    // A dot before and after for each arm, and a ring for each of its seeds.
    expect(saved(all, 'task-over-seeds.svg')[0]!.match(/<circle /g)).toHaveLength(2 * 2 + 2 * 3);
    expect(saved(all, 'knowledge-over-seeds.svg')[0]!.match(/<circle /g)).toHaveLength(2 + 2 * 3);
    expect(await compareReport(runs)).not.toContain('Over seeds');
  });

  it('tells runs of one name apart', async () => {
    const text = await compareReport([sampleResult(), sampleResult()]);
    expect(text).toContain('support-answers (2)');
  });

  it('asks for two runs', async () => {
    await expect(compareReport([sampleResult()])).rejects.toThrow(/expected at least two results, got 1/);
  });
});
