import type { Reading, Store } from '../knowledge/index.ts';
import { type LoadedDocument, type Reader, type Sentence, splitDocument, tokensOf, toReading } from '../read/index.ts';

export interface PipelineOptions {
  readonly start: () => Promise<Reader>;
  readonly store: Pick<Store, 'addReadings'>;
  readonly signal?: AbortSignal | undefined;
  /** After a group of documents is in the store. */
  readonly onKept?: (documents: readonly LoadedDocument[], readings: readonly Reading[]) => void;
}

/** Documents on their way into a store. */
export interface Pipeline {
  /** Returns once there is room for another. @throws what went wrong with an earlier one, the signal's reason */
  add(document: LoadedDocument): Promise<void>;
  /** Returns when all that was added is in the store. */
  finish(): Promise<void>;
  /** Returns when nothing is under way any more, whatever became of it. */
  settle(): Promise<void>;
}

interface Member {
  readonly document: LoadedDocument;
  readonly sentences: readonly Sentence[];
}

// Documents are read in groups of about this many words: enough to fill a call, few enough to be lost without pain and that all processes end together.
const groupWords = 1500;
const groupsAtOnce = 8;

/** Reads documents as they come. The reader has the next groups at hand while one is stored and another is loaded; groups are stored in order, each durable before the next. */
export const readingPipeline = ({ start, store, signal, onKept }: PipelineOptions): Pipeline => {
  const underWay: Promise<void>[] = [];
  let group: Member[] = [];
  let words = 0;

  const read = async (members: readonly Member[]): Promise<Reading[]> => {
    const reader = await start();
    const found = await reader.predict(
      members.map(({ document, sentences }) => ({ docKey: document.name, sentences: tokensOf(document, sentences) })),
      signal === undefined ? {} : { signal },
    );
    return members.map(({ document, sentences }, i) => toReading(document, sentences, found[i]!, reader.version));
  };
  const keep = async (members: readonly Member[], readings: readonly Reading[]): Promise<void> => {
    signal?.throwIfAborted();
    await store.addReadings(readings);
    onKept?.(
      members.map(({ document }) => document),
      readings,
    );
  };
  const flush = async (): Promise<void> => {
    if (group.length === 0) return;
    const members = group;
    group = [];
    words = 0;
    if (underWay.length === groupsAtOnce) await underWay.shift();
    const kept = Promise.all([read(members), underWay.at(-1)]).then(([readings]) => keep(members, readings));
    kept.catch(() => {}); // awaited with a later group or at the end
    underWay.push(kept);
  };

  return {
    async add(document) {
      const sentences = splitDocument(document);
      group.push({ document, sentences });
      words += sentences.reduce((sum, sentence) => sum + sentence.words.length, 0);
      if (words >= groupWords) await flush();
    },
    async finish() {
      await flush();
      await Promise.all(underWay);
    },
    async settle() {
      await Promise.allSettled(underWay);
    },
  };
};
