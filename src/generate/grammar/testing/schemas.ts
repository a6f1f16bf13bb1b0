export interface SchemaCase {
  readonly schema: Record<string, unknown> | boolean;
  /** Texts that the grammar has, and that it has not. */
  readonly yes?: readonly string[];
  readonly no?: readonly string[];
}

type Schema = Record<string, unknown> | boolean;
const yes = (schema: Schema, has: readonly string[] = [], hasNot: readonly string[] = []): SchemaCase => ({ schema, yes: has, no: hasNot });
const object = (
  properties: Record<string, Schema>,
  required: readonly string[] = Object.keys(properties),
  more: Record<string, unknown> = {},
): Record<string, unknown> => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
  ...more,
});
const [string, integer, number, boolean]: Schema[] = [{ type: 'string' }, { type: 'integer' }, { type: 'number' }, { type: 'boolean' }];
const list = (items: Schema, more: Record<string, unknown> = {}): Schema => ({ type: 'array', items, ...more });

const scalars: SchemaCase[] = [
  yes(true, ['1', '"a"', '{"a": [1, {}]}', '[]', 'null', '-0.5e+10'], ['', '01', "'a'", '{a:1}', '[1,]', 'nul', ' 1']),
  yes({}, ['{"a":{"b":[[[true]]]}}']),
  yes(
    {
      title: 'a',
      description: 'b',
      default: 1,
      examples: [1],
      $comment: 'c',
      $schema: 'd',
      $id: 'e',
      deprecated: true,
      readOnly: true,
      writeOnly: false,
      type: 'null',
    },
    ['null'],
    ['1'],
  ),
  yes(boolean!, ['true', 'false'], ['True', '1']),
  yes({ type: 'null' }),
  yes(integer!, ['0', '-1', '123456789012345'], ['-0', '1.0', '1e5', '01', '1234567890123456', '+1']),
  yes(number!, ['0', '-0.25', '1e10', '1.5E-3'], ['.5', '1.', '1e', 'NaN', '00']),
  yes({ type: ['integer', 'number'] }, ['1.5']),
  yes({ type: ['string', 'null'] }, ['"x"', 'null'], ['1']),
  yes({ type: ['boolean', 'array', 'null'] }, ['[1]', 'true']),
  yes(string!, ['""', '"é日😀"', '"\\u00e9\\ud83d\\ude00\\"\\/"', '"\x7f"'], ['"\n"', '"\\ud83d"', '"\\x"', '"a', '"\\u12"', '"\\ude00"']),
  yes({ enum: [1, 'a', null, true, [1, { b: 2 }], { x: [] }] }, ['1', '"a"', 'null', 'true', '[1,{"b":2}]', '{"x":[]}'], ['2', '[1, {"b":2}]']),
  yes({ enum: ['abc', 'ab', 'a', '', 'é', '"\\\n\u0001'] }, ['"ab"', '""', '"é"', '"\\"\\\\\\n\\u0001"'], ['"abcd"']),
  yes({ const: 'only' }, ['"only"'], ['"onl"']),
  yes({ const: null }),
  yes({ const: { a: 1, b: [2, 'c'] } }, ['{"a":1,"b":[2,"c"]}']),
  yes({ type: 'string', enum: ['a', 1, 'b'] }, ['"a"'], ['1']),
  yes({ type: 'number', enum: [1, 2.5, 'x', 1e30], minimum: 2 }, ['2.5', '1e+30'], ['1']),
  yes({ enum: [1, 12, 123, 5] }, ['1', '12', '123'], ['13', '1234']),
  yes({ enum: ['cat', 'dog'], const: 'dog' }, ['"dog"'], ['"cat"']),
  yes({ enum: [10, 15, 20], multipleOf: 10 }, ['10', '20'], ['15']),
  yes({ enum: ['aa', 'b'], minLength: 2 }, ['"aa"'], ['"b"']),
  yes({ enum: [{ b: 1, a: 2 }], const: { a: 2, b: 1 } }, ['{"b":1,"a":2}']),
];

const numbers: SchemaCase[] = [
  yes({ type: 'integer', minimum: 0 }, ['0', '99'], ['-1']),
  yes({ type: 'integer', minimum: -3, maximum: 12 }, ['-3', '0', '12', '7'], ['13', '-4', '-', '1.0', '012']),
  yes({ type: 'integer', minimum: 98, maximum: 1002 }, ['98', '99', '100', '1002', '999'], ['97', '1003', '9', '10']),
  yes({ type: 'integer', exclusiveMinimum: 5, exclusiveMaximum: 8 }, ['6', '7'], ['5', '8', '65']),
  yes({ type: 'integer', maximum: -100 }, ['-100', '-5000'], ['-99', '0', '1']),
  yes({ type: 'integer', multipleOf: 7 }, ['0', '14', '-21'], ['1', '15']),
  yes({ type: 'integer', multipleOf: 1000000 }, ['1000000', '0'], ['100000']),
  yes({ type: 'integer', multipleOf: 0.5, minimum: 1, maximum: 3 }, ['1', '2', '3'], ['0', '1.5']),
  yes({ type: 'integer', multipleOf: 2.5 }, ['5', '0', '-10'], ['1', '2']),
  yes({ type: 'integer', minimum: 1.5, maximum: 2.5 }, ['2'], ['1', '3', '2.0']),
  yes({ type: 'integer', minimum: -9007199254740991, maximum: 9007199254740991 }, ['123'], ['-0']),
  yes({ type: 'integer', minimum: 1700000000000, maximum: 1800000000000 }, ['1712345678901'], ['17', '1900000000000']),
  yes({ type: 'number', minimum: 0, maximum: 1 }, ['0', '1', '0.5', '0.1234567', '1.0'], ['1.1', '-0.1', '2', '-0', '0.12345678', '1.01']),
  yes({ type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 }, ['0.5', '0.0000001'], ['0', '1', '0.0', '1.0']),
  yes({ type: 'number', minimum: -1.5, maximum: -1.25 }, ['-1.5', '-1.3', '-1.25'], ['-1', '-1.51', '1.3', '-1.2']),
  yes({ type: 'number', multipleOf: 0.01, minimum: 0 }, ['0.07', '1.1', '12'], ['0.075', '-1']),
  yes({ type: 'number', multipleOf: 0.1, minimum: 0.25, maximum: 0.35 }, ['0.3', '0.30'], ['0.25', '0.2']),
  yes({ type: 'number', maximum: 1e9 }, ['1000000000', '-5.25'], ['1000000001']),
  yes({ type: 'number', minimum: 0.1, maximum: 0.1 }, ['0.1', '0.1000'], ['0', '0.2']),
  yes({ type: 'number', multipleOf: 3 }, ['3', '-6.0'], ['1', '3.3']),
  yes({ minimum: 5, maximum: 9 }, ['5', '8.5'], ['"a"', '4']),
  yes({ type: 'number', allOf: [{ minimum: 3 }, { maximum: 4 }] }, ['3.5'], ['5']),
  yes({ type: 'integer', allOf: [{ multipleOf: 4 }, { multipleOf: 6 }] }, ['12', '24'], ['4', '6']),
];

const strings: SchemaCase[] = [
  yes({ type: 'string', minLength: 2, maxLength: 4 }, ['"ab"', '"日本é😀"', '"\\u00e9\\ud83d\\ude00"', '"\\n\\""'], ['"a"', '"abcde"', '"😀"']),
  yes({ type: 'string', maxLength: 0 }, ['""'], ['"a"']),
  yes({ type: 'string', minLength: 30 }),
  yes({ type: 'string', maxLength: 3000 }),
  yes({ minLength: 1 }, ['"a"'], ['1', '""']),
  yes({ type: 'string', pattern: '^[a-z]{2,5}$' }, ['"ab"'], ['"a"', '"AB"', '"abcdef"', '"\\u0061b"']),
  yes({ type: 'string', pattern: 'b' }, ['"abc"', '"b"', '"é\\nb"'], ['"a"', '""']),
  yes({ type: 'string', pattern: '^\\d{3}-\\d{4}$' }, ['"555-0123"'], ['"5550123"']),
  yes({ type: 'string', pattern: '^(cat|dog)s?( and (cat|dog)s?)*$' }, ['"cats and dog"'], ['"cow"']),
  yes({ type: 'string', pattern: '^[^\\s"]+$', maxLength: 6 }, ['"abc\\\\"'], ['"a b"', '"abcdefg"']),
  yes({ type: 'string', pattern: '^[\\u00e0-\\u00ff日😀]*$' }, ['"éé日😀"'], ['"a"']),
  yes({ type: 'string', pattern: '^[\\x00-\\x1f"\\\\/]+$' }, ['"\\u0001\\n\\"\\\\/\\b\\u001f"'], ['"a"', '"\\u000a"', '"\\/"']),
  yes({ type: 'string', pattern: '^(?=.*\\d)(?=.*[a-z])[a-z\\d]{4,8}$' }, ['"abc1"', '"1a23"'], ['"abcd"', '"1234"', '"a1"']),
  yes({ type: 'string', pattern: '^(?!admin)[a-z]+$' }, ['"user"', '"adm"'], ['"admin"', '"admins"']),
  yes({ type: 'string', pattern: 'x$', minLength: 3 }, ['"aax"'], ['"x"', '"axa"']),
  yes({ type: 'string', pattern: '^$' }, ['""'], ['"a"']),
  yes({ type: 'string', allOf: [{ pattern: '^ab.*' }, { pattern: '.*c$' }] }, ['"abc"'], ['"ab"']),
  yes({ type: 'string', format: 'date' }, ['"2024-02-29"', '"1999-12-31"'], ['"2023-02-29"', '"2024-13-01"', '"24-01-01"']),
  yes({ type: 'string', format: 'time' }, ['"23:59:59Z"', '"01:02:03.5+02:00"'], ['"24:00:00Z"', '"01:02:03"']),
  yes({ type: 'string', format: 'date-time' }, ['"2024-01-31T12:30:00Z"'], ['"2024-01-31 12:30:00Z"']),
  yes({ type: 'string', format: 'duration' }, ['"P1Y2M3DT4H5M6S"', '"PT5M"', '"P2W"'], ['"P"', '"PT"', '"1Y"']),
  yes({ type: 'string', format: 'email' }, ['"a.b@ex.com"'], ['"a@b"', '"@ex.com"', '"a b@ex.com"']),
  yes({ type: 'string', format: 'hostname' }, ['"a-b.example"'], ['"-a"', '"a..b"']),
  yes({ type: 'string', format: 'ipv4' }, ['"192.168.0.255"'], ['"256.1.1.1"', '"01.1.1.1"']),
  yes({ type: 'string', format: 'ipv6' }, ['"::"', '"1:2:3:4:5:6:7:8"', '"fe80::1"'], [':::', '"1::2::3"']),
  yes({ type: 'string', format: 'uuid' }, ['"123e4567-e89b-12d3-a456-426614174000"'], ['"123e4567"']),
  yes({ type: 'string', format: 'uri' }, ['"https://ex.com/a?b=c#d"'], ['"ex.com"']),
  yes({ type: 'string', format: 'date', pattern: '^2024' }, ['"2024-01-01"'], ['"2023-01-01"']),
  yes({ type: 'string', format: 'email', maxLength: 12 }, ['"a@b.com"'], ['"abcdefgh@ij.com"']),
];

const objects: SchemaCase[] = [
  yes({ type: 'object' }, ['{}', '{"a":1}', '{"a": 1, "b": {"c": []}}', '{\n  "a": 1\n}'], ['[]', '{"a":1,}']),
  yes(
    object({ a: string!, b: integer! }),
    ['{"a":"x","b":1}', '{ "a": "x",\n  "b": 1 }'],
    ['{"b":1,"a":"x"}', '{"a":"x"}', '{"a":"x","b":1,"c":2}', '{"a" :"x","b":1}'],
  ),
  yes(object({ a: string!, b: integer!, c: boolean! }, []), ['{}', '{"b":1}', '{"a":"x","c":true}'], ['{"b":1,"a":"x"}', '{,}']),
  yes(object({ a: string!, b: integer!, c: boolean! }, ['b']), ['{"b":1}', '{"a":"","b":1}', '{"b":1,"c":true}'], ['{}', '{"a":""}']),
  yes({ type: 'object', properties: { a: string! } }, ['{}', '{"a":"b"}'], ['{"b":1}']),
  yes({ properties: { a: integer! }, required: ['a', 'z'] }, ['{"a":1,"z":[2]}'], ['{"a":1}']),
  yes({ type: 'object', required: ['z'] }, ['{"z":1,"y":2}'], ['{"y":2,"z":1}']),
  yes({ type: 'object', additionalProperties: integer }, ['{"a":1,"b":2}'], ['{"a":"b"}']),
  yes(
    { type: 'object', properties: { name: string!, '': boolean! }, additionalProperties: number },
    ['{"name":"a","":true,"other":1.5}', '{"names":1}', '{"nam":1}'],
    ['{"x":1,"name":"a"}', '{"n\\u0061me":1}'],
  ),
  yes({ type: 'object', properties: { a: true }, required: ['a', 'b'], additionalProperties: boolean }, ['{"a":{},"b":true,"c":false}'], ['{"a":{},"b":1}']),
  yes(
    { type: 'object', properties: { __proto__x: string!, constructor: integer!, toString: boolean! }, required: ['constructor'] },
    ['{"constructor":1}'],
    ['{}'],
  ),
  yes(object({ 'a/b~c"\\\n日😀': integer! }), ['{"a/b~c\\"\\\\\\n日😀":1}']),
  yes(object({ a: false, b: integer! }, ['b']), ['{"b":1}'], ['{"a":1,"b":1}']),
  yes(object({ deep: object({ deeper: object({ deepest: list(object({ x: { const: 1 } })) }) }) }), ['{"deep":{"deeper":{"deepest":[{"x":1},{"x":1}]}}}']),
  yes({ type: 'object', propertyNames: { type: 'string' }, additionalProperties: number }, ['{"a":1}']),
  yes(
    { type: 'object', propertyNames: { pattern: '^[a-z]+$', maxLength: 3 }, additionalProperties: true },
    ['{"abc":{}}'],
    ['{"A":1}', '{"abcd":1}', '{"":1}'],
  ),
  yes(
    { type: 'object', propertyNames: { type: 'string', enum: ['x', 'y'] }, required: ['x'], additionalProperties: integer },
    ['{"x":1,"y":2}', '{"x":1}'],
    ['{"x":1,"z":2}'],
  ),
  yes(object(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`p${i}`, i % 2 ? string! : integer!])), ['p3', 'p17']), ['{"p3":"","p17":""}']),
  yes({ type: ['object', 'null'], properties: { a: integer! }, required: ['a'], additionalProperties: false }, ['null', '{"a":1}'], ['{}']),
];

const arrays: SchemaCase[] = [
  yes({ type: 'array' }, ['[]', '[1,"a"]', '[ 1,\n\t2 ]'], ['[,]', '[1 2]', '[\n\n1]', '[1]]']),
  yes(list(integer!), ['[1,2,3]', '[]'], ['["a"]']),
  yes(list(boolean!, { minItems: 2, maxItems: 3 }), ['[true,false]', '[true,true,true]'], ['[]', '[true]', '[true,true,true,true]']),
  yes(list(integer!, { maxItems: 0 }), ['[]'], ['[1]']),
  yes(list(string!, { minItems: 1 }), ['["a"]'], ['[]']),
  yes(list({ enum: ['a', 'b'] }, { minItems: 5, maxItems: 5 }), ['["a","b","a","b","a"]'], ['["a"]']),
  yes({ type: 'array', prefixItems: [string!, integer!] }, ['[]', '["a"]', '["a",1,null]'], ['[1]']),
  yes({ type: 'array', prefixItems: [string!, integer!], items: false, minItems: 2, maxItems: 2 }, ['["a",1]'], ['["a"]', '["a",1,2]']),
  yes({ type: 'array', prefixItems: [string!], items: boolean, minItems: 3 }, ['["a",true,false]'], ['["a",true]']),
  yes({ type: 'array', prefixItems: [integer!, integer!, integer!], maxItems: 2 }, ['[1,2]'], ['[1,2,3]']),
  yes({ type: 'array', items: false }, ['[]'], ['[1]']),
  yes(list(list(list(integer!))), ['[[[1],[]],[]]']),
  yes({ prefixItems: [true] }, ['["a"]'], ['"a"']),
  yes({ type: 'array', allOf: [{ items: { minimum: 3 } }, { items: { type: 'integer' } }, { minItems: 1 }] }, ['[3,4]'], ['[2]', '[]']),
  yes(list(integer!, { uniqueItems: false, minItems: 40 })),
];

const choices: SchemaCase[] = [
  yes({ anyOf: [string!, integer!] }, ['"a"', '1'], ['1.5']),
  yes(
    { oneOf: [object({ kind: { const: 'a' }, x: integer! }), object({ kind: { const: 'b' }, y: string! })] },
    ['{"kind":"a","x":1}', '{"kind":"b","y":""}'],
    ['{"kind":"a","y":""}'],
  ),
  yes({ anyOf: [object({ a: integer!, b: string! }), object({ a: integer!, c: boolean! })] }, ['{"a":12,"b":""}', '{"a":12,"c":true}']),
  yes(
    { anyOf: [list(integer!), list(string!), { type: 'array', prefixItems: [integer!, string!], minItems: 2, items: false }] },
    ['[1,2]', '["a"]', '[1,"a"]'],
    ['["a",1]'],
  ),
  yes(
    { type: 'object', properties: { a: integer!, b: integer! }, additionalProperties: false, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
    ['{"a":1}', '{"b":1}'],
    ['{}'],
  ),
  yes(
    { allOf: [object({ a: integer! }, ['a'], { additionalProperties: true }), { properties: { b: string! }, required: ['b'] }] },
    ['{"a":1,"b":"x"}'],
    ['{"a":1}'],
  ),
  yes(
    { allOf: [{ properties: { a: integer! } }, { properties: { a: { maximum: 5 }, b: string! } }], required: ['a'] },
    ['{"a":5}', '{"a":1,"b":""}'],
    ['{"a":6}'],
  ),
  yes({ allOf: [{ type: ['string', 'integer', 'null'] }, { type: ['number', 'string'] }] }, ['1', '"a"'], ['1.5', 'null']),
  yes({ anyOf: [{ type: 'string' }, { type: 'null' }], oneOf: [{ type: 'null' }, { type: 'integer' }] }, ['null'], ['1', '"a"']),
  yes({ anyOf: [{ minimum: 5 }, { multipleOf: 2 }], type: 'integer', maximum: 6 }, ['5', '6', '-2'], ['3', '7']),
  yes({ anyOf: [{ const: 'ab' }, { type: 'string', pattern: '^a' }, { enum: ['abc'] }] }, ['"ab"', '"abc"', '"ax"']),
  yes({ anyOf: [false, { type: 'null' }] }, ['null']),
  yes({ allOf: [true, {}, integer!] }, ['1']),
  yes({ type: 'string', anyOf: [{ format: 'date' }, { format: 'time' }, { maxLength: 2 }] }, ['"ab"', '"2024-01-01"'], ['"abc"']),
  yes({ anyOf: [object({ a: string! }, []), object({ a: string!, b: string! }, []), object({ c: string! }, [])] }, ['{}', '{"a":""}', '{"b":""}', '{"c":""}']),
  yes({ allOf: [{ anyOf: [{ minLength: 1 }, { type: 'integer' }] }, { anyOf: [{ maxLength: 2 }, { type: 'boolean' }] }] }, ['"a"'], ['"abc"', '""1']),
];

const references: SchemaCase[] = [
  yes({ $defs: { x: integer! }, type: 'array', items: { $ref: '#/$defs/x' } }, ['[1,2]']),
  yes({ definitions: { 'a/b~c%': string! }, $ref: '#/definitions/a~1b~0c%25' }, ['"a"']),
  yes({ $defs: { node: object({ value: integer!, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } }) }, $ref: '#/$defs/node' }, [
    '{"value":1,"next":{"value":2,"next":null}}',
  ]),
  yes(object({ name: string!, children: list({ $ref: '#' }) }), ['{"name":"a","children":[{"name":"b","children":[]}]}'], ['{"name":"a","children":[1]}']),
  yes({ anyOf: [integer!, list({ $ref: '#' })] }, ['1', '[[1,[]],2]']),
  yes(
    { $defs: { a: object({ b: { $ref: '#/$defs/b' } }, []), b: object({ a: { $ref: '#/$defs/a' } }, []) }, $ref: '#/$defs/a' },
    ['{"b":{"a":{}}}'],
    ['{"a":{}}'],
  ),
  yes(
    { $defs: { base: { properties: { id: integer! }, required: ['id'] } }, $ref: '#/$defs/base', properties: { name: string! }, required: ['name'] },
    ['{"name":"x","id":1}'],
    ['{"id":1}'],
  ),
  yes(
    { $defs: { p: { type: 'integer', minimum: 0 } }, properties: { n: { $ref: '#/$defs/p', maximum: 9, description: 'a' } }, required: ['n'] },
    ['{"n":9}'],
    ['{"n":10}'],
  ),
  yes(
    {
      $defs: { e: { oneOf: [{ type: 'number' }, object({ op: { enum: ['+', '*'] }, args: list({ $ref: '#/$defs/e' }, { minItems: 2, maxItems: 2 }) })] } },
      $ref: '#/$defs/e',
    },
    ['{"op":"+","args":[1,{"op":"*","args":[2,3]}]}'],
  ),
  yes({ type: 'object', additionalProperties: { $ref: '#' } }, ['{"a":{"b":{}}}'], ['{"a":1}']),
  yes({ properties: { a: { $ref: '#/properties/b' }, b: { type: 'boolean' } }, required: ['a'] }, ['{"a":true}']),
];

/** Over a hundred, by what they are about. */
export const schemaCases: Readonly<Record<string, readonly SchemaCase[]>> = { scalars, numbers, strings, objects, arrays, choices, references };
