// One row a format: file endings, what its bytes are called, how text is made of them. Versions rise when the text of the same bytes changes.
import type { Limits, ParsedText } from './document.ts';

export interface Format {
  readonly name: 'pdf' | 'html' | 'docx' | 'markdown' | 'text' | 'jsonl';
  readonly version: number;
  readonly mediaType: string;
  readonly endings: readonly string[];
  /** Read in the parser process, which can be killed: formats whose files can make a parser run away. */
  readonly apart: boolean;
}

export const formats: readonly Format[] = [
  { name: 'pdf', version: 1, mediaType: 'application/pdf', endings: ['.pdf'], apart: true },
  { name: 'html', version: 1, mediaType: 'text/html', endings: ['.html', '.htm', '.xhtml'], apart: true },
  { name: 'docx', version: 1, mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', endings: ['.docx'], apart: true },
  { name: 'markdown', version: 1, mediaType: 'text/markdown', endings: ['.md', '.markdown'], apart: true },
  { name: 'text', version: 1, mediaType: 'text/plain', endings: ['.txt', '.text'], apart: false },
  { name: 'jsonl', version: 1, mediaType: 'application/jsonl', endings: ['.jsonl', '.ndjson'], apart: false },
];

export const formatOf = (path: string): Format | undefined => formats.find(({ endings }) => endings.some((ending) => path.toLowerCase().endsWith(ending)));

export const loaderName = ({ name, version }: Format): string => `${name}/${version}`;

/** Parses whole files of every format but PDF (page by page, elsewhere). Parsers load when first needed. */
export const parseWhole = async (name: Format['name'], bytes: Buffer, limits: Limits): Promise<ParsedText> => {
  switch (name) {
    case 'html':
      return (await import('./html.ts')).parseHtml(bytes, limits.characters);
    case 'docx':
      return (await import('./docx.ts')).parseDocx(bytes, limits);
    case 'markdown':
      return (await import('./markdown.ts')).parseMarkdown(bytes, limits.characters);
    case 'text':
      return (await import('./text.ts')).parsePlainText(bytes);
    case 'jsonl':
      return (await import('./json-lines.ts')).parseJsonLine(bytes);
    case 'pdf':
      throw new Error('internal: PDF files are read page by page');
  }
};
