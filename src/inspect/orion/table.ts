import { ConfigError } from '../../core/index.ts';

/** One thing that a table says of an entity. */
export interface Attribute {
  readonly name: string;
  readonly value: string;
  /** Id of the first token of the value as an answer; none where the attribute is never asked. */
  readonly first?: number;
}

/** A row of a table. */
export type Entity = readonly Attribute[];

/** What a prompt tells, as a table. */
export type Context = readonly Entity[];

/** What a prompt asks: SELECT `ask` FROM context WHERE the filters hold. Without filters every row that has the attribute is meant. */
export interface Request {
  readonly ask: string;
  /** Attribute and value; all must hold. */
  readonly where: readonly (readonly [string, string])[];
}

/** A value in a message, in quotes and cut where it is long. */
export const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
};

/** A request in a message. */
export const asText = ({ ask, where }: Request): string =>
  `${ask}${where.length > 0 ? ` where ${where.map(([name, value]) => `${name} = ${value}`).join(' and ')}` : ''}`;

/**
 * The one attribute that a request finds in a context. A request of one prompt can be asked of the context of another: that is what labels of interventions are.
 *
 * Source: arXiv 2312.10091, the abstract representation. There every entity has an attribute `exists` that every request asks for too; a request without filters means the same.
 *
 * @throws ConfigError where no attribute answers, or several do: the task is wrong, which is no wrong answer
 */
export const find = (request: Request, context: Context): Attribute => {
  const found = context.flatMap((entity) => {
    const holds = request.where.every(([name, value]) => entity.some((attribute) => attribute.name === name && attribute.value === value));
    return holds ? entity.filter(({ name }) => name === request.ask) : [];
  });
  if (found.length !== 1)
    throw new ConfigError(
      `request ${asText(request)}: expected one attribute of the context's ${context.length} entities, got ${found.length === 0 ? 'none' : `${found.length} (${found.map(({ value }) => value).join(', ')})`}; ask and filter by what tells the entities apart`,
    );
  return found[0]!;
};

/**
 * The id of the token that begins the answer of a request in a context.
 *
 * @throws ConfigError as `find`, and where the attribute is never an answer in its dataset
 */
export const evaluate = (request: Request, context: Context): number => {
  const { first, name } = find(request, context);
  if (first === undefined)
    throw new ConfigError(`request ${asText(request)}: expected an attribute with a first token, got ${name} without; ask what prompts of the dataset ask`);
  return first;
};
