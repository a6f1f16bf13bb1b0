import { z } from '@hono/zod-openapi';

// What the workbench sees of language models, and how it loads one.

const count = z.number().int().min(0);

export const modelsSchema = z
  .object({
    models: z.array(
      z.object({
        name: z.string(),
        sizeBytes: count,
        licence: z.string().nullable(),
        family: z.string().nullable(),
        parameters: count.nullable(),
        context: count.nullable().openapi({ description: 'Most tokens of a text.' }),
        generates: z.boolean().openapi({ description: 'It writes text; others make vectors of it.' }),
      }),
    ),
    available: z
      .array(z.object({ name: z.string(), about: z.string(), sizeBytes: count, licence: z.string() }))
      .openapi({ description: 'Those of the catalogue that `lyceum models pull NAME` fetches.' }),
    loaded: z
      .object({
        name: z.string(),
        family: z.string(),
        parameters: count,
        context: count,
        weights: z.string(),
        chats: z.boolean().openapi({ description: 'It has a chat template; others continue a text.' }),
        busy: count.openapi({ description: 'Requests under way.' }),
        memoryBytes: count.nullable().openapi({ description: 'Resident memory of the process that holds it.' }),
        cacheBytes: count.nullable().openapi({ description: 'What of it the texts under way and the last ones hold.' }),
        adapter: z.string().nullable().openapi({ description: 'Name of the run whose adapter it wears.' }),
        guard: z.string().nullable().openapi({ description: 'Name of the guard that its requests pass.' }),
        idleReleaseSeconds: count.openapi({ description: 'It is released after so long without a request.' }),
      })
      .nullable()
      .openapi({ description: 'The one that answers under `/v1`.' }),
  })
  .openapi('Models');

export const loadSchema = z
  .strictObject({
    name: z.string().min(1).max(500),
    adapter: z
      .string()
      .min(1)
      .max(120)
      .optional()
      .openapi({ description: 'Name of a finished run that `GET /api/adapt/runs` lists; the model is then called by it.' }),
    guard: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .openapi({ description: 'Name of a guard that `GET /api/guards` lists. A request may then choose its policy, or `off`, as `lyceum.guard`.' }),
  })
  .openapi('LoadModel');

export type Models = z.infer<typeof modelsSchema>;
