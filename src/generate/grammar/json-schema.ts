import { ConfigError } from '../../core/index.ts';
import { adviceFor, inOneSpelling } from './schema-spelling.ts';

/** JSON Schema keywords that a grammar can honour, of those types. */
export interface Keywords {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly unknown[];
  readonly oneOf?: readonly unknown[];
  readonly allOf?: readonly unknown[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly propertyNames?: unknown;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: unknown;
  readonly prefixItems?: readonly unknown[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: false;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
}

/** One schema within a schema. The same place is the same object. */
export interface SchemaPart {
  readonly id: number;
  readonly path: string;
  /** Nothing is allowed: the schema `false`. */
  readonly never: boolean;
  readonly keywords: Keywords;
}

/** A schema whose size, values and references were checked. Its parts are read when they are asked for. */
export interface JsonSchema {
  readonly root: SchemaPart;
  /** @throws ConfigError naming the path, for what is no schema or has a keyword that cannot be honoured */
  part(schema: unknown, path: string): SchemaPart;
  /** A part that is made of a few keywords of another. */
  made(path: string, keywords: Keywords): SchemaPart;
  /** What a $ref names. @throws ConfigError where there is nothing */
  resolve(ref: string, path: string): SchemaPart;
}

export const jsonTypes = ['null', 'boolean', 'object', 'array', 'string', 'number', 'integer'] as const;
const limits = { depth: 100, values: 50_000, characters: 1_000_000 };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isSchema = (value: unknown): boolean => isObject(value) || typeof value === 'boolean';
const isSchemas = (value: unknown): boolean => Array.isArray(value) && value.every(isSchema);
const isCount = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31;
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string');
const isType = (value: unknown): boolean => (jsonTypes as readonly unknown[]).includes(value);

const schema = { expected: 'a schema (an object, true or false)', fits: isSchema };
const schemas = { expected: 'a list of at least one schema', fits: (value: unknown) => isSchemas(value) && (value as unknown[]).length > 0 };
const count = { expected: 'a whole number from 0 to 2^31 − 1', fits: isCount };
const number = { expected: 'a number', fits: isNumber };
const text = { expected: 'a string', fits: (value: unknown) => typeof value === 'string' };
const checks: Readonly<Record<keyof Keywords, { readonly expected: string; readonly fits: (value: unknown) => boolean }>> = {
  type: {
    expected: `one or several of ${jsonTypes.join(', ')}`,
    fits: (value) => (Array.isArray(value) ? value.length > 0 && value.every(isType) : isType(value)),
  },
  enum: { expected: 'a list of at least one value', fits: (value) => Array.isArray(value) && value.length > 0 },
  const: { expected: 'a value', fits: () => true },
  anyOf: schemas,
  oneOf: schemas,
  allOf: schemas,
  $ref: text,
  properties: { expected: 'schemas by name', fits: (value) => isObject(value) && Object.values(value).every(isSchema) },
  required: { expected: 'a list of names', fits: areTexts },
  additionalProperties: schema,
  propertyNames: schema,
  minProperties: count,
  maxProperties: count,
  items: { expected: 'one schema (for one each use prefixItems)', fits: isSchema },
  prefixItems: schemas,
  minItems: count,
  maxItems: count,
  uniqueItems: { expected: 'false, or maxItems of 1 beside it (a grammar cannot compare items)', fits: (value) => value === false },
  minLength: count,
  maxLength: count,
  pattern: text,
  format: text,
  minimum: number,
  maximum: number,
  exclusiveMinimum: number,
  exclusiveMaximum: number,
  multipleOf: { expected: 'a number above 0', fits: (value) => isNumber(value) && (value as number) > 0 },
};

/** A name as JSON Pointer writes it. */
export const pointerTo = (path: string, ...names: readonly (string | number)[]): string =>
  [path, ...names.map((name) => String(name).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');

const shown = (value: unknown): string => (JSON.stringify(value) ?? String(value)).slice(0, 60);

/**
 * Opens a JSON Schema (2020-12, the part of it that a grammar can honour).
 *
 * @throws ConfigError for what is no JSON, and for more than 100 levels, 50 000 values or a million characters
 */
export const openJsonSchema = (root: unknown): JsonSchema => {
  checkLimits(root);
  let ids = 0;
  const known = new Map<unknown, SchemaPart>();
  const made = (path: string, keywords: Keywords, never = false): SchemaPart => ({ id: ids++, path, never, keywords });
  const read = (value: unknown, path: string): SchemaPart => {
    if (!isObject(value)) {
      if (typeof value !== 'boolean') throw new ConfigError(`schema ${path}: expected ${schema.expected}, got ${shown(value)}; give one`);
      return made(path, {}, !value);
    }
    const keywords: Record<string, unknown> = {};
    for (const [name, given] of Object.entries(inOneSpelling(value))) {
      const check = Object.hasOwn(checks, name) ? checks[name as keyof Keywords] : undefined;
      if (!check) throw new ConfigError(`schema ${path}: expected keywords that a grammar can honour, got ${shown(name)}; ${adviceFor(name)}`);
      if (!check.fits(given)) throw new ConfigError(`schema ${pointerTo(path, name)}: expected ${check.expected}, got ${shown(given)}; correct it`);
      keywords[name] = given;
    }
    // What an older draft lists is found where it stands.
    for (const [i, one] of (Array.isArray(value['items']) ? value['items'] : []).entries()) if (isObject(one)) part(one, pointerTo(path, 'items', i));
    return made(path, keywords as Keywords);
  };
  const part = (value: unknown, path: string): SchemaPart => {
    const found = known.get(value) ?? read(value, path);
    known.set(value, found);
    return found;
  };
  return {
    root: part(root, '#'),
    part,
    made,
    resolve(ref, path) {
      const refuse = (): never => {
        throw new ConfigError(
          `schema ${path}/$ref: expected the place of a schema within this one, such as "#/$defs/name", got ${shown(ref)}; put it under $defs`,
        );
      };
      if (!/^#(\/|$)/.test(ref)) refuse();
      let at: unknown = root;
      for (const name of decoded(ref).slice(1).split('/').slice(1)) {
        const own = name.replaceAll('~1', '/').replaceAll('~0', '~');
        if (typeof at !== 'object' || at === null || !Object.hasOwn(at, own)) return refuse();
        at = (at as Record<string, unknown>)[own];
      }
      return isSchema(at) ? part(at, ref) : refuse();
    },
  };
};

const decoded = (ref: string): string => {
  try {
    return decodeURIComponent(ref);
  } catch {
    return ref;
  }
};

const checkLimits = (root: unknown): void => {
  const refuse = (expected: string, got: string): never => {
    throw new ConfigError(`schema: expected ${expected}, got ${got}; give a smaller schema`);
  };
  let [values, characters] = [0, 0];
  const pending: [value: unknown, depth: number][] = [[root, 0]];
  for (let item = pending.pop(); item; item = pending.pop()) {
    const [value, depth] = item;
    if (++values > limits.values) refuse(`at most ${limits.values} values`, 'more');
    if (depth > limits.depth) refuse(`at most ${limits.depth} levels`, 'more, or one that contains itself');
    if (typeof value === 'string') characters += value.length;
    else if (Array.isArray(value)) for (const one of value) pending.push([one, depth + 1]);
    else if (isObject(value))
      for (const [name, one] of Object.entries(value)) {
        characters += name.length;
        pending.push([one, depth + 1]);
      }
    else if (value !== null && typeof value !== 'boolean' && !isNumber(value)) refuse('JSON', typeof value === 'number' ? String(value) : `a ${typeof value}`);
    if (characters > limits.characters) refuse(`at most ${limits.characters} characters`, 'more');
  }
};
