/** What a program that reads papers asks for: nested objects and lists, names from a list, numbers with bounds, free text. `mark` makes it a schema not seen before. */
export const recordSchema = (mark = ''): object => ({
  type: 'object',
  properties: {
    title: { type: 'string' },
    year: { type: 'integer' },
    field: { enum: [`linguistics${mark}`, `vision${mark}`, `speech${mark}`, `robotics${mark}`, `other${mark}`] },
    authors: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, affiliation: { type: ['string', 'null'] } },
        required: ['name', 'affiliation'],
        additionalProperties: false,
      },
    },
    findings: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          [`claim${mark}`]: { type: 'string' },
          score: { type: 'number' },
          supported: { type: 'boolean' },
        },
        required: [`claim${mark}`, 'score', 'supported'],
        additionalProperties: false,
      },
    },
    summary: { type: 'string' },
  },
  required: ['title', 'year', 'field', 'authors', 'findings', 'summary'],
  additionalProperties: false,
});
