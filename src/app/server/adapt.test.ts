import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { Look, Run } from './index.ts';
import { adaptServer, colourSamples, errorOf, json, lines } from './testing/adapt-server.ts';

vi.setConfig({ testTimeout: 60_000 });
const teaching = adaptServer();

describe('a look at training data', () => {
  it('counts shapes, kinds, doubles and what is skipped, and shows samples with what is learnt', async () => {
    const id = await teaching.upload(
      'mixed.jsonl',
      lines([
        ...colourSamples.slice(0, 4),
        colourSamples[0],
        'no json',
        { text: 'A text.' },
        {
          messages: [
            { role: 'user', content: 'Q' },
            { role: 'assistant', content: 'A' },
          ],
        },
      ]),
    );
    const look = await json<Look>(teaching.ask('/api/adapt/look', 'POST', { upload: id, model: teaching.tiny }));
    expect(look).toMatchObject({
      name: 'mixed.jsonl',
      samples: 7,
      kinds: [
        { kind: 'even', samples: 3 },
        { kind: 'odd', samples: 2 },
      ],
      duplicates: 1,
      skipped: { count: 1, lines: [{ line: 6, reason: expect.stringContaining('no JSON') }] },
      unusable: null,
    });
    expect(look.shapes).toEqual([
      { shape: 'instruction', samples: 5 },
      { shape: 'text', samples: 1 },
      { shape: 'chat', samples: 1 },
    ]);
    expect(look.first[0]).toEqual({
      id: 'line 1',
      line: 1,
      shape: 'instruction',
      kind: 'even',
      turns: [
        { role: 'user', content: 'Colour 0?', learnt: false },
        { role: 'assistant', content: 'red', learnt: true },
      ],
      tokens: expect.any(Number),
      seen: [
        { text: '<|im_start|>user\nColour 0?<|im_end|>\n<|im_start|>assistant\n', learnt: false },
        { text: 'red<|im_end|>', learnt: true },
      ],
      problem: null,
    });
    // The same bytes have the same place, so a run that goes on finds them.
    const again = await json<Look>(teaching.ask('/api/adapt/look', 'POST', { path: look.data }));
    expect(again).toMatchObject({ data: look.data, samples: 7 });
    expect(again.first.every(({ seen, tokens }) => seen.length === 0 && tokens === null)).toBe(true);
  });

  it('says why nothing can be learnt, without the place where it keeps a dropped file', async () => {
    const pair = { prompt: 'Q', chosen: 'A', rejected: 'B' };
    const lookAt = async (name: string, samples: readonly unknown[]) =>
      (await json<Look>(teaching.ask('/api/adapt/look', 'POST', { upload: await teaching.upload(name, lines(samples)) }))).unusable;
    expect(await lookAt('p.jsonl', [pair])).toBeNull();
    expect((await errorOf(teaching.ask('/api/adapt/look', 'POST', { documents: true })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt/look', 'POST', { documents: true, path: 'x' })))[0]).toBe(400);
    expect(await lookAt('m.jsonl', [pair, { prompt: 'Q', completion: 'A' }])).toBe(
      '1 of its 2 samples are preferences, two answers each: put the others into a file of their own',
    );
    const list = await errorOf(teaching.ask('/api/adapt/look', 'POST', { upload: await teaching.upload('list.jsonl', '[{"text":"x"}]') }));
    expect(list).toEqual([400, 'FORMAT', expect.stringMatching(/^list\.jsonl: expected JSON Lines, got a JSON list/)]);
    expect(await errorOf(teaching.ask('/api/adapt/look', 'POST', { upload: await teaching.upload('no.jsonl', '') }))).toEqual([
      400,
      'FORMAT',
      expect.stringContaining('empty file'),
    ]);
    expect(await errorOf(teaching.ask('/api/adapt/look', 'POST', { path: join(teaching.path, 'none') }))).toEqual([
      404,
      'NOT_FOUND',
      expect.stringContaining('none'),
    ]);
    expect((await errorOf(teaching.ask('/api/adapt/look', 'POST', { path: '/dev/zero' })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt/look', 'POST', {})))[0]).toBe(400);
    expect((await errorOf(teaching.ask('/api/adapt/look', 'POST', { upload: crypto.randomUUID() })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt/look', 'POST', { path: 'x', model: 'minilm' })))[0]).toBe(422);
  });
});

describe('teaching a model', () => {
  it('refuses what it cannot teach, by name', async () => {
    const request = { method: 'lora', length: 48, replay: 0, weights: 'f32', data: join(teaching.path, 'none.jsonl'), model: teaching.tiny };
    for (const wrong of [
      { method: 'arrow' },
      { name: '../x' },
      { name: '.x' },
      { replay: 1 },
      { keep: 'first' },
      { from: '../x' },
      { unknown: 1 },
      { data: '' },
    ])
      expect((await errorOf(teaching.ask('/api/adapt', 'POST', { ...request, ...wrong })))[0]).toBe(400);
    expect((await errorOf(teaching.ask('/api/adapt', 'POST', { ...request, model: '/etc' })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt', 'POST', { ...request, model: 'minilm' })))[0]).toBe(422);
    expect((await errorOf(teaching.ask('/api/adapt', 'POST', { ...request, from: 'none' })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt/matrix', 'POST', { runs: ['none', 'neither'] })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt/combine', 'POST', { runs: ['none', 'neither'] })))[0]).toBe(404);
    for (const wrong of [{ runs: ['one'] }, { runs: ['none', 'neither'], method: 'lora' }, { runs: ['none', 'neither'], topK: 0 }])
      expect((await errorOf(teaching.ask('/api/adapt/combine', 'POST', wrong)))[0]).toBe(400);
    expect((await errorOf(teaching.ask('/api/adapt/matrix?run=none&run=neither')))[0]).toBe(404);
    const failed = await teaching.ended(await json<Run>(teaching.ask('/api/adapt', 'POST', request)));
    expect(failed).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('none.jsonl') } });
    expect((await errorOf(teaching.ask('/api/adapt/runs/none', 'POST', {})))[0]).toBe(404);
    expect((await teaching.ask('/api/adapt/runs/..%2f..')).status).toBe(400);
    expect(
      (await teaching.server.app.request('/api/adapt', { method: 'POST', headers: { host: '127.0.0.1:7700', 'content-type': 'text/plain' }, body: '{}' }))
        .status,
    ).toBe(415);
    expect((await teaching.server.app.request('/api/adapt/runs', { headers: { host: 'evil.example' } })).status).toBe(403);
  });

  it('passes on that training would take more memory than is free', async () => {
    const warning = 'training takes about 5,800 MB, and 3,100 MB are free here';
    const before = teaching.server;
    await using short = teaching.make(join(teaching.path, 'short'), { teach: async () => ({ figures: { memoryBytes: 5.8e9 }, notes: [warning] }) });
    teaching.server = short;
    try {
      const asked = await json<Run>(teaching.ask('/api/adapt', 'POST', { data: 'x.jsonl', model: teaching.tiny, dryRun: true }));
      expect(await teaching.ended(asked)).toMatchObject({ state: 'done', result: { memoryBytes: 5.8e9 }, notes: [warning] });
    } finally {
      teaching.server = before;
    }
  });
});
