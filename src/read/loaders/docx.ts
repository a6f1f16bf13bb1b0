import mammoth from 'mammoth';
import { knownAs } from './decode.ts';
import { type Limits, LoadError, type ParsedText } from './document.ts';
import { parseHtmlText } from './html.ts';
import { yearOf } from './kinds.ts';
import { readZip, writeZip } from './zip.ts';

// Pictures, fonts and embedded files are neither unpacked nor seen by anyone.
const wanted = (name: string) => /\.(?:xml|rels)$/i.test(name) && !name.includes('..');

const oleHeader = Buffer.from([0xd0, 0xcf, 0x11, 0xe0]);

/** Runs that Word does not show (`w:vanish`) leave; what a reader cannot see is not read. */
const withoutHiddenRuns = (xml: string): { xml: string; hidden: number } => {
  let hidden = 0;
  const kept = xml.split(/(?=<w:r[ >])/).map((piece) => {
    const end = piece.indexOf('</w:r>');
    if (!piece.startsWith('<w:r') || end < 0) return piece;
    const run = piece.slice(0, end);
    if (!/<w:vanish(?:\s+w:val="(?:1|true|on)")?\s*\/>/.test(run)) return piece;
    if (/<w:t[ >]/.test(run)) hidden++;
    return piece.slice(end + '</w:r>'.length);
  });
  return { xml: kept.join(''), hidden };
};

/**
 * A Word document: headings, paragraphs, lists and tables, tracked deletions and comments left out. Its parts are unpacked here, counted as they grow, and handed on
 * unpacked, so nothing after this can be surprised by a packed part.
 */
export const parseDocx = async (bytes: Buffer, limits: Pick<Limits, 'characters' | 'inflatedBytes'>): Promise<ParsedText> => {
  if (bytes.subarray(0, 4).equals(oleHeader))
    throw new LoadError('ENCRYPTED', 'expected a .docx file, got an old .doc or one with a password; save it as .docx without password');
  if (!knownAs(bytes)?.startsWith('a ZIP'))
    throw new LoadError('FORMAT', `expected a .docx (ZIP) file, got ${knownAs(bytes) ?? 'something else'}; give the file its right ending`);
  const parts = readZip(bytes, wanted, limits.inflatedBytes);
  const main = [...parts.keys()].find((name) => /^word\/document\d*\.xml$/.test(name));
  if (!main) throw new LoadError('FORMAT', 'expected a Word document, got a ZIP without word/document.xml; give the file its right ending');
  const { xml, hidden } = withoutHiddenRuns(parts.get(main)!.toString('utf8'));
  parts.set(main, Buffer.from(xml));
  let html: string;
  try {
    const noPictures = mammoth.images.imgElement(async () => ({ src: '' }));
    const converted = await mammoth.convertToHtml(
      { buffer: writeZip(parts) },
      {
        convertImage: noPictures,
        externalFileAccess: false,
        styleMap: ["p[style-name='Title'] => h1:fresh", "p[style-name='Subtitle'] => p:fresh", "p[style-name='Abstract'] => p:fresh"],
      },
    );
    // The arrows that lead from notes back to the text are no words.
    html = converted.value.replace(/<a href="#(?:foot|end)note-ref-[^"]*">[^<]*<\/a>/g, '');
  } catch (cause) {
    throw new LoadError(
      'FORMAT',
      `expected a Word document, got one whose parts cannot be read (${(cause as Error).message}); open it in its program and save it again`,
      { cause },
    );
  }
  if (html.replace(/<[^>]*>/g, '').trim() === '')
    throw new LoadError('NO_TEXT', 'expected a Word document with text, got none (pictures only?); run a text recognition (OCR) program on it first');
  const parsed = parseHtmlText(`<body>${html}</body>`, limits.characters);
  const core = parts.get('docProps/core.xml')?.toString('utf8') ?? '';
  const stated = /<dc:title>([^<]{1,300})<\/dc:title>/.exec(core)?.[1]?.trim();
  const year = yearOf(/<dcterms:issued[^>]*>([^<]{1,40})</.exec(core)?.[1]);
  const { origins: _ofTheConversion, ...rest } = parsed;
  return {
    ...rest,
    metadata: { ...(stated && !parsed.metadata.title ? { title: stated } : {}), ...(year === undefined ? {} : { year }), ...parsed.metadata },
    warnings: [...parsed.warnings, ...(hidden > 0 ? [`${hidden} hidden ${hidden === 1 ? 'piece of text was' : 'pieces of text were'} left out`] : [])],
  };
};
