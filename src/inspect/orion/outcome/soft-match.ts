/** As one reads them: without case and white space. */
const read = (text: string): string => text.toLowerCase().replace(/\s+/g, '');

/**
 * Whether two texts say the same as far as the shorter goes. White space alone says nothing and matches nothing.
 *
 * Source: arXiv 2312.10091 and its code. Different on purpose: there an empty text matches every other.
 */
export const softMatch = (one: string, other: string): boolean => {
  const [a, b] = [read(one), read(other)];
  return a !== '' && b !== '' && (a.startsWith(b) || b.startsWith(a));
};
