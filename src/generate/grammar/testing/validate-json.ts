import { isIPv4, isIPv6 } from 'node:net';

type Schema = boolean | Record<string, unknown>;

const typeNames = (value: unknown): string[] => {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  if (typeof value === 'number') return Number.isInteger(value) ? ['number', 'integer'] : ['number'];
  return [typeof value];
};
const isDate = (text: string): boolean => {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!found) return false;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
};
const isTime = (text: string): boolean => {
  const found = /^(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-](\d\d):(\d\d))$/.exec(text);
  return found !== null && Number(found[1]) < 24 && Number(found[2]) < 60 && Number(found[3]) < 60 && Number(found[6] ?? 0) < 24 && Number(found[7] ?? 0) < 60;
};
const isHost = (text: string): boolean =>
  text.length <= 253 && text.split('.').every((one) => one.length <= 63 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(one));
const formats: Record<string, (text: string) => boolean> = {
  date: isDate,
  time: isTime,
  'date-time': (text) => isDate(text.slice(0, 10)) && text[10] === 'T' && isTime(text.slice(11)),
  duration: (text) => /^P(?!$)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)$/.test(text),
  email: (text) => text.length <= 254 && text.split('@').length === 2 && /^[^@.]+(\.[^@.]+)*$/.test(text.split('@')[0]!) && isHost(text.split('@')[1]!),
  hostname: isHost,
  ipv4: isIPv4,
  ipv6: isIPv6,
  uri: (text) => URL.canParse(text) && /^[\x21-\x7e]+$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
};
const same = (a: unknown, b: unknown): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const [x, y] = [Object.entries(a), b as Record<string, unknown>];
  return Array.isArray(a) === Array.isArray(b) && x.length === Object.keys(y).length && x.every(([name, one]) => Object.hasOwn(y, name) && same(one, y[name]));
};
const units = (value: number): bigint => {
  if (Number.isInteger(value)) return BigInt(value) * 10n ** 10n;
  const [whole = '', fraction = ''] = (String(value).includes('e') ? value.toFixed(10) : String(value)).split('.');
  return BigInt(whole + fraction.padEnd(10, '0'));
};

/** A plain validator of JSON Schema, written apart from the grammar. oneOf is taken as anyOf. @returns what is wrong, undefined where nothing is */
export const validateJson = (root: Schema, given: unknown): string | undefined => {
  const check = (schema: Schema, value: unknown): string | undefined => {
    if (typeof schema === 'boolean') return schema ? undefined : 'false allows nothing';
    const is = (wanted: boolean, what: string): string | undefined =>
      wanted ? undefined : `${what}: ${JSON.stringify(value)} against ${JSON.stringify(schema)}`;
    const get = <T>(name: string): T | undefined => schema[name] as T | undefined;
    const all = (name: string): Schema[] => get<Schema[]>(name) ?? [];
    const wrong: (string | undefined)[] = [];
    const ref = get<string>('$ref');
    if (ref !== undefined) {
      let at: unknown = root;
      for (const name of ref.split('/').slice(1)) at = (at as Record<string, unknown>)[decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~')];
      wrong.push(check(at as Schema, value));
    }
    const types = [get<string | string[]>('type') ?? []].flat();
    if (types.length > 0)
      wrong.push(
        is(
          types.some((type) => typeNames(value).includes(type)),
          'type',
        ),
      );
    if (get('enum'))
      wrong.push(
        is(
          all('enum').some((one) => same(one, value)),
          'enum',
        ),
      );
    if ('const' in schema) wrong.push(is(same(schema['const'], value), 'const'));
    for (const one of all('allOf')) wrong.push(check(one, value));
    for (const name of ['anyOf', 'oneOf'])
      if (get(name))
        wrong.push(
          is(
            all(name).some((one) => check(one, value) === undefined),
            name,
          ),
        );
    const [minimum, maximum, above, below, step] = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'].map((name) =>
      get<number>(name),
    );
    if (typeof value === 'number') {
      wrong.push(is(value >= (minimum ?? value) && value <= (maximum ?? value), 'bounds'));
      wrong.push(is((above === undefined || value > above) && (below === undefined || value < below), 'exclusive bounds'));
      if (step !== undefined) wrong.push(is(units(value) % units(step) === 0n, 'multipleOf'));
    }
    if (typeof value === 'string') {
      const length = [...value].length;
      wrong.push(is(value.isWellFormed(), 'well-formed'));
      wrong.push(is(length >= (get<number>('minLength') ?? 0) && length <= (get<number>('maxLength') ?? length), 'length'));
      const pattern = get<string>('pattern');
      if (pattern !== undefined) wrong.push(is(new RegExp(pattern, 'u').test(value), 'pattern'));
      const format = formats[get<string>('format') ?? ''];
      if (format) wrong.push(is(format(value), 'format'));
    }
    if (Array.isArray(value)) {
      wrong.push(is(value.length >= (get<number>('minItems') ?? 0) && value.length <= (get<number>('maxItems') ?? value.length), 'items'));
      for (const [i, one] of value.entries()) wrong.push(check(all('prefixItems')[i] ?? get<Schema>('items') ?? true, one));
    } else if (typeof value === 'object' && value !== null) {
      const properties = get<Record<string, Schema>>('properties') ?? {};
      for (const name of get<string[]>('required') ?? []) wrong.push(is(Object.hasOwn(value, name), `required ${name}`));
      for (const [name, one] of Object.entries(value)) {
        wrong.push(check(get<Schema>('propertyNames') ?? true, name));
        wrong.push(check(Object.hasOwn(properties, name) ? properties[name]! : (get<Schema>('additionalProperties') ?? true), one));
      }
    }
    return wrong.find((one) => one !== undefined);
  };
  return check(root, given);
};
