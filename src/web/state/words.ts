/** Kinds of entity in the order of the eight hues; others follow by name and share the last. */
export const kindOrder = ['Task', 'Method', 'Metric', 'Material', 'OtherScientificTerm'];

/** Which of the eight hues stands for a kind: 1…8. */
export const hueOf = (kind: string): number => {
  const place = kindOrder.indexOf(kind);
  return place < 0 ? 8 : place + 1;
};

export const kindWords = (kind: string): string => (kind === 'OtherScientificTerm' ? 'Other term' : kind);

/** A kind as one of many: "a Method", "an Other term". */
export const oneOf = (kind: string): string => `${/^[aeiou]/i.test(kindWords(kind)) ? 'an' : 'a'} ${kindWords(kind)}`;

export const compareKinds = (a: string, b: string): number => hueOf(a) - hueOf(b) || a.localeCompare(b);

const relations: Readonly<Record<string, string>> = {
  'USED-FOR': 'is used for',
  'FEATURE-OF': 'is a feature of',
  'HYPONYM-OF': 'is a kind of',
  'PART-OF': 'is part of',
  'EVALUATE-FOR': 'evaluates',
  COMPARE: 'is compared with',
  CONJUNCTION: 'goes with',
};
const reversed: Readonly<Record<string, string>> = {
  'USED-FOR': 'uses',
  'FEATURE-OF': 'has the feature',
  'HYPONYM-OF': 'has the kind',
  'PART-OF': 'has the part',
  'EVALUATE-FOR': 'is evaluated by',
  COMPARE: 'is compared with',
  CONJUNCTION: 'goes with',
};
export const relationNames = Object.keys(relations);
export const relationWords = (relation: string): string => relations[relation] ?? relation.toLowerCase().replaceAll('-', ' ');
/** The same relation said from its object's side. */
export const reversedWords = (relation: string): string => reversed[relation] ?? `← ${relationWords(relation)}`;

const whole = new Intl.NumberFormat('en');
export const number = (value: number): string => whole.format(value).replaceAll(',', '\u202f');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 });
/** Where there is little room: 9 999, then 31.4K, 229K. */
export const short = (value: number): string => (value < 10_000 ? number(value) : compact.format(value));
export const counted = (value: number, one: string, many = `${one}s`): string => `${number(value)} ${value === 1 ? one : many}`;
export const percent = (value: number): string => `${Math.round(value * 100)} %`;

/** "3 min 20 s". */
export const duration = (seconds: number): string => {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) return `${Math.floor(rounded / 60)} min ${rounded % 60} s`;
  return `${Math.floor(rounded / 3600)} h ${Math.floor((rounded % 3600) / 60)} min`;
};

/** What to call a document: its title, else its first name without folders. */
export const documentName = (document: { readonly title: string | null; readonly names: readonly string[]; readonly id: string }): string =>
  document.title?.trim() || fileName(document.names[0] ?? null) || document.id.slice(0, 12);
/** What a document is, of the loader that read it: `text` of `text/1`. */
export const sortOf = (loader: string): string => loader.split('/')[0]!;

export const fileName = (path: string | null): string => path?.split('/').at(-1) ?? '';
