import { ConfigError } from '../../core/index.ts';
import { type JsonSchema, type Keywords, pointerTo, type SchemaPart } from './json-schema.ts';

/** Schemas that hold together: those that say something of the value itself, and choices still to be made between others. */
export interface Conjunction {
  readonly plain: readonly SchemaPart[];
  /** Each is a part that is nothing but a choice, and what it is between. */
  readonly choices: readonly { readonly part: SchemaPart; readonly branches: readonly SchemaPart[] }[];
}

const mostInARow = 200;

interface Split {
  readonly own: readonly SchemaPart[];
  readonly choices: Conjunction['choices'];
  readonly others: readonly SchemaPart[];
}

/**
 * Resolves $ref, allOf and the siblings of both, however they are nested.
 *
 * @returns a function of schemas that hold together. @throws ConfigError where a reference leads back to itself with nothing between
 */
export const conjunctions = (schema: JsonSchema): ((parts: readonly SchemaPart[]) => Conjunction) => {
  const splits = new Map<SchemaPart, Split>();
  const inside = (part: SchemaPart, keyword: string, schemas: readonly unknown[] = []): SchemaPart[] =>
    schemas.map((one, i) => schema.part(one, pointerTo(part.path, keyword, i)));
  const splitOf = (part: SchemaPart): Split => {
    const known = splits.get(part);
    if (known) return known;
    const { $ref, allOf, anyOf, oneOf, ...rest } = part.keywords;
    const choices = Object.entries({ anyOf, oneOf }).flatMap(([keyword, schemas]) => {
      if (!schemas) return [];
      const alone = Object.keys(part.keywords).length === 1;
      const choice: SchemaPart = alone ? part : schema.made(pointerTo(part.path, keyword), { [keyword]: schemas } as Keywords);
      return [{ part: choice, branches: inside(part, keyword, schemas) }];
    });
    const indirect = $ref !== undefined || allOf !== undefined || choices.length > 0;
    const own = Object.keys(rest).length === 0 && !part.never ? [] : [indirect ? schema.made(part.path, rest) : part];
    const others = [...($ref === undefined ? [] : [schema.resolve($ref, part.path)]), ...inside(part, 'allOf', allOf)];
    const split = { own, choices, others };
    splits.set(part, split);
    for (const choice of choices) splits.set(choice.part, { own: [], choices: [choice], others: [] });
    return split;
  };
  return (parts) => {
    const [plain, choices] = [new Set<SchemaPart>(), new Map<SchemaPart, Conjunction['choices'][number]>()];
    const seen = new Set<SchemaPart>();
    const visit = (part: SchemaPart, above: readonly SchemaPart[]): void => {
      if (above.includes(part))
        throw new ConfigError(
          `schema ${part.path}: expected references that lead somewhere, got one that leads back to itself; put it below properties or items`,
        );
      if (above.length > mostInARow) throw new ConfigError(`schema ${part.path}: expected at most ${mostInARow} references in a row, got more; name their end`);
      if (seen.has(part)) return;
      seen.add(part);
      const split = splitOf(part);
      for (const one of split.own) plain.add(one);
      for (const one of split.choices) choices.set(one.part, one);
      for (const other of split.others) visit(other, [...above, part]);
    };
    for (const part of parts) visit(part, []);
    return { plain: [...plain], choices: [...choices.values()] };
  };
};
