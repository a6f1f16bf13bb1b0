import { resolveModel } from '../../src/app/models/resolve-model.ts';
import type { Bench } from '../harness.ts';
import { samplePapers } from '../language/sample-papers.ts';
import { median, ratiosOf } from '../reader/compare.ts';
import { log, type Row } from '../reader/row.ts';
import { openLanguage, openLlamaCpp, type Worker } from '../reader/worker.ts';
import { recordSchema } from './record-schema.ts';

/** What a worker answers to `answer`. */
interface Answered {
  /** From when all have their first token until all are done, and the tokens that came in it. */
  readonly seconds: number;
  readonly tokens: number;
  /** From the request until all are done. */
  readonly wholeSeconds: number;
  readonly counts: readonly number[];
  readonly texts: readonly string[];
}

/** Seconds of one token under a schema and without. */
interface Times {
  readonly bound: number[];
  readonly free: number[];
}

const most = 96;

/**
 * Tokens a second of answers bound to a JSON Schema, as a share of those of free answers as long, one at a time and eight together; beside it the same share of node-llama-cpp on the same GGUF file.
 * LYCEUM_MODEL names another model than smollm2-135m-instruct.
 *
 * @throws Error where an answer is no JSON document of the schema
 */
export const grammar: Bench = async ({ threads, runs = 7 }) => {
  const { path: file } = await resolveModel(process.env.LYCEUM_MODEL ?? 'smollm2-135m-instruct');
  const text = await samplePapers();
  await using ours = openLanguage();
  const { version: mode } = await ours.ask<{ version: string }>('open', { file, threads, weights: 'auto' });
  await using peer = openLlamaCpp();
  const { version } = await peer.ask<{ version: string }>('open', { file, threads });

  /** Bound answers, then free ones of the same lengths: the batch is as large at every step. */
  const turn = async (worker: Worker, streams: number, run: number, schema: object): Promise<{ bound: Answered; free: Answered }> => {
    // Another first word for each kind: neither finds the other's prompts in the cache.
    const asked = (kind: string) =>
      Array.from({ length: streams }, (_, i) => `${kind} ${run} ${text.slice(300 * i, 300 * i + 280)}\nThe record of this paper as JSON:\n`);
    const bound = await worker.ask<Answered>('answer', { texts: asked('bound'), tokens: Array<number>(streams).fill(most), schema });
    for (const [i, answer] of bound.texts.entries()) checkRecord(worker.name, answer, bound.counts[i]!);
    return { bound, free: await worker.ask<Answered>('answer', { texts: asked('free'), tokens: bound.counts }) };
  };
  const times = async (worker: Worker, streams: number, schema: (run: number) => object, seconds: (one: Answered) => number): Promise<Times> => {
    const found: Times = { bound: [], free: [] };
    for (let run = -1; run < runs; run++) {
      const { bound, free } = await turn(worker, streams, run, schema(run));
      if (run < 0) continue;
      found.bound.push(seconds(bound));
      found.free.push(seconds(free));
    }
    return found;
  };
  const rows: Row[] = [];
  const add = async (name: string, streams: number, gate: boolean, note: string, schema: (run: number) => object, seconds: (one: Answered) => number) => {
    const [own, other] = [await times(ours, streams, schema, seconds), await times(peer, streams, schema, seconds)];
    const share = ({ bound, free }: Times) => ratiosOf({ ours: bound, peer: free });
    const [ourShare, peerShare] = [share(own), share(other)];
    log(
      `  ${name}: ours ${(1 / median(own.bound)).toFixed(1)} of ${(1 / median(own.free)).toFixed(1)} tokens/s, node-llama-cpp ${(1 / median(other.bound)).toFixed(1)} of ${(1 / median(other.free)).toFixed(1)}`,
    );
    rows.push({
      name,
      metric: 'rate',
      unit: 'tokens/s',
      ours: 1 / median(own.bound),
      peer: 1 / median(own.free),
      peerName: 'Lyceum without a schema',
      peerVersion: null,
      ...ourShare,
      runs,
      gate,
      note: `weights ${mode}; ${note}`,
    });
    rows.push({
      name: `${name}/share`,
      metric: 'share',
      unit: 'of free',
      ours: ourShare.ratio,
      peer: peerShare.ratio,
      peerName: 'node-llama-cpp',
      peerVersion: version,
      ratio: ourShare.ratio / peerShare.ratio,
      ratioP25: null,
      ratioP75: null,
      runs,
      gate: false,
      note: `bound rate over free rate; node-llama-cpp bound ${(1 / median(other.bound)).toFixed(1)}, free ${(1 / median(other.free)).toFixed(1)} tokens/s`,
    });
  };
  const decoding = ({ seconds, tokens }: Answered): number => seconds / tokens;
  const known = `answers of at most ${most} tokens, after their first`;
  await add('grammar/1', 1, true, known, () => recordSchema(), decoding);
  await add('grammar/8', 8, true, known, () => recordSchema(), decoding);
  const whole = ({ wholeSeconds, counts }: Answered): number => wholeSeconds / counts.reduce((a, b) => a + b, 0);
  await add(
    'grammar/new-schema',
    1,
    false,
    'a schema never seen before every time, from the request to the end, prompt and schema included',
    (run) => recordSchema(`-${run + 2}`),
    whole,
  );
  return rows;
};

/** A record where the answer was not cut short. */
const checkRecord = (who: string, text: string, tokens: number): void => {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    if (who !== 'lyceum' && tokens >= most) return; // it knows no limit to close the document at
  }
  if (typeof record !== 'object' || record === null || !['title', 'year', 'field', 'authors', 'findings', 'summary'].every((key) => key in record))
    throw new Error(
      `bench grammar: expected ${who} to write a record of the schema, got ${JSON.stringify(text.slice(0, 400))} (${tokens} tokens); nothing was timed`,
    );
};
