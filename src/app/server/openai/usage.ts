import { randomUUID } from 'node:crypto';
import { version } from '../../version.ts';
import type { Serving } from './context.ts';
import type { Choice } from './run.ts';

/** Tokens of an answer, in OpenAI's form. `groups` are the choices of each prompt: a prompt counts once. */
export const usageOf = (groups: readonly (readonly Choice[])[]) => {
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const firsts = groups.map(([first]) => first!.result.usage);
  const prompt = sum(firsts.map(({ promptTokens }) => promptTokens));
  const completion = sum(groups.flat().map(({ result }) => result.usage.completionTokens));
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(firsts.map(({ cachedTokens }) => cachedTokens)) },
  };
};

/** What is ours in an answer; how fast it was, where it is one. */
export const extension = ({ model }: Serving, groups: readonly (readonly Choice[])[]) => {
  const [only, ...others] = groups.flat();
  return {
    weights: model.info.weights,
    cachedTokens: usageOf(groups).prompt_tokens_details.cached_tokens,
    ...(only && others.length === 0 && only.timing),
    ...(only?.result.guard && { guard: only.result.guard }),
  };
};

/** What every part of an answer begins with. */
export const envelope = ({ model }: Serving, prefix: string, object: string) => ({
  id: `${prefix}-${randomUUID().replaceAll('-', '')}`,
  object,
  created: Math.floor(Date.now() / 1000),
  model: model.info.name,
  system_fingerprint: `lyceum-${version()}-${model.info.weights}`,
});
