import { z } from '@hono/zod-openapi';
import { guardPolicies } from '../../guard/index.ts';

const mostText = 500_000; // characters
const guard = z.string().min(1).max(500);

export const scanSchema = z
  .strictObject({
    document: z.string().max(mostText),
    instruction: z.string().max(10_000).optional().openapi({ description: 'What is to be asked of the document.' }),
    guard: guard.optional().openapi({ description: 'Name of a guard that `GET /api/guards` lists. Default: the one that ships with Lyceum.' }),
  })
  .openapi('GuardScan');

export const scannedSchema = z
  .object({
    flagged: z.boolean(),
    score: z.number().openapi({ description: '0 to 1; flagged from 0.5 on.' }),
    segments: z
      .array(
        z.object({
          start: z.number().int(),
          end: z.number().int(),
          text: z.string(),
          injected: z.number().openapi({ description: 'Probability of being injected.' }),
          restated: z.number().openapi({ description: 'Cosine to the instruction.' }),
          suspected: z.boolean(),
        }),
      )
      .readonly(),
    text: z.string().openapi({ description: 'The document without what is suspected.' }),
  })
  .openapi('GuardScanned');

export const guardsSchema = z
  .object({
    guards: z.array(
      z.object({
        name: z.string(),
        model: z.string().nullable().openapi({ description: 'The model that it was calibrated on; null: any.' }),
        policy: z.enum(guardPolicies).openapi({ description: 'Its own, where a request names none.' }),
        injected: z.number().openapi({ description: 'Probability of being injected from which on a sentence is suspected.' }),
        restated: z
          .number()
          .nullable()
          .openapi({ description: 'Cosine to the request above which a sentence is suspected, for requests like those it was calibrated on.' }),
        held: z.number().int().nullable().openapi({ description: 'After how many blocks it holds the request; null: it does not.' }),
        apart: z.number().nullable().openapi({ description: 'Cosine distance of the model’s request from the trusted one from which on it is flagged.' }),
        trouble: z.string().nullable().openapi({ description: 'Why it cannot be used.' }),
      }),
    ),
  })
  .openapi('Guards');

export type GuardScanned = z.infer<typeof scannedSchema>;
export type Guards = z.infer<typeof guardsSchema>;
