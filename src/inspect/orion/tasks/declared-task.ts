import { ConfigError, FormatError } from '../../../core/index.ts';
import { type Draw, openDraw } from '../draw.ts';
import type { Reader } from '../first-token.ts';
import { type Context, find, type Request } from '../table.ts';
import type { Draft, OrionTask } from '../task.ts';
import { fillSlots } from './slots.ts';
import type { TaskFile } from './task-file.ts';

type Values = ReadonlyMap<string, string>;
type Entry = string | Readonly<Record<string, string>>;
type Pools = ReadonlyMap<string, readonly Entry[]>;
type Asking = TaskFile['requests'][number];

/** Fewer rows than these, or than half of a short table, that a tokenizer tells apart make no data set. */
const leastRows = 10;

/**
 * A task from its declaration. What does not fit together is found here and not when prompts are made: every request and template is tried.
 *
 * @param where  what stands first in an error
 * @throws FormatError where a slot has no pool or too small a one, or a text has a slot without a value, or a request finds no attribute or several
 */
export const declaredTask = (file: TaskFile, where: string): OrionTask => {
  const { family, variant, requests, collisions } = file;
  const templates = file.templates.map((template) => (typeof template === 'string' ? template : template.join('\n')));
  const pools: Pools = new Map(Object.entries(file.pools));
  const slots = slotsByPool(file, pools, where);
  const answers = new Map(requests.map(({ ask }) => [ask, file.answer.leadingSpace ? ' ' : ''] as const));

  const contextOf = (values: Values): Context =>
    file.entities.map((entity) => Object.entries(entity).map(([name, value]) => ({ name, value: fillSlots(where, value, values) })));
  const requestOf = ({ ask, where: filters }: Asking, values: Values): Request => ({
    ask,
    where: Object.entries(filters).map(([name, value]) => [name, fillSlots(where, value, values)] as const),
  });
  const textOf = (template: string, { words }: Asking, values: Values): string =>
    fillSlots(where, template, new Map([...values, ...Object.entries(words).map(([name, word]) => [name, fillSlots(where, word, values)] as const)]));
  const draftOf = (template: string, asking: Asking, values: Values): Draft => ({
    text: textOf(template, asking, values),
    request: requestOf(asking, values),
    context: contextOf(values),
  });

  const first = fill(slots, pools, openDraw(0));
  try {
    for (const template of templates)
      for (const asking of requests) {
        const { text, request, context } = draftOf(template, asking, first);
        find(request, context);
        if (/\s$/.test(text))
          throw new ConfigError(`${where}: expected templates that do not end in white space, got one that does; say answer.leadingSpace instead`);
      }
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new FormatError(cause.message.startsWith(where) ? cause.message : `${where}: ${cause.message}`, { cause });
  }

  /** The only pool without the entries that share a first token with one before them. */
  const keptOf = (reader: Reader): { pools: Pools; dropped: string[] } => {
    const [[pool, names]] = slots as [[string, readonly string[]]];
    const owners = new Map<number, string>();
    const dropped: string[] = [];
    const kept = pools.get(pool)!.filter((entry) => {
      const values = new Map(valuesOf(names[0]!, entry));
      const own = requests.map((asking) => {
        const { text, request, context } = draftOf(templates[0]!, asking, values);
        const answer = find(request, context).value;
        return [reader.requireFirst(where, text, answers.get(asking.ask)! + answer), answer] as const;
      });
      const trial = new Map(owners);
      for (const [token, answer] of own) {
        const owner = trial.get(token);
        if (owner !== undefined && owner !== answer) {
          dropped.push(`${[...values.values()].join(', ')}: ${answer} begins like ${owner}`);
          return false;
        }
        trial.set(token, answer);
      }
      for (const [token, answer] of own) owners.set(token, answer);
      return true;
    });
    const size = pools.get(pool)!.length;
    const least = Math.min(leastRows, Math.ceil(size / 2));
    if (kept.length < least)
      throw new ConfigError(
        `${where}: expected at least ${least} of ${size} rows whose answers have first tokens of their own, got ${kept.length} (${dropped[0]}); use a model with a larger vocabulary`,
      );
    return { pools: new Map([[pool, kept]]), dropped };
  };

  return {
    family,
    variant,
    answers,
    draft: (count, draw, reader) => {
      const kept = collisions === 'drop' ? keptOf(reader) : { pools, dropped: [] };
      const prompts = Array.from({ length: count }, () => {
        const values = fill(slots, kept.pools, draw);
        const asking = draw.pick(requests);
        return draftOf(draw.pick(templates), asking, values);
      });
      return { prompts, dropped: kept.dropped };
    },
  };
};

/** @throws FormatError where a slot has no pool or too small a one, or rows are to be dropped and there is not one slot */
const slotsByPool = (file: TaskFile, pools: Pools, where: string): readonly (readonly [string, readonly string[]])[] => {
  const byPool = [...Map.groupBy(Object.keys(file.slots), (slot) => file.slots[slot]!)];
  for (const [pool, names] of byPool) {
    const size = pools.get(pool)?.length;
    if (size === undefined)
      throw new FormatError(
        `${where}: slots.${names[0]}: expected one of the pools ${[...pools.keys()].join(', ') || '(there is none)'}, got ${pool}; add the pool or name another`,
      );
    if (size < names.length)
      throw new FormatError(`${where}: pools.${pool}: expected at least ${names.length} entries for the slots ${names.join(', ')}, got ${size}; add some`);
  }
  const count = byPool.reduce((sum, [, names]) => sum + names.length, 0);
  if (file.collisions === 'drop' && count !== 1)
    throw new FormatError(
      `${where}: collisions: expected refuse where there is not exactly one slot, got drop with ${count} slots; leave it out, or draw whole rows into one slot`,
    );
  return byPool;
};

const valuesOf = (slot: string, entry: Entry): (readonly [string, string])[] =>
  typeof entry === 'string' ? [[slot, entry]] : Object.entries(entry).map(([column, value]) => [`${slot}.${column}`, value]);

const fill = (slots: readonly (readonly [string, readonly string[]])[], pools: Pools, draw: Draw): Values =>
  new Map(
    slots.flatMap(([pool, names]) => {
      const entries = pools.get(pool)!;
      const drawn = names.length === 1 ? [draw.pick(entries)] : draw.shuffle(entries);
      return names.flatMap((slot, i) => valuesOf(slot, drawn[i]!));
    }),
  );
