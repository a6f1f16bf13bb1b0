// Files of facts as they are found in the wild, and our own, as facts whose object completes a text.
import { z } from 'zod';
import { FormatError } from './errors.ts';
import type { Fact } from './fact-ranking.ts';
import { type Line, parseJsonLines, shown } from './json-lines.ts';

const text = z.string().trim().min(1);
const ours = z.strictObject({ id: text.optional(), relation: text, subject: text, prompt: text, object: text });
const triple = z.strictObject({ relation: text, subject: text, object: text, kind: text.optional() });
const counterfact = z.looseObject({ case_id: z.number(), prompt: text, subject: text, ground_truth: text, target_new: text });
const hint = 'a line holds relation, subject, prompt and object; or relation, subject and object, with templates in a file of their own; or is CounterFact’s';
const record = z.record(z.string(), z.unknown());

/** A file that was read. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/**
 * Facts in JSON Lines, known by their fields: our own (`relation, subject, prompt, object`), triples (`relation, subject, object`) with a file of templates, as LRE and T-REx have them, or CounterFact.
 *
 * @param templates  per relation `{"prompt_templates": ["… {} …"]}` (LRE) or `["[X] … [Y] ."]` (ParaRel): the first one that the object ends is taken. Relations without one are left out
 * @throws FormatError with line, field, what was expected and found; or where templates are missing
 */
export const parseFacts = ({ name, text: source }: NamedText, templates?: NamedText): Fact[] => {
  const [first] = parseJsonLines(source.replace(/^\uFEFF/, '').trimStart().split('\n', 1)[0]!, name, record, hint); // biome-ignore format: one thought
  if (!first) throw new FormatError(`${name}: expected facts, got none`);
  if ('case_id' in first.value) return counterfactFacts(parseJsonLines(source, name, counterfact, hint));
  if ('prompt' in first.value) return numbered(parseJsonLines(source, name, ours, hint).map(({ value }) => value));
  const triples = parseJsonLines(source, name, triple, hint);
  if (!templates)
    throw new FormatError(
      `${name}: expected a file of templates beside facts without prompts, got none; give --templates, with a template for ${triples[0]!.value.relation}`,
    );
  const prompts = parseTemplates(templates);
  const facts = triples.flatMap(({ value: { relation, subject, object } }) => {
    const promptOf = prompts.get(relation);
    return promptOf ? [{ relation, subject, object, prompt: promptOf(subject) }] : [];
  });
  if (facts.length === 0)
    throw new FormatError(`${templates.name}: expected templates for relations of ${name}, got none that an object ends; the two are not of one set`);
  return numbered(facts);
};

/** Ids from what a fact says; what is said twice counts once. */
const numbered = (facts: readonly (Omit<Fact, 'id'> & { readonly id?: string | undefined })[]): Fact[] => {
  const found = new Map<string, Fact>();
  for (const { id, relation, subject, prompt, object } of facts) {
    const key = id ?? `${relation}: ${subject} → ${object}`;
    if (!found.has(key)) found.set(key, { id: key, relation, subject, prompt, object });
  }
  return [...found.values()];
};

const lreTemplates = z.record(z.string(), z.looseObject({ prompt_templates: z.array(text).min(1) }));
const patternTemplates = z.record(z.string(), z.array(text));

/** Per relation the text before the object, of a subject. */
const parseTemplates = ({ name, text: source }: NamedText): Map<string, (subject: string) => string> => {
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch (cause) {
    throw new FormatError(`${name}: expected one JSON document with templates by relation, got ${shown(source.slice(0, 60))}`, { cause });
  }
  const lre = lreTemplates.safeParse(json);
  const patterns = patternTemplates.safeParse(json);
  const entries = lre.success
    ? Object.entries(lre.data).map(([relation, { prompt_templates }]) => [relation, prompt_templates.find((one) => one.includes('{}')), '{}'] as const)
    : patterns.success
      ? Object.entries(patterns.data).map(([relation, all]) => [relation, all.map(beforeObject).find((one) => one !== undefined), '[X]'] as const)
      : undefined;
  if (!entries) throw new FormatError(`${name}: expected templates by relation, {"prompt_templates": ["… {} …"]} or ["[X] … [Y]"], got ${shown(json)}`);
  return new Map(
    entries.flatMap(([relation, template, place]) =>
      template === undefined ? [] : [[relation, (subject: string) => template.split(place).join(subject).trimEnd()] as const],
    ),
  );
};

/** What stands before [Y] in a pattern that ends with it. */
const beforeObject = (pattern: string): string | undefined => /^(.*\[X\].*?)\s*\[Y\][\s.]*$/.exec(pattern)?.[1];

/** CounterFact names no relation: facts whose prompts are alike but for the subject are of one. */
const counterfactFacts = (lines: readonly Line<z.output<typeof counterfact>>[]): Fact[] =>
  lines.map(({ value: { case_id, prompt, subject, ground_truth, target_new } }) => ({
    id: String(case_id),
    relation: prompt.split(subject).join('{}'),
    subject,
    prompt,
    object: ground_truth,
    wrong: [target_new],
  }));
