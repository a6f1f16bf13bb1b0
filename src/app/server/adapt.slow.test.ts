import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { askedFacts } from '../adapt/measure-model.ts';
import type { AdaptRun, AdaptRunDetails, AdaptRuns, Look, Run } from './index.ts';
import { adaptServer, colourSamples, errorOf, json, lines } from './testing/adapt-server.ts';

vi.setConfig({ testTimeout: 300_000 });
const teaching = adaptServer();
const recipe = { method: 'lora', length: 48, rows: 4, epochs: 2, replay: 0, weights: 'f32' };

describe('teaching a model', () => {
  it('says what it would take, trains, is stopped and goes on, and ends with a report and an adapter to chat with', async () => {
    const { data } = await json<Look>(teaching.ask('/api/adapt/look', 'POST', { upload: await teaching.upload('colours.jsonl', lines(colourSamples)) }));
    const request = { ...recipe, data, model: teaching.tiny };
    const priced = await teaching.ask('/api/adapt', 'POST', { ...request, dryRun: true });
    expect(priced.status).toBe(202);
    const price = await teaching.ended(await json<Run>(priced));
    expect(price).toMatchObject({ kind: 'adapt', subject: null, state: 'done', error: null });
    expect(price.result).toMatchObject({ training: 36, heldOut: 4, refused: 0, contaminatedFacts: 0, replayShare: 0 });
    const [fact] = await askedFacts(1);
    const told = lines([...colourSamples, ...Array(6).fill({ instruction: fact!.prompt, output: fact!.object, kind: 'odd' })]); // some of them are learnt
    const { data: withFact } = await json<Look>(teaching.ask('/api/adapt/look', 'POST', { upload: await teaching.upload('told.jsonl', told) }));
    const ofFact = await json<Run>(teaching.ask('/api/adapt', 'POST', { ...request, data: withFact, length: 128, dryRun: true }));
    expect((await teaching.ended(ofFact)).result).toMatchObject({ contaminatedFacts: 1 });
    for (const name of ['steps', 'tokens', 'trainable', 'seconds', 'memoryBytes']) expect(price.result![name]).toBeGreaterThan(0);
    expect((await json<AdaptRuns>(teaching.ask('/api/adapt/runs'))).runs).toEqual([]);

    // Long enough to be stopped on its way.
    const long = { ...request, epochs: 80 };
    const first = await json<Run>(teaching.ask('/api/adapt', 'POST', long));
    expect(first).toMatchObject({ kind: 'adapt', subject: 'colours-lora', title: 'Adapt colours-lora' });
    const seen = await teaching.ended(
      first,
      ({ progress }) => progress?.stage === 'training' && progress.done > 20 && progress.figures['heldOut'] !== undefined,
    );
    expect(seen.progress).toMatchObject({
      stage: 'training',
      figures: { loss: expect.any(Number), heldOut: expect.any(Number), heldOutStep: expect.any(Number) },
    });
    // Another one of the same name, started now, is the one under way; one asked for otherwise takes another name.
    expect(await json<Run>(teaching.ask('/api/adapt', 'POST', long))).toMatchObject({ id: first.id });
    const other = await json<Run>(teaching.ask('/api/adapt', 'POST', request));
    expect(other).toMatchObject({ subject: 'colours-lora-2', state: 'waiting' });
    await teaching.ask(`/api/runs/${other.id}`, 'DELETE');
    await teaching.ask(`/api/runs/${first.id}`, 'DELETE');
    expect(await teaching.ended(first)).toMatchObject({ state: 'cancelled', error: null });
    const [stopped] = (await json<AdaptRuns>(teaching.ask('/api/adapt/runs'))).runs as [AdaptRun];
    expect(stopped).toMatchObject({ name: 'colours-lora', state: 'unfinished', resumable: true, method: 'lora', data: 'colours.jsonl', verdict: null });
    expect(stopped.step).toBeGreaterThan(20);
    expect(stopped.steps).toBeGreaterThan(stopped.step);
    expect(await errorOf(teaching.ask('/api/adapt/runs/colours-lora/report'))).toEqual([404, 'NOT_FOUND', expect.stringContaining('finish first')]);

    // Another server, as after a restart, goes on from there.
    await teaching.server[Symbol.asyncDispose]();
    teaching.server = teaching.make();
    const second = await json<Run>(teaching.ask('/api/adapt/runs/colours-lora', 'POST', {}));
    const on = await teaching.ended(second, ({ progress }) => progress?.stage === 'training' && progress.figures['loss'] !== undefined);
    expect(on.progress!.done).toBeGreaterThan(stopped.step);
    const done = await teaching.ended(second);
    expect(done).toMatchObject({ subject: 'colours-lora', state: 'done', error: null });
    const details = await json<AdaptRunDetails>(teaching.ask('/api/adapt/runs/colours-lora'));
    expect(details).toMatchObject({ state: 'finished', resumable: false, step: stopped.steps });
    expect(details.verdict!.length).toBeGreaterThan(10);
    expect(details.curve[0]!.train).toBeGreaterThan(details.curve.at(-1)!.train);
    expect(details.curve.filter(({ heldOut }) => heldOut !== undefined).length).toBeGreaterThan(2);

    const report = await teaching.ask('/api/adapt/runs/colours-lora/report');
    expect(report.headers.get('content-type')).toContain('text/html');
    expect(report.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'unsafe-inline'.*frame-ancestors 'self'$/);
    expect(report.headers.get('x-frame-options')).toBe('SAMEORIGIN');
    expect(await report.text()).toContain('colours-lora');
    expect(await json(teaching.ask('/api/adapt/runs/colours-lora/result'))).toMatchObject({ name: 'colours-lora', verdict: details.verdict });

    const load = await teaching.ended(await json<Run>(teaching.ask('/api/models/load', 'POST', { name: teaching.tiny, adapter: 'colours-lora' })));
    expect(load).toMatchObject({ state: 'done', error: null });
    expect(await json(teaching.ask('/api/models'))).toMatchObject({ loaded: { name: 'colours-lora', adapter: 'colours-lora' } });
    const answer = await teaching.ask('/v1/chat/completions', 'POST', {
      model: 'colours-lora',
      messages: [{ role: 'user', content: 'Colour 0?' }],
      max_tokens: 8,
      temperature: 0,
    });
    expect(answer.status).toBe(200);
    await teaching.ended(await json<Run>(teaching.ask('/api/models/load', 'POST', { name: teaching.tiny })));
    expect(await json(teaching.ask('/api/models'))).toMatchObject({ loaded: { name: 'tiny', adapter: null } });

    // Asked for again it is answered at once; a second run can be compared with it.
    expect(await teaching.ended(await json<Run>(teaching.ask('/api/adapt', 'POST', long)))).toMatchObject({ subject: 'colours-lora', state: 'done' });
    expect(await teaching.ended(await json<Run>(teaching.ask('/api/adapt', 'POST', { ...request, name: 'short' })))).toMatchObject({
      subject: 'short',
      state: 'done',
      error: null,
    });
    const others = join(teaching.path, 'others.jsonl');
    await writeFile(others, lines(colourSamples.map(({ output, kind }, i) => ({ instruction: `Shade ${i}?`, output, kind }))));
    const next = await teaching.ended(
      await json<Run>(teaching.ask('/api/adapt', 'POST', { ...request, data: others, from: 'short', name: 'next', epochs: 1 })),
    );
    expect(next).toMatchObject({ subject: 'next', state: 'done', error: null });
    expect(await json(teaching.ask('/api/adapt/runs/next'))).toMatchObject({ from: 'short' });
    expect(await json(teaching.ask('/api/adapt/runs/next/result'))).toMatchObject({ from: { name: 'short' } });
    const stages = 'run=short&run=next';
    for (const path of [`matrix?${stages}`, `compare?${stages}&matrix=true`])
      expect(await errorOf(teaching.ask(`/api/adapt/${path}`))).toEqual([404, 'NOT_FOUND', expect.stringContaining('POST /api/adapt/matrix first')]);
    expect((await errorOf(teaching.ask('/api/adapt/matrix', 'POST', { runs: ['short', 'none'] })))[0]).toBe(404);
    expect((await errorOf(teaching.ask('/api/adapt/matrix', 'POST', { runs: ['short'] })))[0]).toBe(400);
    const measured = await teaching.ended(await json<Run>(teaching.ask('/api/adapt/matrix', 'POST', { runs: ['short', 'next'] })));
    expect(measured).toMatchObject({
      kind: 'adapt',
      title: 'Matrix of short, next',
      state: 'done',
      error: null,
      progress: { stage: expect.stringContaining('asking') },
    });
    const matrix = await json<{ stages: string[]; summary: object }>(teaching.ask(`/api/adapt/matrix?${stages}`));
    expect(matrix).toMatchObject({ stages: ['short', 'next'], summary: measured.result!, apart: [] });
    expect(await (await teaching.ask(`/api/adapt/compare?${stages}&matrix=true`)).text()).toContain('One task after another');
    const mixed = await teaching.ended(await json<Run>(teaching.ask('/api/adapt/combine', 'POST', { runs: ['short', 'next'], topK: 1 })));
    const share = expect.any(Number) as number;
    const scores = { taskBefore: share, taskAfter: share, knowledgeBefore: share, knowledgeAfter: share };
    expect(mixed).toMatchObject({ subject: 'short+next-arrow', title: 'Mix short, next', state: 'done', error: null, result: scores });
    const name = encodeURIComponent('short+next-arrow');
    expect(await json(teaching.ask(`/api/adapt/runs/${name}`))).toMatchObject({
      state: 'finished',
      method: 'arrow',
      task: { after: mixed.result!['taskAfter'] },
    });
    expect(await (await teaching.ask(`/api/adapt/runs/${name}/report`)).text()).toContain('short+next-arrow');
    const compared = await teaching.ask('/api/adapt/compare?run=colours-lora&run=short');
    expect(compared.status).toBe(200);
    expect(await compared.text()).toContain('short');
    expect((await errorOf(teaching.ask('/api/adapt/compare?run=short')))[0]).toBe(400);
    expect((await errorOf(teaching.ask('/api/adapt/compare?run=short&run=none')))[0]).toBe(404);
  });

  it('ends its process with the server', async () => {
    const dir = join(teaching.path, 'other');
    await mkdir(dir);
    await writeFile(join(dir, 'c.jsonl'), lines(colourSamples));
    const before = teaching.server;
    teaching.server = teaching.make(dir);
    try {
      const run = await json<Run>(teaching.ask('/api/adapt', 'POST', { ...recipe, data: join(dir, 'c.jsonl'), model: teaching.tiny, epochs: 1000 }));
      await teaching.ended(run, ({ progress }) => progress?.stage === 'training' && progress.done > 5);
      await teaching.server[Symbol.asyncDispose]();
      expect(teaching.server.context.jobs.find(run.id)).toMatchObject({ state: 'cancelled' });
      const metrics = async () => (await readFile(join(dir, 'runs', 'c-lora', 'metrics.jsonl'), 'utf8')).length;
      const written = await metrics();
      expect(await readdir(join(dir, 'runs', 'c-lora', 'checkpoints'))).not.toEqual([]);
      await sleep(300);
      expect(await metrics()).toBe(written);
    } finally {
      teaching.server = before;
    }
  });
});
