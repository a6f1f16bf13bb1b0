import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';

const bin = new URL('../bin/lyceum.js', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-adapt-'));
const env = { ...process.env, NO_COLOR: '1', LYCEUM_HOME: join(folder, 'home') };
const lyceum = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: folder, env });
const quick = ['--model', './tiny', '--length', '64', '--threads', '1', '--learning-rate', '0.01'];
const adapt = (...args: string[]) => lyceum('adapt', ...args, ...quick);

const colours = ['red', 'green', 'blue'];
const sample = (n: number) =>
  n % 2 === 0
    ? { id: `s${n}`, kind: 'count', instruction: `How many legs do ${n} cows have?`, output: String(4 * n) }
    : { id: `s${n}`, kind: 'colour', instruction: `Which colour has box ${n}?`, output: colours[n % 3] };
const preference = (n: number) => ({ id: `p${n}`, prompt: `Is box ${n} closed?`, chosen: 'It is.', rejected: 'No.' });
const write = (name: string, lines: readonly unknown[]): string => {
  writeFileSync(join(folder, name), lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return name;
};
const samples = Array.from({ length: 40 }, (_, n) => sample(n));
const at = (...path: string[]) => join(folder, '.lyceum', 'runs', ...path);
const bytesBelow = (place: string) => readdirSync(place, { recursive: true, encoding: 'utf8' }).sort();

beforeAll(async () => {
  await writeTinyModel(join(folder, 'tiny'), { context: 512 });
  await writeTinyModel(join(folder, 'other'), { context: 512, vocab: 272 });
  write('data.jsonl', samples);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);

describe('lyceum adapt', () => {
  it('--dry-run says what was recognised and what it takes, and writes nothing', () => {
    const { status, stdout, stderr } = adapt('data.jsonl', '--dry-run');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^\d+ steps, [\d,]+ tokens, 15,360 trained parameters, about \d+\.\d minutes, \d+ MB of memory\nnothing was trained; .+data-loramoe\n$/,
    );
    expect(stderr).toMatch(/^36 samples to learn \(40 instruction; kinds: colour 20, count 20\), 4 held out\n\d+ % of the tokens are general ones, replayed/);
    const asJson = adapt('data.jsonl', '--dry-run', '--json');
    expect([asJson.status, asJson.stderr]).toEqual([0, '']);
    expect(Object.keys(JSON.parse(asJson.stdout))).toEqual(['steps', 'tokens', 'trainable', 'minutes', 'memoryBytes', 'warning']);
    expect(existsSync(join(folder, '.lyceum'))).toBe(false);
  }, 60_000);

  it('trains, and prints one document of what was gained and lost; asked again, it answers without measuring', () => {
    const first = adapt('data.jsonl', '--json');
    expect([first.status, first.stderr]).toEqual([0, '']);
    const told = JSON.parse(first.stdout) as Record<string, unknown>;
    expect(Object.keys(told).slice(0, 8)).toEqual(['method', 'trainable', 'tokens', 'seconds', 'task', 'knowledge', 'experts', 'adapter']);
    const interval = { value: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
    expect(told).toMatchObject({
      method: 'loramoe',
      trainable: 15_360,
      task: { metric: 'exact match', n: 4, before: interval, after: interval },
      knowledge: { before: interval, after: interval },
      experts: { groups: [3, 3], byKind: [{ kind: 'colour' }, { kind: 'count' }] },
      adapter: at('data-loramoe', 'adapter'),
    });
    const { before, after } = told['perplexityHeldOut'] as { before: number; after: number };
    expect(after).toBeLessThan(before);
    const report = readFileSync(told['report'] as string, 'utf8');
    expect(report).toContain(told['verdict']);
    // What was measured is gone, so what follows is not measured again: it would be there.
    for (const file of ['before.json', 'after.json']) rmSync(at('data-loramoe', file));
    const files = bytesBelow(at('data-loramoe'));
    const again = adapt('data.jsonl', '--json');
    expect([again.status, again.stdout]).toEqual([0, first.stdout]);
    renameSync(join(folder, 'data.jsonl'), join(folder, 'moved.jsonl'));
    expect(adapt('moved.jsonl', '--output', at('data-loramoe'), '--json').stdout).toBe(first.stdout);
    renameSync(join(folder, 'moved.jsonl'), join(folder, 'data.jsonl'));
    expect(bytesBelow(at('data-loramoe'))).toEqual(files);
    const other = adapt('data.jsonl', '--epochs', '3');
    expect([other.status, other.stdout]).toEqual([2, '']);
    expect(other.stderr).toMatch(/expected the run that is begun there .+; use another folder, or remove this one to begin anew \(CONFIG\)\n$/);
  }, 120_000);

  it('shows how the experts of any mixture were used', () => {
    const told = JSON.parse(adapt('data.jsonl', '--method', 'mixlora', '--options', '{"experts":4,"topK":2}', '--json').stdout) as {
      experts: { groups: number[]; balance: number | null; byKind: { kind: string; shares: number[] }[] };
      report: string;
    };
    expect(told.experts).toMatchObject({ groups: [4], balance: null });
    expect(told.experts.byKind.map(({ kind, shares }) => [kind, shares.length])).toEqual([['colour', 4], ['count', 4]]); // biome-ignore format: short
    expect(readFileSync(told.report, 'utf8')).toContain('4 experts in 1 group; nothing balanced them');
  }, 60_000);

  it('what it made is chatted with, scored with, compared and exported', () => {
    const trained = adapt('data.jsonl', '--method', 'lora');
    expect(trained.status).toBe(0);
    expect(trained.stdout).toMatch(/; `lyceum chat --adapter .+data-lora` talks with the adapted model\n$/);
    write('pairs.jsonl', [{ id: 1, prompt: '<|im_start|>user\nWhich colour has box 5?<|im_end|>\n<|im_start|>assistant\n', completion: 'blue' }]);
    const score = (...args: string[]) =>
      JSON.parse(lyceum('score', '--model', './tiny', '--weights', 'f32', '--input', 'pairs.jsonl', ...args).stdout) as { logprob: number };
    const plain = score().logprob;
    for (const run of ['data-lora', 'data-loramoe']) expect(score('--adapter', at(run)).logprob).toBeGreaterThan(plain + 0.5);
    // The model is the one that the run was told.
    const own = lyceum('score', '--adapter', at('data-lora'), '--weights', 'f32', '--input', 'pairs.jsonl');
    expect([own.status, JSON.parse(own.stdout)]).toMatchObject([0, { logprob: score('--adapter', at('data-lora')).logprob }]);
    const chat = spawnSync(process.execPath, [bin, 'chat', '--adapter', at('data-lora'), '--max-tokens', '4', '--json'], {
      encoding: 'utf8',
      cwd: folder,
      env,
      input: 'Which colour has box 5?\n',
    });
    expect([chat.status, JSON.parse(chat.stdout).usage.completionTokens]).toEqual([0, expect.any(Number)]);

    const compared = lyceum('adapt', 'compare', at('data-lora'), at('data-loramoe'), '--output', 'both.html', '--json');
    expect([compared.status, compared.stderr]).toEqual([0, '']);
    const { verdict, runs } = JSON.parse(compared.stdout) as { verdict: string; runs: { name: string; method: string }[] };
    expect(runs.map(({ name, method }) => [name, method])).toEqual([['data-lora', 'lora'], ['data-loramoe', 'loramoe']]); // biome-ignore format: short
    expect(readFileSync(join(folder, 'both.html'), 'utf8')).toContain(verdict);
    // All of it stands in the results: the tasks are one.
    const stages = lyceum('adapt', 'compare', at('data-lora'), at('data-loramoe'), '--matrix', '--output', 'stages.html', '--json');
    expect([stages.status, stages.stderr]).toEqual([0, '']);
    const { matrix } = JSON.parse(stages.stdout) as { matrix: { scores: number[][]; before: number[]; summary: { averageScore: number } } };
    expect(matrix).toMatchObject({ tasks: [{ learntAt: 'before' }, { name: 'data-lora', learntAt: 0 }, { name: 'data-loramoe', learntAt: 1 }], apart: [1] });
    expect([matrix.scores.map((row) => row.length), matrix.before.length]).toEqual([[3, 3], 3]);
    expect(readFileSync(join(folder, 'stages.html'), 'utf8')).toContain('One task after another');
    const table = lyceum('adapt', 'compare', at('data-lora'), at('data-loramoe'), '--matrix', '--output', 'stages.html');
    expect(table.stdout).toMatch(
      /^ +world +task 1 +task 2\nbase model .+\n1 data-lora .+\n2 data-loramoe .+\n(?:.+\n)?\naverage score \d+\.\d % \[\d+, \d+\]\nbackward transfer .+\nin brackets: .+\ndata-loramoe does not start from data-lora/,
    );
    expect(table.stderr).toMatch(/the comparison is .+stages\.html\n$/);
    expect(lyceum('adapt', 'compare', at('data-lora'), at('none')).stderr).toMatch(/none: expected a run that is over, .+\(NOT_FOUND\)\n$/);
    expect(lyceum('adapt', 'compare', at('data-lora')).stderr).toMatch(/expected two runs at least, got 1/);

    cpSync(at('data-lora'), at('copy-lora'), { recursive: true });
    const mixed = lyceum('adapt', 'combine', at('data-lora'), at('copy-lora'), '--method', 'arrow', '--top-k', '1', '--threads', '1');
    expect([mixed.status, mixed.stderr, mixed.stdout]).toEqual([0, expect.any(String), expect.stringMatching(/\n\ntask of +asked +base model +its own adapter +the mixture\ndata-lora +4 .+\ncopy-lora +4 .+\n\nthe report is .+data-lora\+copy-lora-arrow.report\.html; /)]); // biome-ignore format: short
    expect(score('--adapter', at('data-lora+copy-lora-arrow')).logprob).toBeCloseTo(score('--adapter', at('data-lora')).logprob, 3);
    expect(lyceum('adapt', 'combine', at('data-lora'), at('copy-lora'), '--method', 'lora').stderr).toMatch(/expected --method arrow, which alone mixes/);
    expect(adapt('data.jsonl', '--method', 'arrow').stderr).toMatch(/`lyceum adapt combine RUN RUN` mixes finished runs/);

    const exported = (run: string, format: string, output: string) => lyceum('adapt', 'export', at(run), '--format', format, '--output', output);
    for (const [run, method] of [
      ['data-lora', 'LORA'],
      ['data-loramoe', 'LYCEUM_LORAMOE'],
    ] as const) {
      // biome-ignore format: short
      expect(exported(run, 'peft', `${run}-peft`)).toMatchObject({ status: 0 });
      expect(JSON.parse(readFileSync(join(folder, `${run}-peft`, 'adapter_config.json'), 'utf8'))).toMatchObject({ peft_type: method });
      expect(exported(run, 'onnx', `${run}-onnx`)).toMatchObject({ status: 0, stderr: '' });
      expect(readdirSync(join(folder, `${run}-onnx`)).some((name) => name.endsWith('.onnx'))).toBe(true);
    }
    for (const [format, output] of [
      ['gguf', 'merged.gguf'],
      ['merged-safetensors', 'merged'],
    ] as const) {
      // biome-ignore format: short
      expect(exported('data-lora', format, output)).toMatchObject({ status: 0 });
      const merged = JSON.parse(lyceum('score', '--model', `./${output}`, '--weights', 'f32', '--input', 'pairs.jsonl').stdout) as { logprob: number };
      expect(merged.logprob).toBeCloseTo(score('--adapter', at('data-lora')).logprob, 3);
      const refused = exported('data-loramoe', format, `refused-${output}`);
      expect([refused.status, refused.stdout]).toEqual([2, '']);
      expect(refused.stderr).toMatch(
        /expected one that weights can hold, got one that they cannot: its router looks at what enters the linear, .+\(UNSUPPORTED\)\n$/,
      );
      expect(existsSync(join(folder, `refused-${output}`))).toBe(false);
    }

    for (const verb of [
      ['complete', '--input', 'pairs.jsonl'],
      ['score', '--input', 'pairs.jsonl'],
      ['chat', '--json'],
      ['serve', '--port', '0'],
    ]) {
      const wrong = lyceum(...verb, '--model', './other', '--adapter', at('data-loramoe'));
      expect([wrong.status, wrong.stdout]).toEqual([2, '']);
      expect(wrong.stderr).toMatch(/expected the model it was trained on, tiny with weights [0-9a-f]+…, got weights [0-9a-f]+…; .+\(CONFIG\)\n$/);
    }
  }, 300_000);

  it('recognises untidy data, lists what it leaves out, reports what it found, and ends with 3', () => {
    const long = 'many words '.repeat(12);
    write('untidy.jsonl', [
      ...samples,
      samples[3],
      { id: 's4', text: 'A text that is learnt as a whole.' },
      { id: 'chat', messages: [{ role: 'user', content: 'Which colour has box 99?' }, { role: 'assistant', content: 'red' }] }, // biome-ignore format: short
      { id: 'long prompt', instruction: long, output: 'yes' },
      { id: 'long answer', instruction: 'Say it.', output: long },
      { id: 'no answer', instruction: 'What is this?' },
      'not json',
      { colour: 'red' },
    ]);
    write('judge.jsonl', [samples[2], { instruction: 'What is it?', output: 'blue' }]);
    const { status, stdout, stderr } = adapt('untidy.jsonl', '--eval', 'judge.jsonl', '--dry-run', '--replay', '0');
    expect(status).toBe(3);
    expect(stdout).toMatch(/nothing was trained/);
    expect(stderr).toContain('45 samples to learn (43 instruction, 1 text, 1 chat; kinds: colour 24, count 21), 2 held out\n');
    for (const said of [
      'the file mixes shapes; each sample is learnt by its own\n',
      'skipped line 46: output is missing: there is no answer to learn\n',
      'skipped line 47: no JSON: ',
      'skipped line 48: no shape fits the fields colour; ',
      'samples that stand twice: 1, as s3 in s3#2; they are kept, and on one side of the split\n',
      'ids that stand twice: 2; the later samples are called s3#2 and so on\n',
      'samples that were cut to fit (texts into parts): 1, as long prompt\n',
      'left out long answer: its answer alone has ',
      'held-out samples that also stand in the training data: 1, as s2 in s2; their score says little\n',
      'no general samples are replayed\n',
    ])
      expect(stderr).toContain(said);
    const strict = adapt('untidy.jsonl', '--eval', 'judge.jsonl', '--dry-run', '--replay', '0', '--too-long', 'refuse');
    expect(strict.status).toBe(3);
    expect(strict.stderr).toMatch(/left out long prompt: it has \d+ tokens, more than 64\n/);
    expect(strict.stderr).not.toContain('were cut to fit');
  }, 60_000);

  it('learns from preferences which answer is the better one, and reports how often it is the likelier', () => {
    write('prefer.jsonl', Array.from({ length: 60 }, (_, n) => preference(n))); // biome-ignore format: short
    const run = adapt('prefer.jsonl', '--method', 'lora', '--length', '128', '--epochs', '6', '--beta', '0.02', '--json');
    expect([run.status, run.stderr]).toEqual([0, '']);
    const told = JSON.parse(run.stdout) as {
      task: { metric: string; n: number; before: { value: number }; after: { value: number } };
      perplexityHeldOut: null;
    };
    expect(told).toMatchObject({ task: { metric: 'preference accuracy', n: 6 }, perplexityHeldOut: null });
    expect(told.task.after.value).toBeGreaterThan(told.task.before.value);
  }, 120_000);

  it('finds the entries of weights that matter by itself, and trains only these', () => {
    const run = adapt('data.jsonl', '--method', 'fisher-masked', '--options', '{"share":0.05,"samples":8}', '--epochs', '1', '--json');
    expect([run.status, run.stderr]).toEqual([0, '']);
    const { trainable, method } = JSON.parse(run.stdout) as { trainable: number; method: string };
    const { entries } = JSON.parse(readFileSync(at('data-fisher-masked', 'entries.json'), 'utf8')) as { entries: Record<string, string> };
    expect(Object.keys(entries).length).toBeGreaterThan(1);
    expect([method, trainable]).toEqual(['fisher-masked', expect.any(Number)]);
    expect(trainable).toBeGreaterThan(100);
    expect(adapt('data.jsonl', '--method', 'fisher-masked', '--options', '{"part":1}').stderr).toMatch(
      /expected entries, or share and samples to choose them by/,
    );
  }, 120_000);

  it('learns from the documents of the workspace, as plain texts', () => {
    expect(adapt('--documents', '--dry-run').stderr).toMatch(/\(NOT_FOUND\)\n$/);
    for (const n of [1, 2, 3]) writeFileSync(join(folder, `note${n}.txt`), `Note ${n} is about boxes. `.repeat(5));
    const dir = ['--dir', join(folder, 'noted')];
    expect(lyceum('read', 'note1.txt', 'note2.txt', 'note3.txt', '--quiet', ...dir).status).toBe(0);
    const { status, stdout, stderr } = adapt('--documents', '--dry-run', ...dir);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/the run goes to .+noted\/runs\/documents-loramoe\n$/)]);
    expect(stderr).toMatch(/samples to learn \(3 text\)/);
    expect(adapt('data.jsonl', '--documents').stderr).toMatch(/expected data or --documents, got both/);
  }, 120_000);

  it('says which kinds have no group of experts', () => {
    write('three.jsonl', samples.map((one, n) => ({ ...one, kind: ['a', 'b', 'c'][n % 3] }))); // biome-ignore format: short
    expect(adapt('three.jsonl', '--dry-run').stderr).toMatch(/kinds c have no group of experts of their own \(2 groups\)/);
    expect(adapt('three.jsonl', '--dry-run', '--options', '{"groups":[2,2,2]}').stderr).not.toMatch(/no group of experts/);
  }, 60_000);

  it.each([
    ['no data', [], 2, /expected data to learn from, got none/],
    ['no such file', ['none.jsonl'], 2, /none\.jsonl.+\(NOT_FOUND\)/],
    ['an empty file', [['empty.jsonl', []]], 2, /empty\.jsonl: expected samples, got an empty file; .+\(FORMAT\)/],
    [
      'one line',
      [['one.jsonl', [sample(0)]]],
      2,
      /one\.jsonl: expected samples that ask two different things at least, one to learn and one to hold out, got 1; .+\(--eval\) \(CONFIG\)/,
    ],
    ['no labels', [['bare.jsonl', [{ instruction: 'a' }, { instruction: 'b' }]]], 2, /got 2 lines that are none, the first in line 1: output is missing/],
    [
      'preferences among others',
      [['mixed2.jsonl', [preference(1), preference(2), sample(0)]]],
      2,
      /expected preferences alone or none, got 2 among 3 samples; .+\(CONFIG\)/,
    ],
    [
      'preferences judged by others',
      [['pairs3.jsonl', [preference(1), preference(2)]], '--eval', 'data.jsonl'],
      2,
      /data\.jsonl: expected preferences, as the training data holds/,
    ],
    [
      'all too long',
      [['long.jsonl', [1, 2].map((n) => ({ instruction: `${n}`, output: 'word '.repeat(40) }))]],
      2,
      /expected samples of at most 64 tokens.+\(--length\)/,
    ],
    ['no kind', ['data.jsonl', '--kind', 'flavour'], 2, /expected a field flavour .+ got none in 40 samples/],
    [
      'little memory',
      ['data.jsonl', '--memory', '1mb', '--output', 'little'],
      2,
      /expected training within 1 MB, got at least \d+ MB .+give at least --memory \d+mb .+\(CONFIG\)/,
    ],
    ['odd memory', ['data.jsonl', '--memory', 'much'], 2, /expected --memory as in 4gb or 2500mb, got much/],
    ['an unknown method', ['data.jsonl', '--method', 'magic'], 2, /expected a kind of .+loramoe.+, got "magic"/],
    ['unknown weights to keep', ['data.jsonl', '--keep', 'first'], 2, /keep: .+"best"\|"last"/],
    ['an unknown way with long samples', ['data.jsonl', '--too-long', 'wrap'], 2, /expected tooLong cut or refuse, got wrap/],
    ['an unknown size', ['data.jsonl', '--size', 'huge'], 2, /size: .+"small"\|"medium"\|"large"/],
    ['an unknown option', ['data.jsonl', '--options', '{"rnk":3}'], 2, /loramoe: .+rnk/],
    ['options that are no JSON', ['data.jsonl', '--options', 'rank=3'], 2, /expected --options as a JSON object/],
    ['an unknown form of the constraint', ['data.jsonl', '--balance-form', 'entropy'], 2, /balance\.form: .+variance\/mean/],
    ['a balance without experts', ['data.jsonl', '--method', 'lora', '--delta', '0.2'], 2, /expected a mixture in groups of experts to balance, got lora/],
    ['no epochs', ['data.jsonl', '--epochs', '0'], 2, /--epochs: expected a whole number of at least 1/],
    ['int4', ['data.jsonl', '--weights', 'int4'], 2, /expected --weights auto, f32 or int8, got int4/],
    ['webgpu', ['data.jsonl', '--device', 'webgpu'], 2, /expected --device cpu/],
    [
      'a loss that is no number',
      ['data.jsonl', '--method', 'lora', '--options', '{"alpha":1e38}', '--output', 'diverged'],
      1,
      /expected a finite gradient, got \S+ at step 1 \(epoch 1, samples .+lower the learning rate, or look at these samples \(DIVERGED\)/,
    ],
  ] as [string, (string | [string, unknown[]])[], number, RegExp][])(
    'refuses %s, and says why',
    (_, args, code, said) => {
      const { status, stdout, stderr } = adapt(...args.map((arg) => (typeof arg === 'string' ? arg : write(...arg))));
      expect([status, stdout]).toEqual([code, '']);
      expect(stderr).toMatch(said);
      expect(stderr).not.toMatch(/internal:|at .+\.ts:/);
    },
    60_000,
  );

  it('needs a model', () => {
    expect(lyceum('adapt', 'data.jsonl')).toMatchObject({ status: 2, stderr: expect.stringMatching(/expected --model, got none/) });
    expect(lyceum('adapt', 'data.jsonl', '--model', 'nobody-has-this')).toMatchObject({ status: 2, stderr: expect.stringMatching(/\(NOT_FOUND\)/) });
  });

  it.skipIf(process.platform === 'win32')(
    'stops at Ctrl-C with what was trained, lets nobody else in meanwhile, and the same command goes on',
    async () => {
      const command = ['adapt', 'data.jsonl', ...quick, '--epochs', '8', '--output', 'stopped', '--method', 'lora'];
      const child = spawn(process.execPath, [bin, ...command], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
      let stderr = '';
      child.stderr.on('data', (chunk) => (stderr += chunk));
      const ended = once(child, 'close'); // after the last of what it says
      const metrics = join(folder, 'stopped', 'metrics.jsonl');
      while (!existsSync(metrics) || readFileSync(metrics, 'utf8').split('\n').length < 4)
        await Promise.race([setTimeout(20), ended.then(() => expect.unreachable(stderr))]);
      child.kill('SIGSTOP'); // it holds the run, and does not end meanwhile
      const second = lyceum(...command);
      child.kill('SIGCONT');
      expect([second.status, second.stdout]).toEqual([1, '']);
      expect(second.stderr).toContain(`got one of process ${child.pid}; wait for it, or stop it (BUSY)\n`);
      child.kill('SIGINT');
      const [code] = await ended;
      expect([code, stderr]).toEqual([130, expect.stringMatching(/lyceum: .*cancelled; .*same command.*\n$/)]);
      const [checkpoint] = readdirSync(join(folder, 'stopped', 'checkpoints'));
      expect(checkpoint).toMatch(/^step-\d{9}$/);
      const kept = readFileSync(metrics, 'utf8');
      // What a kill may leave behind a checkpoint is cut off.
      appendFileSync(metrics, '{"step":9');
      const done = lyceum(...command);
      expect([done.status, done.stderr]).toEqual([0, expect.stringMatching(/steps of 4 × 64/)]);
      expect(readFileSync(metrics, 'utf8').startsWith(kept)).toBe(true);
      expect(existsSync(join(folder, 'stopped', 'report.html'))).toBe(true);
    },
    240_000,
  );

  it.each(['compare', 'export'])('%s --help shows examples', (name) => {
    const { status, stdout } = lyceum('adapt', name, '--help');
    expect(status).toBe(0);
    expect(stdout.split('Examples:')[1]!.match(new RegExp(`\\n {2}lyceum adapt ${name} `, 'g'))!.length).toBeGreaterThan(1);
  });
});
