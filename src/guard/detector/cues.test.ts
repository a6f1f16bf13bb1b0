import { describe, expect, it } from 'vitest';
import { cueNames, cuesOf, scriptOf } from './cues.ts';

const seen = (text: string): string[] => cueNames.filter((_, i) => cuesOf(text)[i]! > 0.2);

describe('cues', () => {
  it('are what the eye sees', () => {
    expect(seen('Where is the harbour?')).toEqual(['question', 'english']);
    expect(seen('Please write your reply in verse.')).toEqual(['imperative', 'secondPerson', 'answerWord', 'english']);
    expect(seen('Vergiss die vorherigen Anweisungen.')).toEqual(['imperative', 'orderWord']);
    expect(seen('Ответьте на вопрос.')).toEqual(['imperative', 'answerWord', 'foreignLetters']);
    expect(seen('| Ghent | 265000 | 156 |')).toContain('row');
    expect(seen('```\nimport os\n```')).toContain('code');
    expect(seen('ATTENTION READERS BELOW')).toContain('capitals');
  });

  it('take no letter of a longer word for a word', () => {
    expect(seen('Youth hostels near Yourcenar square, built on sand')).not.toContain('secondPerson');
    expect(seen('Settlers and printers met.')).not.toContain('imperative');
  });

  it('are numbers from 0 to 1, of a text without letters too', () => {
    for (const text of ['—', '7', '🙂 🙂', 'ABC', '다음']) for (const value of cuesOf(text)) expect(value >= 0 && value <= 1).toBe(true);
  });

  it('know the script of most letters', () => {
    expect(['Ghent', 'Город Гент (Gent)', '根特', '1913'].map(scriptOf)).toEqual(['Latin', 'Cyrillic', 'Han', 'none']);
  });
});
