import type { Annotations, Span as WordSpan } from '../evaluate/index.ts';
import type { Reading } from '../knowledge/index.ts';
import type { LoadedDocument } from './loaders/document.ts';
import type { Sentence } from './text/index.ts';

/** The words of a document's sentences, as the reader takes them. */
export const tokensOf = ({ text }: { readonly text: string }, sentences: readonly Sentence[]): string[][] =>
  sentences.map((sentence) => sentence.words.map(({ start, end }) => text.slice(start, end)));

/**
 * What the store keeps of a document: the reader's word positions become character positions.
 *
 * The graph holds relations and coreference between found entities only: an argument or a cluster member that is no entity is left out (a scorer's relation
 * may join spans that the entity scorer refuses; a fact needs two named ends).
 *
 * @param sentences  of `document`, as `splitDocument` gives them
 * @param found      word positions counted over all sentences, both ends inclusive
 */
export function toReading(document: LoadedDocument, sentences: readonly Sentence[], found: Annotations, reader: string): Reading {
  const words = sentences.flatMap((sentence) => sentence.words);
  const sentenceOf = sentences.flatMap((sentence, i) => sentence.words.map(() => i));
  const mentions = [...found.entities].sort((a, b) => a.start - b.start || a.end - b.end);
  const index = new Map(mentions.map(({ start, end }, i) => [`${start}-${end}`, i]));
  const at = ({ start, end }: WordSpan): number | undefined => index.get(`${start}-${end}`);
  const { title, year, venue } = document.metadata;
  return {
    id: document.bytesSha256,
    names: document.names,
    loader: document.loader,
    reader,
    mediaType: document.mediaType,
    sizeBytes: document.sizeBytes,
    ...(title === undefined ? {} : { title }),
    ...(year === undefined ? {} : { year }),
    ...(venue === undefined ? {} : { venue }),
    text: document.text,
    sentences: sentences.map(({ start, end }) => ({ start, end })),
    ...(document.pages === undefined ? {} : { pages: document.pages }),
    mentions: mentions.map(({ start, end, label, score }) => ({ start: words[start]!.start, end: words[end]!.end, kind: label, score: score ?? 1 })),
    relations: found.relations.flatMap(({ subject, object, label, score }) => {
      const [from, to] = [at(subject), at(object)];
      return from === undefined || to === undefined || from === to
        ? []
        : [{ subject: from, object: to, label, score: score ?? 1, sentence: sentenceOf[subject.start]! }];
    }),
    clusters: found.clusters.map((cluster) => cluster.map(at).filter((i) => i !== undefined)).filter((cluster) => cluster.length > 1),
  };
}
