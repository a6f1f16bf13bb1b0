import { pointerTo, type SchemaPart } from './json-schema.ts';
import type { JsonWriter } from './json-writer.ts';

/** Lists that fit all of some schemas. */
export const arraysOf = (writer: JsonWriter, parts: readonly SchemaPart[]): number => {
  const { builder, pieces, space, schema } = writer;
  const all = parts.map(({ keywords, path }) => ({ ...keywords, path }));
  const least = Math.max(0, ...all.flatMap(({ minItems }) => minItems ?? []));
  const most = Math.min(Number.POSITIVE_INFINITY, ...all.flatMap(({ maxItems }) => maxItems ?? []));
  if (least > most) return builder.never;
  const itemAt = (i: number): number =>
    writer.value(
      all.flatMap(({ prefixItems, items, path }) => {
        if (prefixItems && i < prefixItems.length) return [schema.part(prefixItems[i], pointerTo(path, 'prefixItems', i))];
        return items === undefined ? [] : [schema.part(items, pointerTo(path, 'items'))];
      }),
    );
  const own = Math.min(most, Math.max(0, ...all.map(({ prefixItems }) => prefixItems?.length ?? 0)));
  const [open, close, comma] = [builder.terminal(pieces.openArray), builder.terminal(pieces.closeArray), builder.terminal(pieces.comma)];
  const item = most > own ? itemAt(own) : builder.never;
  const more = (count: number): number =>
    most > own ? builder.repeat(builder.sequence(space, comma, space, item), Math.max(0, least - count), most - count) : builder.empty;
  // What follows after so many items, from the last that has a schema of its own to the first.
  let rest = builder.sequence(more(Math.max(own, 1)), space, close);
  let first = own === 0 ? builder.sequence(item, rest) : builder.never;
  for (let i = own - 1; i >= 0; i--) {
    first = builder.sequence(itemAt(i), rest);
    rest = builder.sequence(space, builder.choice(builder.sequence(comma, space, first), i >= least ? close : builder.never));
  }
  return builder.sequence(open, space, builder.choice(first, least === 0 ? close : builder.never));
};
