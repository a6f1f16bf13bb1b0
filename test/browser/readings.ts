import { createHash } from 'node:crypto';
import type { EntitySummary, Mention, PagePosition, Reading, RelationMention, Span, Subgraph } from '../../src/knowledge/index.ts';

// Documents for the page's tests: sentences are put together from names, so every span is known.

const methods = [
  'recurrent neural network', 'hidden Markov model', 'conditional random field', 'support vector machine', 'graph attention', 'variational autoencoder',
  'maximum entropy model', 'beam search', 'byte pair encoding', 'dependency parser', 'transformer encoder', 'topic model', 'active learning',
  'convolutional network', 'expectation maximization', 'knowledge distillation', 'span classifier', 'minimum error rate training', 'word embedding', 'low-rank adapter',
]; // biome-ignore format: one list, read at a glance
const tasks = [
  'machine translation', 'named entity recognition', 'coreference resolution', 'speech recognition', 'question answering', 'semantic role labeling',
  'text summarization', 'object detection', 'relation extraction', 'sentiment analysis', 'word sense disambiguation', 'image captioning',
]; // biome-ignore format: one list, read at a glance
const materials = [
  'Penn Treebank',
  'Wall Street Journal',
  'newswire articles',
  'broadcast news',
  'scientific abstracts',
  'movie reviews',
  'parallel corpora',
  'clinical notes',
];
const metrics = ['F1', 'BLEU score', 'word error rate', 'accuracy', 'perplexity', 'recall'];
const terms = [
  'attention weights',
  'lexical features',
  'long-range dependencies',
  'language model',
  'syntactic trees',
  'latent variables',
  'domain shift',
  'label noise',
];
const shortNames: Readonly<Record<string, string>> = {
  'conditional random field': 'CRF',
  'hidden Markov model': 'HMM',
  'support vector machine': 'SVM',
  'named entity recognition': 'NER',
};
const rareWords = [
  'sparse',
  'joint',
  'neural',
  'Bayesian',
  'hierarchical',
  'weighted',
  'online',
  'robust',
  'cross-lingual',
  'unsupervised',
  'structured',
  'deep',
];

/** Numbers in 0…1 that depend on the seed alone. */
export function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

interface Writer {
  text: string;
  readonly sentences: Span[];
  readonly mentions: Mention[];
  readonly relations: RelationMention[];
  /** Writes a sentence: strings as they are, names as mentions; relations count the names of this sentence. */
  say(
    parts: readonly (string | readonly [name: string, kind: string])[],
    relations: readonly (readonly [subject: number, label: string, object: number])[],
  ): void;
  line(text: string): void;
}

function writer(roll: () => number): Writer {
  const made: Writer = {
    text: '',
    sentences: [],
    mentions: [],
    relations: [],
    say(parts, relations) {
      const start = made.text.length;
      const first = made.mentions.length;
      for (const part of parts) {
        if (typeof part === 'string') made.text += part;
        else {
          made.mentions.push({ start: made.text.length, end: made.text.length + part[0].length, kind: part[1], score: 0.55 + roll() * 0.44 });
          made.text += part[0];
        }
      }
      made.sentences.push({ start, end: made.text.length });
      for (const [subject, label, object] of relations) {
        made.relations.push({ subject: first + subject, object: first + object, label, score: 0.5 + roll() * 0.49, sentence: made.sentences.length - 1 });
      }
      made.text += ' ';
    },
    line(text) {
      made.text += `${text}\n\n`;
    },
  };
  return made;
}

/** Where each line of the text stands if it is set in one column of a letter page. */
function setPages(text: string): PagePosition[] {
  const positions: PagePosition[] = [];
  const lineHeight = 15;
  let page = 1;
  let top = 72;
  for (const paragraph of text.matchAll(/[^\n]+/g)) {
    for (const line of paragraph[0].matchAll(/\S(?:.{0,80}\S)?(?=\s|$)/g)) {
      const start = paragraph.index + line.index;
      positions.push({ start, end: start + line[0].length, page, box: [72, top, Math.min(468, line[0].length * 5.6), 11] });
      top += lineHeight;
      if (top > 710) [page, top] = [page + 1, 72];
    }
    top += 9;
  }
  return positions;
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);
export const idOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** One document, the same for the same number. `spread` makes rarer names, so that large collections have many entities. */
export function madeReading(number: number, spread = 0): Reading {
  const roll = dice(number * 7919 + 17);
  // Squaring makes the first names of a list common and the last rare, as in real collections.
  const pick = (list: readonly string[]) => list[Math.floor(roll() ** 1.7 * list.length)]!;
  const rare = (name: string) => (roll() < spread ? `${rareWords[Math.floor(roll() * rareWords.length)]!} ${name} ${Math.floor(roll() * 900)}` : name);
  const year = 1994 + Math.floor(roll() * 26);
  const out = writer(roll);
  const [task, other] = [rare(pick(tasks)), rare(pick(tasks))];
  const modern = (year - 1994) / 26;
  const method = rare(
    roll() < modern ? pick(['recurrent neural network', 'transformer encoder', 'word embedding', 'graph attention', 'convolutional network']) : pick(methods),
  );
  const title = `${capital(method)} for ${task}`;
  out.line(title);
  out.line('Abstract');
  const short = shortNames[method];
  if (short) out.say(['We use a ', [method, 'Method'], ' (', [short, 'Method'], ') for ', [task, 'Task'], '.'], [[0, 'USED-FOR', 2]]);
  else out.say(['We propose a ', [method, 'Method'], ' for ', [task, 'Task'], '.'], [[0, 'USED-FOR', 1]]);
  const term = rare(pick(terms));
  out.say(['The model captures ', [term, 'OtherScientificTerm'], ' that earlier work on ', [task, 'Task'], ' could not reach.'], [[0, 'FEATURE-OF', 1]]);
  const [second, third] = [rare(pick(methods)), rare(pick(methods))];
  if (second !== third) out.say(['We compare a ', [second, 'Method'], ' with a ', [third, 'Method'], ' under equal training time.'], [[0, 'COMPARE', 1]]);
  out.text = `${out.text.trimEnd()}\n\n`;
  out.line('Experiments');
  const material = rare(pick(materials));
  const metric = pick(metrics);
  out.say(
    ['Experiments on ', [material, 'Material'], ' show better ', [metric, 'Metric'], ' for ', [task, 'Task'], ' than a ', [second, 'Method'], ' gives.'],
    [
      [1, 'EVALUATE-FOR', 2],
      [0, 'EVALUATE-FOR', 2],
    ],
  );
  out.say(
    [
      ['This approach', 'Generic'],
      ' also helps ',
      [other, 'Task'],
      ', where a ',
      [short ?? method, 'Method'],
      ' is used with ',
      [pick(terms), 'OtherScientificTerm'],
      '.',
    ],
    [
      [2, 'USED-FOR', 1],
      [3, 'PART-OF', 2],
    ],
  );
  // Names that look like others: what the review of merges is for.
  const alike = pick(methods);
  if (number % 4 === 0)
    out.say(
      [
        'The ',
        [`${alike} ${number % 8 === 0 ? 'algorithm' : 'approach'}`, number % 12 === 0 ? 'OtherScientificTerm' : 'Method'],
        ' is left to later work on ',
        [task, 'Task'],
        '.',
      ],
      [[0, 'USED-FOR', 1]],
    );
  if (number % 5 === 0) out.say(['Others use a ', [pick(Object.values(shortNames)), 'Method'], ' for ', [other, 'Task'], '.'], [[0, 'USED-FOR', 1]]);
  const text = out.text.trimEnd();
  const id = idOf(`${number}:${text}`);
  const isPaged = number % 3 === 0;
  return {
    id,
    names: [`${isPaged ? 'pdf' : 'notes'}/${title.toLowerCase().replaceAll(' ', '-')}-${number}.${isPaged ? 'pdf' : 'md'}`],
    loader: isPaged ? 'pdf/1' : 'markdown/1',
    reader: 'made/1',
    mediaType: isPaged ? 'application/pdf' : 'text/markdown',
    sizeBytes: text.length,
    title,
    year,
    venue: ['ACL', 'EMNLP', 'NeurIPS', 'ICASSP', 'CVPR'][number % 5]!,
    text,
    sentences: out.sentences,
    ...(isPaged && { pages: setPages(text) }),
    mentions: out.mentions,
    relations: out.relations,
    clusters: [],
  };
}

export const madeReadings = (count: number, spread = 0): Reading[] => Array.from({ length: count }, (_, number) => madeReading(number, spread));

/** A graph of `nodes` entities, the first of them `real`, and twice as many facts: few entities have many facts, most have few. */
export function largeGraph(nodes: number, real: readonly EntitySummary[]): Subgraph {
  const roll = dice(4242);
  const kinds = ['Task', 'Method', 'Metric', 'Material', 'OtherScientificTerm'];
  const pick = <T>(list: readonly T[], index: number): T => list[index % list.length]!;
  const entities = Array.from({ length: nodes }, (_, index) => {
    const name = `${pick(rareWords, index)} ${pick(index % 2 ? methods : tasks, index)} ${index}`;
    const mentions = 1 + Math.floor(3000 / (index + 10));
    return real[index] ?? { id: `e${idOf(name).slice(0, 16)}`, name, kind: pick(kinds, index), mentions, documents: mentions, facts: 2 };
  });
  const facts = Array.from({ length: nodes * 2 }, (_, index) => {
    const subject = index % nodes;
    const reach = index < nodes ? roll() ** 3 * 300 : roll() ** 4 * nodes;
    const object = Math.floor(index < nodes ? Math.max(0, subject - 1 - reach) : reach);
    return { id: `f${index}`, subject, object, relation: 'USED-FOR', support: 1 + Math.floor(roll() ** 6 * 20), score: 0.9 };
  });
  return { entities, facts, truncated: false };
}
