import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, NotFoundError } from '../../core/index.ts';
import { type AnnotatedDocument, parseGold } from '../../evaluate/index.ts';
import type { Tokenizer } from '../../formats/index.ts';
import { entityTypes, relationTypes } from './labels.ts';
import type { GoldRow } from './training-batch.ts';
import { piecesOf } from './windows.ts';

export interface GoldFile {
  readonly documents: readonly AnnotatedDocument[];
  readonly sha256: string;
}

/**
 * Reads a DyGIE JSON Lines file with gold annotations whose labels a reader knows.
 *
 * @throws NotFoundError where there is no file · FormatError naming line or document
 */
export const readGold = async (folder: string, name: string): Promise<GoldFile> => {
  const path = join(folder, name);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw new NotFoundError(`${path}: expected DyGIE JSON Lines, got no such file; a data folder holds train.json and dev.json`);
    throw error;
  });
  const documents = parseGold(bytes.toString('utf8'), path);
  for (const { docKey, entities, relations } of documents) {
    checkLabels(`${path} document ${docKey} ner`, entities, entityTypes);
    checkLabels(`${path} document ${docKey} relations`, relations, relationTypes);
  }
  return { documents, sha256: createHash('sha256').update(bytes).digest('hex') };
};

const checkLabels = (where: string, found: readonly { readonly label: string }[], known: readonly string[]): void => {
  const strange = found.find(({ label }) => !known.includes(label));
  if (strange) throw new FormatError(`${where}: expected one of ${known.join(', ')}, got ${JSON.stringify(strange.label)}; map the labels before training`);
};

/** The windows of documents, with their gold annotations. Empty documents give none. */
export const goldRows = (documents: readonly AnnotatedDocument[], tokenizer: Pick<Tokenizer, 'encodeWords'>, window: number): GoldRow[] =>
  documents.flatMap((document) => {
    const pieces = piecesOf(document.sentences, tokenizer, window);
    return pieces.windows.map((one) => ({ pieces, window: one, document }));
  });
