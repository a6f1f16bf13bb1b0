import { describe, expect, it } from 'vitest';
import { openReader } from './first-token.ts';

/** Letters are tokens; a colon and the letter behind it grow into one where the letter is D. */
const letters = { encode: (text: string) => (text.match(/:D|./gsu) ?? []).map((piece) => piece.charCodeAt(piece.length - 1) + 1000 * (piece.length - 1)) };
const code = (letter: string) => letter.charCodeAt(0);

describe('the first token of an answer', () => {
  it('stands behind the tokens of the prompt', () => {
    const reader = openReader(letters);
    expect(reader.first('say:', 'ABC')).toBe(code('A'));
    expect(reader.first('say:', ' ABC')).toBe(code(' '));
    expect(reader.ids('say')).toEqual([...'say'].map(code));
  });

  it('is none where it grows into one with the prompt', () => {
    const reader = openReader(letters);
    expect(reader.first('say:', 'DE')).toBeUndefined();
    expect(() => reader.requireFirst('here', 'say:', 'DE')).toThrow(
      /^here: expected "DE" to begin with a token of its own behind the prompt, got one that both share at "say:"; /,
    );
  });

  it('follows what wraps the prompt, without a space of its own behind white space', () => {
    const reader = openReader(letters, { wrap: (text) => `user: ${text}\nassistant:\n` });
    expect(reader.wrap('hi')).toBe('user: hi\nassistant:\n');
    expect(reader.first('hi', ' Abc')).toBe(code('A'));
    expect(openReader(letters, { wrap: (text) => `<${text}>` }).first('hi', ' Abc')).toBe(code(' '));
  });

  it('follows a begin token that is put in front once', () => {
    const [without, has] = [openReader(letters, { bos: 7 }), openReader({ encode: (text) => [7, ...letters.encode(text)] }, { bos: 7 })];
    for (const reader of [without, has]) {
      expect(reader.ids('x')).toEqual([7, code('x')]);
      expect(reader.first('x', 'y')).toBe(code('y'));
    }
  });
});
