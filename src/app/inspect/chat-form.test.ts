import { expect, it } from 'vitest';
import { type Blockwise, makeDataset, parseOrionTask } from '../../inspect/index.ts';
import { lettersTask } from '../../inspect/testing/letters-task.ts';
import { chatForm, choosing } from './chat-form.ts';
import type { InspectedLanguageModel } from './open-inspected.ts';

const task = parseOrionTask(lettersTask);
const chatTemplate = '{% for message in messages %}<{{ message.content }}{% endfor %}>';

/** A token a character, but for "]" and a letter behind it, which are one. */
const encode = (text: string): number[] => Array.from(text.matchAll(/\][a-z]|./gs), ([piece]) => (piece.length > 1 ? 1000 : 0) + piece.charCodeAt(piece.length - 1)); // biome-ignore format: a chain

const unasked = (): never => {
  throw new Error('expected whole texts to be read');
};

/** A model that answers as it is told to, and remembers what it was asked; its one block passes on which text it is. */
const made = (template: string | undefined, knows: (text: string, side: string) => boolean) => {
  const asked: string[] = [];
  const texts: number[][] = [];
  const blocks: Blockwise = {
    config: { layers: 1, hidden: 1, vocab: 2000, kvHeads: 1, headDim: 1, positions: 500 },
    async read({ ids, positions }) {
      texts.push([...(texts.at(-1) ?? []).slice(0, positions[0]), ...ids]);
      asked.push(String.fromCharCode(...texts.at(-1)!));
      const cached = new Float32Array(ids.length);
      return { last: [new Float32Array(1), Float32Array.of(texts.length - 1)], keys: [cached], values: [cached] };
    },
    lastTokens: unasked,
    embed: unasked,
    block: unasked,
    async score(stream) {
      const answers = Array.from(stream, (which) => {
        const text = String.fromCharCode(...texts[which]!);
        const [, side] = /;(left|right)=>?$/.exec(text)!;
        return knows(text, side!) ? new RegExp(`${side}=(.)`).exec(text)![1]!.charCodeAt(0) : 0;
      });
      return { logprobs: answers.map(() => []), best: answers.map((id) => [{ id, logprob: 0 }]) };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const tokenizer = { encode, bos: undefined, eos: [], tokenOf: () => undefined } as unknown as InspectedLanguageModel['tokenizer'];
  return { asked, model: { blocks, chatTemplate: template, tokenizer } };
};
const isWrapped = (text: string): boolean => text.startsWith('<');

it('a template is used where it helps on other prompts than those reported, and nowhere else are models asked for it', async () => {
  const { asked, model } = made(chatTemplate, (text, side) => isWrapped(text) || side === 'left');
  const form = await chatForm(model, task);
  expect(form!.wrap('x')).toBe('<x>');
  expect(form!.encoder.encode('ab')).toEqual([97, 98]);
  const choice = { count: choosing.prompts, seed: choosing.seed };
  const texts = (options: Parameters<typeof makeDataset>[2]): string[] => makeDataset(task, { encode }, options).prompts.map(({ text }) => text);
  const chosenOn = [...texts({ ...choice, wrap: (text) => `<${text}>` }), ...texts(choice)];
  expect(new Set(asked)).toEqual(new Set(chosenOn));
  // What is reported, for any seed that a person would take, is drawn otherwise.
  for (const seed of [0, 1, 2]) expect(texts({ count: choosing.prompts, seed })).not.toEqual(texts(choice));
});

it.each<[string, string | undefined, (text: string, side: string) => boolean]>([
  ['both are as good', chatTemplate, () => true],
  ['neither is right', chatTemplate, () => false],
  ['it is worse', chatTemplate, (text, side) => !isWrapped(text) || side === 'left'],
  ['there is none', undefined, () => true],
  ['it changes what it is given', '{% for message in messages %}<{{ message.content | lower }}>{% endfor %}', isWrapped],
  ['it says it twice', '{% for message in messages %}<{{ message.content }}{{ message.content }}>{% endfor %}', isWrapped],
  ['an answer grows into one token with it', '{% for message in messages %}<{{ message.content }}]{% endfor %}', isWrapped],
])('a model is asked without its template where %s', async (_, template, knows) => {
  expect(await chatForm(made(template, knows).model, task)).toBeUndefined();
});
