import { z } from '@hono/zod-openapi';

/** What the workbench and other clients get over HTTP. Offsets are UTF-16 code units into the document's text; scores lie in 0…1. */

const count = z.number().int().min(0);
const span = { start: count, end: count };
const spanSchema = z.object(span).openapi('Span');

export const problemSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .openapi('Problem', { description: 'Why a request was refused: a stable code and a sentence that says what to do.' });

export const workspaceSchema = z
  .object({
    id: z.string().openapi({ description: 'Stays the same for one workspace; the page keeps positions of the picture under it.' }),
    name: z.string(),
    version: z.string(),
    readOnly: z.boolean(),
    sample: z.string().nullable().openapi({ description: 'A folder of sample documents to try, where there is one.' }),
    counts: z.object({ documents: count, sentences: count, mentions: count, entities: count, facts: count, merges: count, proposals: count, decisions: count }),
  })
  .openapi('Workspace');

export const documentSummarySchema = z
  .object({
    id: z.string(),
    names: z.array(z.string()),
    loader: z.string(),
    mediaType: z.string().nullable(),
    title: z.string().nullable(),
    year: z.number().int().nullable(),
    venue: z.string().nullable(),
    characters: count,
    sentences: count,
    mentions: count,
    relations: count,
  })
  .openapi('DocumentSummary');

export const documentsSchema = z.object({ documents: z.array(documentSummarySchema), total: count }).openapi('Documents');

export const pagePositionSchema = z
  .object({ ...span, page: z.number().int().min(1), box: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional() })
  .openapi('PagePosition', { description: 'Where a stretch of text stands: left, top, width, height in points from the top left corner of the page.' });

export const resolvedMentionSchema = z
  .object({
    ...span,
    kind: z.string(),
    score: z.number(),
    entity: z.string().nullable(),
    name: z.string().nullable(),
    via: z.enum(['own', 'coreference', 'definition']).nullable(),
  })
  .openapi('ResolvedMention');

export const documentSchema = documentSummarySchema
  .extend({
    text: z.string(),
    sentenceSpans: z.array(spanSchema),
    pages: z.array(pagePositionSchema),
    resolved: z.array(resolvedMentionSchema),
    hasFile: z.boolean().openapi({ description: 'Whether `/api/documents/{id}/file` still has the bytes.' }),
  })
  .openapi('Document');

export const entitySummarySchema = z
  .object({ id: z.string(), name: z.string(), kind: z.string(), mentions: count, documents: count, facts: count })
  .openapi('EntitySummary');

export const entitiesSchema = z.object({ entities: z.array(entitySummarySchema) }).openapi('Entities');

export const graphSchema = z
  .object({
    entities: z.array(entitySummarySchema),
    facts: z
      .array(z.object({ id: z.string(), subject: count, object: count, relation: z.string(), support: count, score: z.number() }))
      .openapi({ description: '`subject` and `object` are indices into `entities`.' }),
    truncated: z.boolean(),
  })
  .openapi('Graph', { description: 'The best-supported part of the graph that passes the filters.' });

export const factSourceSchema = z
  .object({
    ...span,
    document: z.string(),
    documentName: z.string().nullable(),
    text: z.string(),
    subject: spanSchema,
    object: spanSchema,
    score: z.number(),
    page: z.number().int().nullable(),
  })
  .openapi('FactSource', { description: 'The exact words behind a fact. All spans count from the beginning of the document.' });

export const factSchema = z
  .object({
    id: z.string(),
    subject: entitySummarySchema,
    relation: z.string(),
    object: entitySummarySchema,
    support: count,
    documents: count,
    score: z.number(),
    main: z.boolean(),
    conflicts: z.array(z.object({ relation: z.string(), reversed: z.boolean(), support: count })),
    sources: z.array(factSourceSchema),
  })
  .openapi('Fact');

export const factsSchema = z.object({ facts: z.array(factSchema) }).openapi('Facts');

export const mergeSchema = z
  .object({
    from: z.string(),
    to: z.string(),
    reason: z.string(),
    explanation: z.string(),
    evidence: z.array(
      z.object({
        ...span,
        document: z.string(),
        text: z.string(),
        sentence: z
          .object({ ...span, text: z.string() })
          .nullable()
          .openapi({ description: 'The sentence around it; given by /api/merges for the first few of each name.' }),
      }),
    ),
    status: z.enum(['merged', 'proposed', 'rejected']),
  })
  .openapi('Merge', { description: '`from` gives way to `to`.' });

export const mergesSchema = z.object({ merges: z.array(mergeSchema), proposals: count }).openapi('Merges');

export const mentionSchema = z
  .object({ ...span, document: z.string(), documentName: z.string().nullable(), text: z.string(), page: z.number().int().nullable(), mention: spanSchema })
  .openapi('Mention');

export const entitySchema = entitySummarySchema
  .extend({
    kinds: z.record(z.string(), count),
    names: z.array(z.object({ name: z.string(), mentions: count })),
    merges: z.array(mergeSchema),
    factList: z.array(factSchema).openapi({ description: 'Best supported first, at most two hundred, one source each.' }),
    mentionList: z.array(mentionSchema).openapi({ description: 'Sentences that name it, at most fifty.' }),
  })
  .openapi('Entity');

export const searchSchema = z
  .object({
    query: z.string(),
    documents: z.array(documentSummarySchema),
    entities: z.array(entitySummarySchema.extend({ matched: z.string() })),
    sentences: z.array(z.object({ ...span, document: z.string(), documentName: z.string().nullable(), text: z.string(), page: z.number().int().nullable() })),
  })
  .openapi('SearchResult');

const trendPointSchema = z.object({ year: z.number().int(), documents: count, of: count, share: z.number() });

export const trendsSchema = z
  .object({
    entity: entitySummarySchema,
    relation: z.string(),
    role: z.enum(['subject', 'object']),
    series: z.array(z.object({ entity: entitySummarySchema, points: z.array(trendPointSchema) })),
  })
  .openapi('Trends', {
    description: 'Of the dated documents of a year that mention `entity` (`of`), those that state the relation to each other entity (`documents`).',
  });

export const kindTrendsSchema = z
  .object({ subject: z.string(), object: z.string(), series: z.array(z.object({ relation: z.string(), points: z.array(trendPointSchema) })) })
  .openapi('KindTrends', {
    description: 'Of the dated documents of a year that mention an entity of kind `object` (`of`), those that state the relation (`documents`).',
  });

export const decideSchema = z
  .strictObject({ action: z.enum(['accept', 'reject']), from: z.string().min(1).max(2000), to: z.string().min(1).max(2000) })
  .openapi('MergeDecision');

export const decisionSchema = z
  .object({ number: count, at: z.string() })
  .openapi('Decision', { description: 'Its number takes it back: DELETE /api/decisions/{number}.' });

const settingFields = {
  contains: z
    .enum(['careful', 'paper', 'off'])
    .openapi({ description: 'When a rare name that contains a frequent one is merged into it; `paper` as the SciIE paper does.' }),
  threshold: z.number().int().min(1).max(1_000_000).openapi({ description: 'A name is frequent when more documents than this hold it.' }),
};

export const settingsSchema = z.object(settingFields).openapi('Settings');

export const wantedSettingsSchema = z.strictObject(settingFields).partial().openapi('WantedSettings');

export const changedSettingsSchema = settingsSchema
  .extend({ decisions: z.array(decisionSchema) })
  .openapi('ChangedSettings', { description: 'The settings that hold now, and the decisions it took; what was so already takes none.' });

export const progressSchema = z
  .object({
    stage: z.string(),
    done: count,
    total: count,
    current: z.string().nullable(),
    perSecond: z.number().nullable(),
    secondsLeft: z.number().nullable(),
    figures: z.record(z.string(), z.number()).openapi({ description: 'Of training: `loss` of the step, `heldOut` loss judged last and `heldOutStep` where.' }),
  })
  .openapi('Progress');

export const runSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    title: z.string(),
    subject: z.string().nullable().openapi({ description: 'Name of what it works on: of kind `adapt` the run’s.' }),
    state: z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
    progress: progressSchema.nullable(),
    skipped: z.array(z.object({ path: z.string(), code: z.string(), reason: z.string() })),
    result: z.record(z.string(), z.number()).nullable(),
    notes: z.array(z.string()).openapi({ description: 'Of a run that is over: what to know of it, such as that training takes more memory than is free.' }),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .openapi('Run');

export const runsSchema = z.object({ runs: z.array(runSchema) }).openapi('Runs');

export const readRequestSchema = z
  .strictObject({
    paths: z.array(z.string().min(1).max(4096)).max(100).default([]),
    uploads: z.array(z.uuid()).max(100).default([]),
  })
  .refine(({ paths, uploads }) => paths.length + uploads.length > 0, { message: 'expected at least one path or upload' })
  .openapi('ReadRequest');

export const uploadSchema = z.object({ id: z.string(), name: z.string(), sizeBytes: count }).openapi('Upload');

export type Workspace = z.infer<typeof workspaceSchema>;
export type DocumentSummary = z.infer<typeof documentSummarySchema>;
export type Documents = z.infer<typeof documentsSchema>;
export type Document = z.infer<typeof documentSchema>;
export type PagePosition = z.infer<typeof pagePositionSchema>;
export type EntitySummary = z.infer<typeof entitySummarySchema>;
export type Entities = z.infer<typeof entitiesSchema>;
export type Graph = z.infer<typeof graphSchema>;
export type FactSource = z.infer<typeof factSourceSchema>;
export type Fact = z.infer<typeof factSchema>;
export type Entity = z.infer<typeof entitySchema>;
export type MentionSentence = z.infer<typeof mentionSchema>;
export type SearchResult = z.infer<typeof searchSchema>;
export type Merge = z.infer<typeof mergeSchema>;
export type Merges = z.infer<typeof mergesSchema>;
export type Trends = z.infer<typeof trendsSchema>;
export type KindTrends = z.infer<typeof kindTrendsSchema>;
export type Decision = z.infer<typeof decisionSchema>;
export type Progress = z.infer<typeof progressSchema>;
export type Run = z.infer<typeof runSchema>;
export type Problem = z.infer<typeof problemSchema>;
export type Upload = z.infer<typeof uploadSchema>;
