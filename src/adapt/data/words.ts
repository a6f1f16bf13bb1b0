const apostrophes = /['’ʼ`]/g;
const word = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|(?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])[\p{L}\p{M}\p{N}])+/gu;

/** Words of a text in lower case, to compare texts by: without apostrophes (`don't` is `dont`), parted at all other punctuation; where writing has no spaces, each character is a word. */
export const wordsOf = (text: string): string[] => text.normalize('NFKC').toLowerCase().replace(apostrophes, '').match(word) ?? [];
