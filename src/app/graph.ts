// What `lyceum graph …` does. Each function prints its result on stdout and answers the exit code.
import { ConfigError, NotFoundError } from '../core/index.ts';
import {
  type DocumentSummary,
  type EntitySummary,
  exportDecisions,
  exportGraphml,
  exportJsonl,
  exportTurtle,
  type Fact,
  type LoggedDecision,
  type Settings,
  type Store,
} from '../knowledge/index.ts';
import { changeSettings } from './change-settings.ts';
import { AmbiguousError } from './errors.ts';
import { openWorkspace } from './workspace.ts';
import { writeOutput } from './write-output.ts';

export interface GraphOptions {
  readonly dir: string;
  readonly json: boolean;
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const printJson = (value: unknown) => print(JSON.stringify(value));
const plural = (count: number, noun: string, many = `${noun}s`) => `${count} ${count === 1 ? noun : many}`;

/** The one entity of this name or id. Errors: NotFoundError, with the nearest names; AmbiguousError, with the hits. */
export async function oneEntity(store: Store, name: string): Promise<EntitySummary> {
  const hits = await store.findEntities(name);
  if (hits.length === 1) return hits[0] as EntitySummary;
  if (hits.length > 1) {
    const list = hits.map((hit) => `  ${hit.id}  ${hit.name} (${hit.kind}, ${plural(hit.mentions, 'mention')})`).join('\n');
    throw new AmbiguousError(`graph: expected one entity named ${JSON.stringify(name)}, got ${hits.length}; use one of these ids\n${list}`);
  }
  const near = await store.search(name, { limit: 5 });
  const hint = near.length > 0 ? `; near it: ${near.map((hit) => hit.name).join(', ')}` : '; `lyceum graph search` finds words inside names';
  throw new NotFoundError(`graph: expected an entity named ${JSON.stringify(name)}, got none${hint}`);
}

const factLine = ({ subject, relation, object, support, score }: Fact) =>
  `${subject.name}  ${relation}  ${object.name}   (${plural(support, 'sentence')}, score ${score.toFixed(2)})`;

/** Prints an entity with its facts and their sentences; or, when no entity has the name, a document. */
export async function show(name: string, { dir, json, limit, sources }: GraphOptions & { limit: number; sources: number }): Promise<number> {
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  const { store } = workspace;
  const documents = (await store.findEntities(name)).length === 0 ? await store.findDocuments(name) : [];
  if (documents.length === 1) return showDocument(store, documents[0] as DocumentSummary, json);
  const entity = await store.entity((await oneEntity(store, name)).id);
  const facts = await store.facts({ entity: entity.id, limit: json ? 1_000_000 : limit, sources: json ? 1_000_000 : sources });
  if (json) {
    printJson({
      entity: entity.name,
      id: entity.id,
      kinds: entity.kinds,
      names: entity.names.map((spelling) => spelling.name),
      facts: facts.map((fact) => ({
        subject: fact.subject.name,
        relation: fact.relation,
        object: fact.object.name,
        score: fact.score,
        support: fact.support,
        sources: fact.sources.map(({ document, documentName, start, end, text, page }) => ({ document, name: documentName, start, end, text, page })),
      })),
      merges: entity.merges,
    });
    return 0;
  }
  print(
    `${entity.name}  ${entity.kind}, ${plural(entity.mentions, 'mention')} in ${plural(entity.documents, 'document')}, ${plural(entity.facts, 'fact')}  [${entity.id}]`,
  );
  const others = entity.names.filter((spelling) => spelling.name !== entity.name);
  if (others.length > 0) print(`also: ${others.map((spelling) => spelling.name).join(', ')}`);
  for (const merge of entity.merges) if (merge.status === 'merged') print(`merged: ${merge.explanation}`);
  for (const fact of facts) {
    print(`\n${factLine(fact)}`);
    for (const { relation, reversed, support } of fact.conflicts)
      print(`  but also: ${reversed ? 'the other way round, ' : ''}${relation} (${plural(support, 'sentence')})`);
    for (const { text, documentName, document, page } of fact.sources) {
      print(`  “${text.replace(/\s+/g, ' ').trim()}”\n    ${documentName ?? document.slice(0, 12)}${page === null ? '' : `, page ${page}`}`);
    }
  }
  if (entity.facts > facts.length) print(`\n… and ${entity.facts - facts.length} more; --limit shows them`);
  return 0;
}

async function showDocument(store: Store, summary: DocumentSummary, json: boolean): Promise<number> {
  const facts = await store.facts({ document: summary.id, limit: 1_000_000, sources: 1 });
  if (json) {
    printJson({
      document: summary,
      facts: facts.map(({ id, subject, relation, object, score }) => ({ id, subject: subject.name, relation, object: object.name, score })),
    });
    return 0;
  }
  print(`${summary.names.join(', ')}  ${summary.title ?? ''}  [${summary.id.slice(0, 12)}]`);
  print(`${plural(summary.sentences, 'sentence')}, ${plural(summary.mentions, 'mention')}, ${plural(summary.relations, 'relation')}`);
  for (const fact of facts) print(`  ${factLine(fact)}`);
  return 0;
}

export async function search(words: string, { dir, json, limit }: GraphOptions & { limit: number }): Promise<number> {
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  const [entities, sentences] = [await workspace.store.search(words, { limit }), await workspace.store.searchSentences(words, { limit })];
  if (json) printJson({ entities, sentences });
  else {
    for (const hit of entities) print(`${hit.name}  ${hit.kind}, ${plural(hit.mentions, 'mention')}, ${plural(hit.facts, 'fact')}  [${hit.id}]`);
    for (const hit of sentences) print(`“${hit.text.replace(/\s+/g, ' ').trim()}”\n  ${hit.documentName ?? hit.document.slice(0, 12)}`);
    if (entities.length + sentences.length === 0) print(`nothing holds ${JSON.stringify(words)}`);
  }
  return 0;
}

const formats = { jsonl: exportJsonl, graphml: exportGraphml, turtle: exportTurtle };

export async function exportGraph({
  dir,
  format,
  output,
  decisions,
}: GraphOptions & { format: string; output?: string; decisions?: boolean }): Promise<number> {
  if (!(format in formats)) throw new ConfigError(`graph export: --format: expected ${Object.keys(formats).join(', ')}, got ${JSON.stringify(format)}`);
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  const chunks = decisions ? exportDecisions(workspace.store) : formats[format as keyof typeof formats](workspace.store);
  if (output === undefined) {
    for await (const chunk of chunks) if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    return 0;
  }
  await writeOutput(output, chunks);
  return 0;
}

export async function remove(names: readonly string[], { dir, json }: GraphOptions): Promise<number> {
  await using workspace = await openWorkspace({ dir, mode: 'write' });
  const { store } = workspace;
  const found = new Map<string, DocumentSummary>();
  for (const name of names) {
    const hits = await store.findDocuments(name);
    if (hits.length === 0)
      throw new NotFoundError(
        `graph remove: expected a document named ${JSON.stringify(name)}, got none; nothing was removed; \`lyceum graph search\` and the workbench list documents`,
      );
    if (hits.length > 1) {
      const list = hits.map((hit) => `  ${hit.id.slice(0, 12)}  ${hit.names.join(', ')}`).join('\n');
      throw new AmbiguousError(
        `graph remove: expected one document named ${JSON.stringify(name)}, got ${hits.length}; nothing was removed; use one of these ids\n${list}`,
      );
    }
    found.set((hits[0] as DocumentSummary).id, hits[0] as DocumentSummary);
  }
  const removed = await store.removeDocuments([...found.keys()]);
  if (json) printJson({ removed, documents: [...found.values()].map(({ id, names: all }) => ({ id, names: all })) });
  else for (const { id, names: all } of found.values()) print(`removed ${all.join(', ')} [${id.slice(0, 12)}]`);
  return 0;
}

export async function merges({ dir, json, status, limit }: GraphOptions & { status: string; limit: number }): Promise<number> {
  if (status !== 'merged' && status !== 'proposed' && status !== 'rejected') {
    throw new ConfigError(`graph merges: --status: expected merged, proposed or rejected, got ${JSON.stringify(status)}`);
  }
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  const found = await workspace.store.merges({ status, limit });
  if (json) printJson(found);
  else for (const { from, to, reason, explanation } of found) print(`${from} → ${to}   (${reason}) ${explanation}`);
  if (!json && found.length === 0) print(`no merges are ${status}`);
  return 0;
}

async function decided(dir: string, json: boolean, decide: (store: Store) => Promise<LoggedDecision | undefined>): Promise<number> {
  await using workspace = await openWorkspace({ dir, mode: 'write' });
  const decision = await decide(workspace.store);
  if (json) printJson(decision ?? null);
  else
    print(
      decision ? `decision ${decision.number}: ${JSON.stringify(decision.decision)}; \`lyceum graph undo\` takes it back` : 'there is no decision to take back',
    );
  return 0;
}

export const merge = (names: readonly string[], { dir, json }: GraphOptions): Promise<number> => {
  if (names.length < 2) throw new ConfigError(`graph merge: expected two or more names, got ${names.length}; quote a name that has spaces`);
  return decided(dir, json, (store) => store.decide({ type: 'merge', names }));
};
export const split = (names: readonly string[], { dir, json }: GraphOptions): Promise<number> =>
  decided(dir, json, (store) => store.decide({ type: 'split', names }));
export const reject = (name: string, other: string, { dir, json }: GraphOptions): Promise<number> =>
  decided(dir, json, (store) => store.decide({ type: 'reject', names: [name, other] }));
export const undo = ({ dir, json }: GraphOptions): Promise<number> => decided(dir, json, (store) => store.undo());

/** Prints how rare names are merged, after changing it where a value is given. */
export async function settings({ dir, json, contains, threshold }: GraphOptions & { contains?: Settings['contains']; threshold?: number }): Promise<number> {
  const changes = contains !== undefined || threshold !== undefined;
  await using workspace = await openWorkspace({ dir, mode: changes ? 'write' : 'read' });
  const { store } = workspace;
  const { settings: now, decisions } = await changeSettings(store, { contains, threshold });
  const { entities, facts } = await store.counts();
  if (json) {
    printJson({ ...now, entities, facts, decisions });
    return 0;
  }
  const found = `found in more than ${plural(now.threshold, 'document')}`;
  const rules = {
    careful: `careful: a name of one document that ends in a name of two words or more, ${found}, is merged into it`,
    paper: `paper: a name that contains one ${found}, and is not found in as many itself, is merged into it`,
    off: 'off: no name is merged for containing another',
  };
  print(`contains   ${rules[now.contains]}\nthreshold  ${now.threshold}`);
  for (const { number, decision } of decisions) print(`decision ${number}: ${JSON.stringify(decision)}; \`lyceum graph undo\` takes it back`);
  print(`the graph holds ${plural(entities, 'entity', 'entities')} and ${plural(facts, 'fact')}`);
  return 0;
}

export async function backup(file: string, { dir, json }: GraphOptions): Promise<number> {
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  await workspace.store.backup(file);
  if (json) printJson({ backup: file });
  else print(`copied to ${file}`);
  return 0;
}

export async function checkStore({ dir, json }: GraphOptions): Promise<number> {
  await using workspace = await openWorkspace({ dir, mode: 'read' });
  const complaints = await workspace.store.check();
  if (json) printJson({ sound: complaints.length === 0, complaints });
  else print(complaints.length === 0 ? 'sound' : complaints.join('\n'));
  return complaints.length === 0 ? 0 : 1;
}
