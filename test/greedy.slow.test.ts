import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openLanguageModel } from '../src/app/language-model/index.ts';
import { perplexityText } from '../src/app/language-model/measured-weights.ts';
import { resolveModel } from '../src/app/models/resolve-model.ts';
import { showModel } from '../src/app/models/show-model.ts';
import { sha256OfFile } from '../src/formats/index.ts';

interface Answer {
  readonly prompt: string;
  readonly promptIds: readonly number[];
  readonly tokenIds: readonly number[];
  /** How far the best logit is above the second, at each place. */
  readonly gaps: readonly number[];
}
const fixture = JSON.parse(readFileSync(new URL('fixtures/greedy.json', import.meta.url), 'utf8')) as {
  readonly sha256: string;
  readonly tokens: number;
  readonly answers: readonly Answer[];
};
const near = 1e-3;

/** The first place where two lists differ; undefined for equal ones. */
const parting = (a: readonly number[], b: readonly number[]): number | undefined => {
  const at = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find((i) => a[i] !== b[i]);
  return at;
};

it('SmolLM2 in float32 says what transformers says with the same weights', async ({ skip }) => {
  const found = await resolveModel('smollm2-135m-instruct').catch(() => undefined);
  if (!found) return skip('smollm2-135m-instruct is not here: lyceum models pull smollm2-135m-instruct');
  if ((await sha256OfFile(found.path)) !== fixture.sha256) return skip('smollm2-135m-instruct has other weights than the reference had');
  await using model = await openLanguageModel('smollm2-135m-instruct', { weights: 'f32' });
  let same = 0;
  for (const { prompt, promptIds, tokenIds, gaps } of fixture.answers) {
    const own: { id: number; gap: number }[] = [];
    const answer = await model.generate(
      { prompt, special: false, maxTokens: fixture.tokens, candidates: 2 },
      {
        onPiece: ({ tokens }) => {
          for (const { id, candidates } of tokens) own.push({ id, gap: candidates![0]!.logprob - candidates![1]!.logprob });
        },
      },
    );
    expect(answer.usage.promptTokens, prompt).toBe(promptIds.length);
    expect((await model.generate({ prompt: promptIds, maxTokens: 1 })).tokenIds[0], prompt).toBe(answer.tokenIds[0]);
    const at = parting(answer.tokenIds, tokenIds);
    if (at === undefined) same++;
    else {
      console.error(
        `${JSON.stringify(prompt.slice(0, 40))}: parts at ${at}, where the two best are ${gaps[at]} apart in the reference and ${own[at]?.gap} here`,
      );
      expect(gaps[at], prompt).toBeLessThan(near);
      if (own[at]) expect(own[at].gap, prompt).toBeLessThan(near);
    }
  }
  console.error(`${same} of ${fixture.answers.length} answers are the same`);
  expect(fixture.answers).toHaveLength(20);
  expect(same).toBeGreaterThanOrEqual(19);
});

it('SmolLM2 has the perplexity that `models show` tells of it before anything is measured', async ({ skip }) => {
  if (!(await resolveModel('smollm2-135m-instruct').catch(() => undefined)))
    return skip('smollm2-135m-instruct is not here: lyceum models pull smollm2-135m-instruct');
  const { knownPerplexity } = await showModel('smollm2-135m-instruct');
  const text = await perplexityText();
  for (const weights of ['f32', 'int8', 'int4'] as const) {
    await using model = await openLanguageModel('smollm2-135m-instruct', { weights });
    const { perplexity } = await model.perplexity(text);
    expect(Math.abs(perplexity / knownPerplexity![weights] - 1), weights).toBeLessThan(0.003); // processors add and round otherwise in the last bits
  }
}, 400_000);
