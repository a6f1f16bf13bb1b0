import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mention, openStore, type Reading, type RelationMention, type Store } from '../src/knowledge/index.ts';

/** What the store's bench asks: a generated graph of a million facts, then every kind of question, each many times. */
export interface StoreBench {
  readonly facts: number;
  readonly entities: number;
  readonly documents: number;
  readonly buildSeconds: number;
  readonly fileBytes: number;
  /** Milliseconds of one more document of 12 mentions, made durable by itself. */
  readonly add: Latency;
  readonly questions: Readonly<Record<string, Latency>>;
}

export interface Latency {
  readonly queries: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const QUALITIES =
  'neural,statistical,probabilistic,hierarchical,unsupervised,supervised,semi supervised,robust,sparse,dense,convex,stochastic,variational,adversarial,recurrent,convolutional,lexical,syntactic,semantic,discourse,multi task,low rank,end to end,large scale,fine grained,cross lingual,visual,acoustic,temporal,spatial,bayesian,kernel,graph based,rule based,data driven,weakly supervised,discriminative,generative,interactive,online'.split(
    ',',
  );
const SUBJECTS =
  'speech,text,image,video,sentence,document,word,phrase,dialogue,question,query,entity,relation,event,topic,scene,object,face,gesture,motion,speaker,music,sensor,user,citation,knowledge,grammar,tree,sequence,feature,label,domain,language,character,token,span,pose,depth,texture,shape,protein,gene,market,robot,agent,policy,reward,plan,code,table'.split(
    ',',
  );
const NOUNS =
  'recognition,parsing,translation,segmentation,classification,retrieval,generation,summarization,alignment,tagging,clustering,detection,tracking,extraction,ranking,embedding,encoder,decoder,network,machine,field,forest,grammar,lexicon,corpus,treebank,benchmark,metric,kernel,prior,likelihood,estimator,sampler,transducer,automaton,ontology,resolver,disambiguation,adaptation,compression,inference,matching,normalization,prediction,reconstruction,registration,rendering,scheduling,search,synthesis,verification,annotation,attention,factorization,regression,smoothing'.split(
    ',',
  );
const LABELS = ['USED-FOR', 'USED-FOR', 'USED-FOR', 'USED-FOR', 'FEATURE-OF', 'HYPONYM-OF', 'PART-OF', 'EVALUATE-FOR', 'COMPARE', 'CONJUNCTION'];
const KINDS = ['Method', 'Task', 'Metric', 'Material', 'OtherScientificTerm'];
const RELATIONS_IN_DOCUMENT = 60;

/** A generator of numbers in [0, 1) from a seed (mulberry32), so that every run asks the same. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Different names of two to four words, as papers have them. */
function namesOf(count: number): string[] {
  const names: string[] = [];
  for (const noun of NOUNS) for (const subject of SUBJECTS) names.push(`${subject} ${noun}`);
  for (const quality of QUALITIES) for (const noun of NOUNS) for (const subject of SUBJECTS) names.push(`${quality} ${subject} ${noun}`);
  for (const first of QUALITIES) for (const second of QUALITIES) for (const noun of NOUNS) if (first !== second) names.push(`${first} ${second} ${noun}`);
  const random = randomFrom(7);
  const extra = names.length < count ? names.slice() : [];
  const seen = new Set(names);
  while (names.length < count) {
    const name = `${QUALITIES[Math.floor(random() * QUALITIES.length)]} ${extra[Math.floor(random() * extra.length)]}`;
    if (!seen.has(name)) names.push(name);
    seen.add(name);
  }
  for (let i = names.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [names[i], names[j]] = [names[j]!, names[i]!];
  }
  return names.slice(0, count);
}

/** One document of sentences "A … B.", each a relation between two entities; the entity at place n is named about n^-0.75 as often as the first. */
function generated(number: number, names: readonly string[], relations: number, random: () => number): Reading {
  const pick = (): number => Math.floor(names.length * random() ** 4);
  let text = '';
  const mentions: Mention[] = [];
  const found: RelationMention[] = [];
  const sentences: { start: number; end: number }[] = [];
  for (let n = 0; n < relations; n++) {
    const start = text.length;
    const ends = [pick(), pick()];
    for (const [side, end] of ends.entries()) {
      const name = names[end]!;
      mentions.push({ start: text.length, end: text.length + name.length, kind: KINDS[end % KINDS.length]!, score: 0.9 });
      text += side === 0 ? `${name} is studied with ` : `${name} in work ${number}.`;
    }
    sentences.push({ start, end: text.length });
    text += ' ';
    found.push({
      subject: 2 * n,
      object: 2 * n + 1,
      label: LABELS[Math.floor(random() * LABELS.length)]!,
      score: Math.round(random() * 5000 + 5000) / 10_000,
      sentence: n,
    });
  }
  const id = createHash('sha256').update(text).digest('hex');
  const year = 1990 + (number % 30);
  return { id, names: [`paper-${number}.txt`], loader: 'text/1', reader: 'generated/1', year, text, sentences, mentions, relations: found, clusters: [] };
}

async function timed(queries: number, ask: (n: number) => Promise<unknown>): Promise<Latency> {
  const times: number[] = [];
  for (let n = 0; n < queries; n++) {
    const start = performance.now();
    await ask(n);
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round(1000 * times[Math.min(queries - 1, Math.floor(share * queries))]!) / 1000;
  return { queries, p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Writes a workspace of generated documents until it holds so many facts. */
export async function buildStore(
  path: string,
  { facts = 1_000_000, entities = 200_000, log = (_: string) => {} } = {},
): Promise<Pick<StoreBench, 'documents' | 'buildSeconds' | 'add'>> {
  const names = namesOf(entities);
  const random = randomFrom(1);
  const started = performance.now();
  let documents = 0;
  await using store = await openStore(path);
  for (let have = 0; have < facts; ) {
    const batch = Array.from({ length: 200 }, (_, n) => generated(documents + n, names, RELATIONS_IN_DOCUMENT, random));
    await store.addReadings(batch);
    documents += batch.length;
    have = (await store.counts()).facts;
    log(`${documents} documents, ${have} facts, ${Math.round((performance.now() - started) / 1000)} s`);
  }
  const add = await timed(100, (n) => store.addReading(generated(documents + n, names, 6, random)));
  return { documents, buildSeconds: Math.round((performance.now() - started) / 1000), add };
}

/** Times every kind of question on a workspace that `buildStore` wrote with as many entities. */
export async function questionStore(
  path: string,
  { entities = 200_000, queries = 600 } = {},
): Promise<Pick<StoreBench, 'facts' | 'entities' | 'fileBytes' | 'questions'>> {
  await using store = await openStore(path, { mode: 'read' });
  const counts = await store.counts();
  const questions = await askAll(store, namesOf(entities), queries);
  return { facts: counts.facts, entities: counts.entities, fileBytes: (await stat(path)).size, questions };
}

/** Builds the graph in a folder of its own and times the questions. */
export async function benchStore(options: { facts?: number; entities?: number; queries?: number; log?: (line: string) => void } = {}): Promise<StoreBench> {
  const folder = await mkdtemp(join(tmpdir(), 'lyceum-store-'));
  try {
    const path = join(folder, 'knowledge.sqlite');
    return { ...(await buildStore(path, options)), ...(await questionStore(path, options)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function askAll(store: Store, names: readonly string[], queries: number): Promise<Record<string, Latency>> {
  const random = randomFrom(2);
  const name = (): string => names[Math.floor(names.length * random() ** 2)]!;
  const ids: string[] = [];
  while (ids.length < queries) {
    const [entity] = await store.findEntities(name());
    if (entity) ids.push(entity.id);
  }
  const factIds: string[] = [];
  for (const id of ids) for (const fact of await store.facts({ entity: id, limit: 1 })) factIds.push(fact.id);
  const typed = (n: number): string => {
    const whole = name();
    const words = whole.split(' ');
    // a whole name, a word, the first letters of one, two words
    if (n % 4 === 0) return whole;
    if (n % 4 === 1) return words.at(-1)!;
    return n % 4 === 2 ? words[0]!.slice(0, 1 + Math.floor(random() * 5)) : words.slice(-2).join(' ');
  };
  return {
    search: await timed(queries, (n) => store.search(typed(n))),
    neighbourhood: await timed(queries, (n) => store.neighbourhood(ids[n]!)),
    fact: await timed(queries, (n) => store.fact(factIds[n % factIds.length]!)),
    facts: await timed(queries, (n) => store.facts({ entity: ids[n]!, limit: 20, sources: 3 })),
    entity: await timed(queries, (n) => store.entity(ids[n]!)),
    overview: await timed(Math.ceil(queries / 30), () => store.overview({ limit: 10_000 })),
  };
}
