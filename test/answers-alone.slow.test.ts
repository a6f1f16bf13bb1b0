import { expect, it } from 'vitest';
import { type LanguageModel, openLanguageModelApart } from '../src/app/language-model/index.ts';
import { resolveModel } from '../src/app/models/resolve-model.ts';

const questions = ['What is the capital of Italy?', 'Write a haiku about rain.', 'Explain photosynthesis.', 'Name three rivers.', 'Tell a joke about cats.', 'How do I boil an egg? Answer in three sentences, please, and name the time that a soft one takes, a hard one, and how long it should cool before anybody eats it.']; // biome-ignore format: a list

it.for(['f32', 'int8', 'int4'] as const)(
  'SmolLM2 in %s: a seed gives the same answer again, alone and together with others, after whatever else',
  async (weights, { skip }) => {
    if (!(await resolveModel('smollm2-135m-instruct').catch(() => undefined)))
      return skip('smollm2-135m-instruct is not here: lyceum models pull smollm2-135m-instruct');
    const asked = (temperature: number) => (model: LanguageModel, content: string) =>
      model.generate({ messages: [{ role: 'user', content }], maxTokens: 24, temperature, seed: 7 }).then(({ tokenIds }) => tokenIds.join());
    for (const temperature of [0, 1]) {
      const ask = asked(temperature);
      const own = weights === 'f32' ? questions.slice(3) : questions;
      await using model = await openLanguageModelApart('smollm2-135m-instruct', { weights, slots: 4 });
      const first: string[] = [];
      for (const question of own) first.push(await ask(model, question));
      for (const question of own.toReversed()) expect(await ask(model, question)).toBe(first[own.indexOf(question)]);
      expect(await Promise.all(own.map((question) => ask(model, question)))).toEqual(first);
    }
  },
);
