import { z } from 'zod';
import type { TextPiece, TextRequest } from '../../../language-model/index.ts';
import type { ServingRoute } from '../context.ts';
import { jsonBody } from '../json-body.ts';
import { completionLogprobs, spelledLength } from '../logprobs.ts';
import { badField, unsupported } from '../refusal.ts';
import { boundProbabilities, type Choice, runChoices, startRun } from '../run.ts';
import { mostChoices, parseBody, refuseFields, samplingFields, samplingOf } from '../sampling-fields.ts';
import { requireGuardChoice, requireModel } from '../served-models.ts';
import { streamAnswer } from '../stream-answer.ts';
import { envelope, extension, usageOf } from '../usage.ts';

const mostPrompts = 128;
const ids = z.array(z.int().min(0)).min(1);
const prompts = z.union([z.string(), z.array(z.string()).min(1).max(mostPrompts), ids, z.array(ids).min(1).max(mostPrompts)], {
  error: `expected a text, a list of at most ${mostPrompts} texts, token ids, or lists of token ids; send one of these`,
});
const schema = z.object({
  ...samplingFields,
  prompt: prompts.optional(),
  max_tokens: samplingFields.max_tokens.default(16),
  best_of: z.int().min(1).max(mostChoices).optional(),
  echo: z.boolean().default(false),
  logprobs: z.int().min(0).max(20).optional(),
});

type Prompt = NonNullable<TextRequest['prompt']>;
const listOf = (given: z.output<typeof prompts>): Prompt[] => {
  if (typeof given === 'string') return [given];
  return typeof given[0] === 'number' ? [given as number[]] : (given as Prompt[]);
};

/** Mean logarithm of the probability of a token. */
const likelihood = ({ tokens }: Choice): number => tokens.reduce((sum, { logprob = 0 }) => sum + logprob, 0) / Math.max(1, tokens.length);

/** `POST /v1/completions`. */
export const completionsRoute: ServingRoute = (app, serving) =>
  app.post('/v1/completions', async (c) => {
    const body = await jsonBody(c);
    const fields = parseBody(schema, body);
    refuseFields(body, { suffix: [''] });
    requireModel(serving, fields.model, 'generate');
    requireGuardChoice(serving, fields.lyceum.guard);
    if (fields.prompt === undefined) throw badField('prompt', 'a text, texts or token ids', undefined, 'send what is to be continued');
    const own = listOf(fields.prompt);
    const { n, best_of: drawn = n, echo, logprobs } = fields;
    if (drawn < n) throw badField('best_of', `at least n (${n})`, drawn, 'raise it');
    if (drawn > n && fields.stream) throw unsupported('best_of', 'n, because the answer streams', drawn, 'ask without stream');
    if (echo && logprobs !== undefined) throw unsupported('echo', 'false with logprobs', echo, 'probabilities of a prompt come from `lyceum score`');
    if (echo && own.some((prompt) => typeof prompt !== 'string')) throw unsupported('echo', 'false with token ids', echo, 'send the prompt as text');
    const sampling = samplingOf(fields);
    const candidates = logprobs ?? (drawn > n ? 0 : undefined);
    const requests = own.flatMap((prompt) =>
      Array.from(
        { length: drawn },
        (_, index): TextRequest => ({ prompt, ...sampling(index), maxTokens: fields.max_tokens, ...(candidates !== undefined && { candidates }) }),
      ),
    );
    const before = (index: number): string => (echo ? String(own[Math.floor(index / drawn)]) : '');
    boundProbabilities(requests, serving.model.info);
    const run = startRun(c, serving, serving.queue, fields.user, requests.length);

    if (!fields.stream) {
      const all = await runChoices(serving, run, requests);
      const groups = own.map((_, i) => all.slice(i * drawn, (i + 1) * drawn));
      const kept = groups.flatMap((group) => (drawn > n ? group.toSorted((a, b) => likelihood(b) - likelihood(a)).slice(0, n) : group));
      return c.json({
        ...envelope(serving, 'cmpl', 'text_completion'),
        choices: kept.map(({ result, tokens }, index) => ({
          index,
          text: (echo ? String(own[Math.floor(index / n)]) : '') + result.text,
          logprobs: logprobs === undefined ? null : completionLogprobs(tokens, 0),
          finish_reason: result.finishReason,
        })),
        usage: usageOf(groups),
        lyceum: extension(serving, groups),
      });
    }

    return streamAnswer(c, serving, run, async (send) => {
      const head = envelope(serving, 'cmpl', 'text_completion');
      const counted = fields.stream_options?.include_usage === true;
      const begun = new Set<number>();
      const offsets = requests.map(() => 0);
      const begin = (index: number): void => {
        if (echo && !begun.has(index)) chunk(index, before(index));
        begun.add(index);
      };
      const chunk = (index: number, text: string, more: object = {}, beside: object = {}): void =>
        send({ ...head, choices: [{ index, text, logprobs: null, finish_reason: null, ...more }], ...(counted && { usage: null }), ...beside });
      const onPiece = (index: number, { text, tokens }: TextPiece): void => {
        begin(index);
        chunk(index, text, logprobs === undefined ? {} : { logprobs: completionLogprobs(tokens, offsets[index]!) });
        offsets[index]! += spelledLength(tokens);
      };
      const onEnd = (index: number, choice: Choice): void => {
        begin(index);
        chunk(index, '', { finish_reason: choice.result.finishReason }, { lyceum: extension(serving, [[choice]]) });
      };
      const choices = await runChoices(serving, run, requests, { onPiece, onEnd });
      const groups = own.map((_, i) => choices.slice(i * drawn, (i + 1) * drawn));
      if (counted) send({ ...head, choices: [], usage: usageOf(groups) });
    });
  });
