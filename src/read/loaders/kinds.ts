import type { Block, BlockKind } from '../text/index.ts';

const numbering = String.raw`(?:(?:\d+|[IVX]+|[A-Z])(?:\.\d+)*\.?\s+)?`;
const referencesHeading = new RegExp(`^${numbering}(?:references|bibliography|literature cited|works cited|references and notes)[.:]?$`, 'iu');
const backMatter = /^(?:appendix|appendices|supplementary|acknowledge?ments?|[A-Z](?:\.\d+)*\.?\s+\p{Lu})/iu;
const commonHeading = new RegExp(
  `^${numbering}(?:abstract|summary|introduction|background|related work|methods?|model|approach|experiments?|experimental (?:setup|results)|results|evaluation|discussion|conclusions?|future work|limitations|acknowledge?ments?|references|bibliography|appendix)[.:]?$`,
  'iu',
);
const numberedHeading = /^\d{1,2}(?:\.\d{1,2})*\.?\s+\p{Lu}[^.!?]{1,80}$/u;
export const captionStart = /^(?:fig(?:ure|\.)?|tab(?:le|\.)?|algorithm|listing)\s+[\dA-Z]+(?:\.\d+)?\s*[.:|]/iu;

export const isReferencesHeading = (text: string): boolean => referencesHeading.test(text.trim());

/** Whether a line that stands alone reads as a heading, whatever it looks like. */
export const readsAsHeading = (text: string): boolean => {
  const line = text.trim();
  return line.length <= 100 && (commonHeading.test(line) || numberedHeading.test(line));
};

/** What follows a "References" heading, up to the next heading that opens back matter, becomes `references`. */
export const markReferences = (text: string, blocks: readonly Block[]): Block[] => {
  let within = false;
  return blocks.map((block) => {
    const words = text.slice(block.start, block.end);
    if (block.kind === 'heading' || block.kind === 'title') {
      within = isReferencesHeading(words) || (within && !backMatter.test(words) && block.kind !== 'title' && !readsAsHeading(words));
      return block;
    }
    if (isReferencesHeading(words)) {
      within = true;
      return { ...block, kind: 'heading' as BlockKind };
    }
    return within ? { ...block, kind: 'references' as BlockKind } : block;
  });
};

/** A publication year that a person would accept, from a number or a date. */
export const yearOf = (value: unknown): number | undefined => {
  const found = typeof value === 'number' ? value : typeof value === 'string' ? Number(/(?:^|\D)((?:1[89]|20)\d\d)(?:\D|$)/.exec(value)?.[1]) : Number.NaN;
  return Number.isInteger(found) && found >= 1800 && found <= 2100 ? found : undefined;
};

/** Metadata without absent fields. */
export const present = (fields: { title?: string | undefined; year?: number | undefined; venue?: string | undefined }) => ({
  ...(fields.title ? { title: fields.title } : {}),
  ...(fields.year !== undefined ? { year: fields.year } : {}),
  ...(fields.venue ? { venue: fields.venue } : {}),
});
