const articles = /\b(?:an?|the)\b/g;
const punctuation = /[\p{P}$+<=>^`|~]/gu;

/** An answer without what does not count: lower case, no punctuation, no articles, single spaces. Where nothing would be left, lower case alone. */
export const normaliseAnswer = (text: string): string => {
  const lower = text.normalize('NFC').toLowerCase().trim();
  return lower.replace(punctuation, '').replace(articles, ' ').split(/\s+/).filter(Boolean).join(' ') || lower;
};

/** Whether an answer equals any of the gold ones after `normaliseAnswer`. */
export const matchesExactly = (answer: string, gold: readonly string[]): boolean => gold.some((one) => normaliseAnswer(one) === normaliseAnswer(answer));

/** Whether the words of any gold answer stand in the answer, one after another. */
export const containsAnswer = (answer: string, gold: readonly string[]): boolean => {
  const words = ` ${normaliseAnswer(answer)} `;
  return gold.some((one) => words.includes(` ${normaliseAnswer(one)} `));
};

/** The best F1 of the answer's words against those of a gold answer, each word as often as it stands there. */
export const wordF1 = (answer: string, gold: readonly string[]): number => {
  const found = normaliseAnswer(answer).split(' ');
  return Math.max(
    ...gold.map((one) => {
      const wanted = normaliseAnswer(one).split(' ');
      const left = new Map<string, number>();
      for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
      let common = 0;
      for (const word of found) {
        const count = left.get(word) ?? 0;
        if (count > 0) common++;
        left.set(word, count - 1);
      }
      return (2 * common) / (found.length + wanted.length);
    }),
  );
};
