import { ConfigError } from '../../../core/index.ts';
import { shown } from '../table.ts';

const slot = /\{\{|\}\}|\{([^{}]*)\}/g;

/** Names of the slots of a text, `{like}` or `{like.this}`. */
export const slotsOf = (text: string): string[] => [...text.matchAll(slot)].flatMap(([, name]) => (name === undefined ? [] : [name]));

/** A text with its slots filled; `{{` and `}}` are braces. @throws ConfigError where a slot has no value */
export const fillSlots = (where: string, text: string, values: ReadonlyMap<string, string>): string =>
  text.replace(slot, (found, name: string | undefined) => {
    if (name === undefined) return found[0]!;
    const value = values.get(name);
    if (value === undefined)
      throw new ConfigError(
        `${where}: expected slots of ${[...values.keys()].join(', ') || 'nothing'}, got {${name}} in ${shown(text)}; name it among the slots or the words, or write {{ for a brace`,
      );
    return value;
  });
