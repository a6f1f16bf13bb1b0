// Entry point of a reader's process: a reader and its engine behind the channel of their parent.
import type { AnnotatedDocument, TokenDocument } from '../../evaluate/index.ts';
import { type EngineOptions, openEngine, serveParent } from '../../runtime/index.ts';
import { openReader, type Reader, type ReaderChoice } from './open-reader.ts';

let reader: Reader;

const service = {
  /** @returns the reader's version */
  async open(engine: Pick<EngineOptions, 'threads' | 'device'>, choice: ReaderChoice): Promise<string> {
    reader = await openReader(await openEngine(engine), choice);
    return reader.version;
  },
  predict: (documents: readonly TokenDocument[]): Promise<AnnotatedDocument[]> => reader.predict(documents),
};
export type ReaderService = typeof service;

serveParent(service);
