import { ConfigError } from '../../../core/index.ts';
import type { Draw } from '../draw.ts';
import type { Reader } from '../first-token.ts';
import type { Draft, OrionTask } from '../task.ts';

const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'];
const keyCount = 10;
const targetCount = 40;
const passes = 5;
/** Strings tried for a letter before it is given up: some letters grow into one token with the colon. */
const tries = 20;

/** Strings of five letters whose first letters, and so first tokens, differ. */
const strings = (count: number, draw: Draw, isUsable: (string: string) => boolean): string[] => {
  const found: string[] = [];
  for (const letter of draw.shuffle(letters)) {
    if (found.length === count) break;
    const drawn = Array.from({ length: tries }, () => letter + Array.from({ length: 4 }, () => draw.pick(letters)).join(''));
    const usable = drawn.find(isUsable);
    if (usable !== undefined) found.push(usable);
  }
  if (found.length < count)
    throw new ConfigError(
      `orion induction/random-strings: expected ${count} strings that begin with tokens of their own behind a colon, got ${found.length}; use a model whose tokens keep ":" apart from letters`,
    );
  return found;
};

/** `key:target` lines of ten keys that say the same over and over, then a key: its target follows. Keys and the pool of targets stay for a dataset, which key has which target is drawn for each prompt. */
export const inductionTask: OrionTask = {
  family: 'induction',
  variant: 'random-strings',
  answers: new Map([['target', '']]),
  draft: (count, draw, reader) => {
    const keys = strings(keyCount, draw, () => true);
    const pool = targetPool(keys[0]!, draw, reader);
    return { prompts: Array.from({ length: count }, () => draftOf(keys, pool, draw)) };
  },
};

const targetPool = (key: string, draw: Draw, reader: Reader): string[] => {
  const taken = new Set<number>();
  return strings(targetCount, draw, (string) => {
    const first = reader.first(`${key}:`, string);
    if (first === undefined || taken.has(first)) return false;
    taken.add(first);
    return true;
  });
};

const draftOf = (keys: readonly string[], pool: readonly string[], draw: Draw): Draft => {
  const pairs = draw.shuffle(keys).map((key) => ({ key, target: draw.pick(pool) }));
  const chosen = Array.from({ length: 5 + draw.index(6) }, () => draw.pick(pairs));
  const [test, ...examples] = chosen as [(typeof pairs)[number], ...typeof pairs];
  const shown = [...Array.from({ length: passes }, () => draw.shuffle(pairs)).flat(), ...examples];
  return {
    text: `${shown.map(({ key, target }) => `${key}:${target}\n`).join('')}${test.key}:`,
    request: { ask: 'target', where: [['key', test.key]] },
    context: pairs.map(({ key, target }) => [
      { name: 'key', value: key },
      { name: 'target', value: target },
    ]),
  };
};
