import { type Draw, type Encoder, makeDataset, type OrionTask, openDraw } from '../../../src/inspect/index.ts';

/** Tokens of a text, and for every token whether it is to be foretold. */
export interface LearntText {
  readonly ids: readonly number[];
  readonly labelled: readonly boolean[];
}

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];

const strings = (count: number, draw: Draw, length: number): string[] =>
  draw
    .shuffle(letters)
    .slice(0, count)
    .map((letter) => letter + Array.from({ length: length - 1 }, () => draw.pick(letters)).join(''));

/**
 * Lines of key and target that say the same pairs over and over: induction in the shape of the task, with strings of its own, each of `length` letters. How a target begins is to be foretold, where it was told before: the rest of a string is what `repeatedText` teaches.
 */
export const inductionText = (
  encoder: Encoder,
  draw: Draw,
  { keys, passes, length }: { readonly keys: number; readonly passes: number; readonly length: number },
): LearntText => {
  const pool = strings(4 * keys > letters.length ? letters.length : 4 * keys, draw, length);
  const pairs = strings(keys, draw, length).map((key) => ({ key, target: draw.pick(pool) }));
  const lines = Array.from({ length: passes }, () => draw.shuffle(pairs)).flat();
  const ids: number[] = [];
  const labelled: boolean[] = [];
  for (const [i, { key, target }] of lines.entries()) {
    const own = encoder.encode(`${key}:${target}\n`);
    ids.push(...own);
    labelled.push(...own.map((_, at) => i >= keys && at === length + 1));
  }
  return { ids, labelled };
};

/** A string of different letters, over and over: the least that induction is. */
export const repeatedText = (encoder: Encoder, draw: Draw, { length, passes }: { readonly length: number; readonly passes: number }): LearntText => {
  const string = draw.shuffle(letters).slice(0, length).join('');
  const ids = encoder.encode(string.repeat(passes));
  return { ids, labelled: ids.map((_, at) => at >= length) };
};

/** Prompts of a task and their answers; the answers are to be foretold. */
export const answeredTexts = (task: OrionTask, encoder: Encoder, count: number, seed: number): LearntText[] =>
  makeDataset(task, encoder, { count, seed }).prompts.map(({ ids, text, answer, request }) => {
    const whole = encoder.encode(`${text}${task.answers.get(request.ask)}${answer}`);
    return { ids: whole, labelled: whole.map((_, at) => at >= ids.length) };
  });

/** Draws of a training step, other than those of the tasks that are asked. */
export const stepDraw = (seed: number, step: number): Draw => openDraw(seed * 65_537 + 10_007 + step);
