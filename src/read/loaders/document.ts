import { LyceumError } from '../../core/index.ts';
import type { PagePosition } from '../../knowledge/index.ts';
import type { Block } from '../text/index.ts';

/** Why a document could not be read; stable, printed by `lyceum read --json`. */
export type SkipCode =
  | 'EMPTY'
  | 'NO_TEXT'
  | 'ENCRYPTED'
  | 'ENCODING'
  | 'BINARY'
  | 'FORMAT'
  | 'UNSUPPORTED'
  | 'TOO_LARGE'
  | 'NO_RIGHTS'
  | 'NOT_FOUND'
  | 'NOT_A_FILE'
  | 'NAME_TAKEN'
  | 'PAGE'
  | 'TIMEOUT'
  | 'MEMORY'
  | 'IO';

/** A document that cannot be read, with a reason a person can act on. */
export class LoadError extends LyceumError {
  override readonly name = 'LoadError';
  readonly code: SkipCode;
  constructor(code: SkipCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A stretch of the document's text and where its first character stands in the decoded file. */
export interface Origin {
  readonly start: number;
  readonly end: number;
  readonly source: number;
}

export interface Metadata {
  readonly title?: string;
  readonly year?: number;
  readonly venue?: string;
}

/** What a loader makes of bytes. All positions are UTF-16 code units of `text`, ends exclusive. */
export interface ParsedText {
  readonly text: string;
  /** In order, not overlapping; what lies between is white space. */
  readonly blocks: readonly Block[];
  /** One entry a printed line, for formats with pages. */
  readonly pages?: readonly PagePosition[];
  /** Pages that could not be read; the rest of the document was. */
  readonly failedPages?: readonly { readonly page: number; readonly reason: string }[];
  /** For HTML and Markdown. */
  readonly origins?: readonly Origin[];
  readonly metadata: Metadata;
  /** What was left out or guessed, one sentence each. */
  readonly warnings: readonly string[];
}

/** A document ready to be read; its identity is `bytesSha256`, its names are sorted. */
export interface LoadedDocument extends ParsedText {
  readonly bytesSha256: string;
  /** The first of `names`. */
  readonly name: string;
  readonly names: readonly string[];
  /** Name and version of the loader, such as `pdf/1`. */
  readonly loader: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

/** Bounds on what one document may cost. */
export interface Limits {
  /** Of one file; JSON Lines files are streamed and have no bound but `lineBytes`. */
  readonly fileBytes: number;
  readonly lineBytes: number;
  /** Characters of text that one document may give. */
  readonly characters: number;
  /** All parts of a packed file together, unpacked. */
  readonly inflatedBytes: number;
  /** For one PDF page or one whole file of another format, before the parser process is killed. */
  readonly stepMs: number;
  /** Of the parser process. */
  readonly memoryBytes: number;
  readonly pages: number;
}

const mebibyte = 1024 * 1024;

export const defaultLimits: Limits = {
  fileBytes: 256 * mebibyte,
  lineBytes: 16 * mebibyte,
  characters: 20_000_000,
  inflatedBytes: 256 * mebibyte,
  stepMs: 60_000,
  memoryBytes: 1536 * mebibyte,
  pages: 5000,
};

/** `sizeBytes` as people say it. */
export const spellSize = (sizeBytes: number): string => {
  const [unit, size] =
    sizeBytes >= 1024 * mebibyte ? ['GiB', 1024 * mebibyte] : sizeBytes >= mebibyte ? ['MiB', mebibyte] : sizeBytes >= 1024 ? ['KiB', 1024] : ['bytes', 1];
  return `${Number((sizeBytes / (size as number)).toFixed(1))} ${unit}`;
};
