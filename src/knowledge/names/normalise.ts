const DETERMINERS = new Set([
  'the',
  'a',
  'an',
  'this',
  'that',
  'these',
  'those',
  'our',
  'their',
  'its',
  'his',
  'her',
  'my',
  'your',
  'such',
  'some',
  'any',
  'each',
  'both',
]);
const PRONOUNS = new Set(['it', 'they', 'them', 'itself', 'themselves', 'we', 'us', 'he', 'she', 'which', 'one', 'ones', 'former', 'latter', 'ours', 'theirs']);
const HEADS = [
  'model',
  'approach',
  'method',
  'algorithm',
  'technique',
  'module',
  'application',
  'problem',
  'task',
  'system',
  'score',
  'framework',
  'design',
  'formulation',
];
/** Nouns that add nothing to a name whose rest is known ("CRF model"), with their plurals. Source: sciie.md §6.2. */
export const HEAD_NOUNS: readonly string[] = HEADS.flatMap((noun) => [noun, noun.endsWith('ch') ? `${noun}es` : `${noun}s`]);
const HEAD_SET = new Set(HEAD_NOUNS);
/** A name longer than this is cut; the reader's spans are at most eight words. */
const MAX_LENGTH = 200;

/** The text of a span as a name is shown: one line, no control or invisible characters, at most 200 UTF-16 units. Lone surrogates become U+FFFD. */
export function cleanName(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, (run) => (/[\s\p{Zl}\p{Zp}\p{Cc}]/u.test(run) ? ' ' : ''))
    .trim()
    .slice(0, MAX_LENGTH)
    .toWellFormed();
}

/**
 * The normalised form of a name, on which names are compared; null where nothing is left (a pronoun, punctuation).
 * Hyphens become spaces, a leading determiner goes, words written Xxxx are lower-cased while acronyms keep their case (sciie.md §6.2).
 */
export function normaliseName(text: string): string | null {
  // what one pass lays bare (punctuation before a dropped 's, a determiner in brackets) the next one takes
  let name = normaliseOnce(text);
  for (let before: string | null = text; name !== null && name !== before; ) {
    before = name;
    name = normaliseOnce(name);
  }
  return name;
}

function normaliseOnce(text: string): string | null {
  let words = cleanName(text)
    .normalize('NFKC')
    .replace(/-LRB-/g, '(')
    .replace(/-RRB-/g, ')')
    .replace(/[\u2010-\u2015\u2212\u00ad-]/g, ' ')
    .replace(/[\u2018\u2019\u02bc`]/g, "'")
    .replace(/["\u201c\u201d\u00ab\u00bb]/g, ' ')
    .split(/\s+/)
    .map((word) => word.replace(/^[^\p{L}\p{N}\p{S}]+/u, '').replace(/[^\p{L}\p{N}\p{S}*#]+$/u, ''))
    .map((word) => word.replace(/'s$/, ''))
    .filter((word) => word !== '');
  while (words.length > 1 && DETERMINERS.has(words[0]!.toLowerCase())) words = words.slice(1);
  words = words.map((word) => (/^\p{Lu}\p{Ll}+$/u.test(word) || (words.length > 1 && /^\p{Lu}$/u.test(word)) ? word.toLowerCase() : word));
  if (words.length === 0) return null;
  if (words.length === 1 && (PRONOUNS.has(words[0]!) || DETERMINERS.has(words[0]!))) return null;
  return words.join(' ');
}

/** What two spellings of one name share: no case, no accents, no spaces. */
export function foldName(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[\s\u2010-\u2015-]+/g, '');
}

/** Normalised names of which this one may be the plural, likeliest first. */
export function singularsOf(key: string): string[] {
  if (!key.endsWith('s') || key.endsWith('ss') || key.length < 4) return [];
  const found: string[] = [];
  if (key.endsWith('ies') && key.length > 5) found.push(`${key.slice(0, -3)}y`);
  found.push(key.slice(0, -1));
  if (/(s|x|z|ch|sh)es$/.test(key)) found.push(key.slice(0, -2));
  return found;
}

/** Normalised names that may be plurals of this one: exactly those whose `singularsOf` holds it. */
export function pluralsOf(key: string): string[] {
  const candidates = [`${key}s`, `${key}es`];
  if (key.endsWith('y')) candidates.push(`${key.slice(0, -1)}ies`);
  return candidates.filter((plural) => singularsOf(plural).includes(key));
}

/** One form for singular and plural, used to pool the definitions of an acronym; need not be a real word. */
export function poolPlural(key: string): string {
  return singularsOf(key)[0] ?? key;
}

/** The name without its last word where that is a head noun that adds nothing; null otherwise. */
export function stripHead(key: string): string | null {
  const cut = key.lastIndexOf(' ');
  return cut > 0 && HEAD_SET.has(key.slice(cut + 1)) ? key.slice(0, cut) : null;
}

/** Proper parts of a name made of whole words: only its ends when `suffixesOnly`, longest first, ties in order of position. */
export function wordParts(key: string, suffixesOnly: boolean): string[] {
  const words = key.split(' ');
  const parts: string[] = [];
  for (let length = words.length - 1; length >= 1; length--) {
    for (let start = suffixesOnly ? words.length - length : 0; start + length <= words.length; start++)
      parts.push(words.slice(start, start + length).join(' '));
  }
  return suffixesOnly ? parts : parts.sort((a, b) => b.length - a.length);
}

/** Whether the words of `short` stand in `long` in the same order. */
export function isWordSubsequence(short: string, long: string): boolean {
  const words = short.split(' ');
  let at = 0;
  for (const word of long.split(' ')) if (word === words[at]) at++;
  return at === words.length;
}
