import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../core/index.ts';
import { jsonGrammar } from './json-grammar.ts';
import { pushdown, type State } from './pushdown.ts';
import { byteVocabulary, fullVocabulary, type MockVocabulary, sparseVocabulary } from './testing/mock-vocabulary.ts';
import { schemaCases } from './testing/schemas.ts';
import { randomScores, writeAtRandom } from './testing/write-at-random.ts';
import { type GrammarMask, openTokenMask } from './token-mask.ts';
import { vocabularyTrie } from './vocabulary-trie.ts';

const cases = Object.values(schemaCases).flat();
const allowedBy = (mask: GrammarMask, { vocabulary }: MockVocabulary): number[] => {
  const scores = new Float32Array(vocabulary.vocab);
  mask.apply(scores);
  return [...scores.keys()].filter((id) => scores[id] === 0);
};
const idOf = ({ vocabulary, bytesOf }: MockVocabulary, text: string): number =>
  Array.from({ length: vocabulary.vocab }, (_, id) => id).find((id) => Buffer.from(bytesOf(id)).equals(Buffer.from(text)))!;

describe('a token mask', () => {
  it('leaves the tokens that the grammar takes byte by byte, and there is always one', () => {
    const property = fc.property(fc.nat(cases.length - 1), fc.nat(), fc.boolean(), (which, seed, full) => {
      const mock = full ? fullVocabulary : sparseVocabulary;
      const grammar = jsonGrammar(cases[which]!.schema);
      const mask = openTokenMask({ grammar, ...mock });
      const automaton = pushdown(grammar, mock.vocabulary, 40); // forgets often
      const after = (state: State, id: number): State | undefined => {
        let to: State | undefined = state;
        for (const byte of mock.bytesOf(id)) to = to && automaton.next(to, byte);
        return to;
      };
      let state = automaton.start();
      for (let step = 0; step < 30 && !mask.done; step++) {
        const allowed = allowedBy(mask, mock);
        const wanted = Array.from({ length: mock.vocabulary.vocab }, (_, id) => id).filter((id) => {
          if (mock.endIds.includes(id)) return state.mayEnd;
          return mock.bytesOf(id).length > 0 && (after(state, id)?.cost ?? Number.POSITIVE_INFINITY) !== Number.POSITIVE_INFINITY;
        });
        expect(allowed.length).toBeGreaterThan(0);
        expect(allowed).toEqual(wanted);
        expect(mask.complete).toBe(state.mayEnd);
        const scores = randomScores(mock, seed, step, 0.3);
        const best = allowed.reduce((one, id) => (scores[id]! > scores[one]! ? id : one));
        mask.accept(best);
        state = after(state, best)!;
      }
    });
    fc.assert(property, { numRuns: 150, seed: 7 });
  });

  it('completes the answer within any limit that is no smaller than what the shortest one costs', () => {
    const property = fc.property(fc.nat(cases.length - 1), fc.nat(), fc.nat(20), fc.boolean(), (which, seed, more, full) => {
      const grammar = jsonGrammar(cases[which]!.schema);
      const mock = full ? fullVocabulary : byteVocabulary;
      const least = pushdown(grammar, mock.vocabulary).start().cost;
      const { ended, tokens } = writeAtRandom(grammar, mock, seed, least + more);
      expect(ended).toBe(true);
      expect(tokens.length).toBeLessThanOrEqual(least + more);
    });
    fc.assert(property, { numRuns: 200, seed: 7 });
  });

  it('allows end tokens exactly where the answer may end, and nothing else when nothing else can come', () => {
    const mask = openTokenMask({ grammar: jsonGrammar({ enum: [1, 12] }), ...byteVocabulary });
    const [one, two] = ['1', '2'].map((text) => idOf(byteVocabulary, text)) as [number, number];
    expect(allowedBy(mask, byteVocabulary)).toEqual([one]);
    mask.accept(one);
    expect([allowedBy(mask, byteVocabulary), mask.complete, mask.done]).toEqual([[two, ...byteVocabulary.endIds], true, false]);
    const other = mask.clone();
    mask.accept(two);
    expect([allowedBy(mask, byteVocabulary), mask.complete, mask.done]).toEqual([byteVocabulary.endIds, true, true]);
    other.accept(byteVocabulary.endIds[1]!);
    expect([allowedBy(other, byteVocabulary), other.complete, other.done]).toEqual([byteVocabulary.endIds, true, true]);
    expect(() => other.accept(two)).toThrow(ConfigError);
  });

  it('keeps the scores of what it leaves', () => {
    const mask = openTokenMask({ grammar: jsonGrammar({ type: 'boolean' }), ...fullVocabulary });
    const scores = randomScores(fullVocabulary, 3, 0, 0);
    const before = scores.slice();
    mask.apply(scores);
    for (const [id, score] of scores.entries()) expect([before[id], Number.NEGATIVE_INFINITY]).toContain(score);
    expect([...scores].filter((score) => score > Number.NEGATIVE_INFINITY).length).toBe(4); // t, f, true, fal, but not true}
  });

  it('takes the shortest way where a limit is too small', () => {
    const grammar = jsonGrammar({ type: 'array', minItems: 3, items: { type: 'integer' } });
    expect(writeAtRandom(grammar, fullVocabulary, 5, 2)).toMatchObject({ ended: false });
    const mask = openTokenMask({ grammar, ...byteVocabulary });
    mask.limit(1);
    let tokens = 0;
    for (; !mask.done; tokens++) mask.accept(allowedBy(mask, byteVocabulary)[0]!);
    expect(tokens).toBe('[1,2,3]'.length);
  });

  it('ends however deep the model would go', () => {
    const depths = [
      {},
      { type: 'object', additionalProperties: { $ref: '#' } },
      { type: 'array', minItems: 1, items: { anyOf: [{ $ref: '#' }, { type: 'null' }] } },
    ].map((schema) => {
      const mask = openTokenMask({ grammar: jsonGrammar(schema), ...byteVocabulary });
      let text = '';
      while (!mask.done && text.length < 5000) {
        const allowed = allowedBy(mask, byteVocabulary);
        // Opens what it can, and closes what it has to.
        const wanted = text.split('"').length % 2 ? '[{"n1]}:' : '"';
        const next = Array.from(wanted, (one) => one.charCodeAt(0) + 1).find((id) => allowed.includes(id)) ?? allowed[0]!;
        mask.accept(next);
        text += String.fromCharCode(next - 1);
      }
      JSON.parse(text);
      return Math.max(text.split('[').length, text.split('{').length);
    });
    for (const depth of depths) expect(depth).toBeGreaterThan(60);
    for (const depth of depths) expect(depth).toBeLessThan(250);
  });

  it('never leads where the vocabulary cannot go on', () => {
    const grammar = jsonGrammar({ enum: ['jig', 'jo', 'yes', 'Qjj日'] });
    for (let seed = 0; seed < 5; seed++) expect(writeAtRandom(grammar, sparseVocabulary, seed, 50).text).toBe('"yes"');
    expect(writeAtRandom(jsonGrammar({ enum: ['日本é', 'jé'] }), sparseVocabulary, 1, 50).text).toBe('"日本é"'); // whole characters are tokens, their bytes are not
    expect(() => openTokenMask({ grammar: jsonGrammar({ enum: ['jig', 'ñ'] }), ...sparseVocabulary })).toThrow(
      /expected a vocabulary that can write an answer/,
    );
  });

  it('refuses what does not fit', () => {
    const grammar = jsonGrammar({ type: 'string' });
    const { vocabulary, endIds } = byteVocabulary;
    const mask = openTokenMask({ grammar, vocabulary, endIds });
    expect(() => mask.accept(idOf(byteVocabulary, '{'))).toThrow(ConfigError);
    expect(() => mask.accept(0)).toThrow(ConfigError);
    expect(() => mask.accept(endIds[0]!)).toThrow(ConfigError);
    expect(() => mask.accept(100_000)).toThrow(ConfigError);
    expect(() => mask.apply(new Float32Array(3))).toThrow(/expected 259 scores, got 3/);
    expect(() => openTokenMask({ grammar, vocabulary, endIds: [] })).toThrow(ConfigError);
    expect(() => openTokenMask({ grammar, vocabulary, endIds: [1] })).toThrow(/end tokens of the vocabulary that write nothing, got 1/);
    expect(() => openTokenMask({ grammar, vocabulary, endIds: [-1] })).toThrow(ConfigError);
  });
});

describe('a vocabulary', () => {
  it('holds every token at the node of its bytes', () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 5, max: 3 }), { minLength: 1, maxLength: 40 }), (tokens) => {
      fc.pre(tokens.some(({ length }) => length > 0));
      const { byte, depth, end, tokensFrom, tokens: ids } = vocabularyTrie((id) => tokens[id]!, tokens.length);
      const found: [number, number[]][] = [];
      const path: number[] = [];
      for (let node = 1; node < byte.length; node++) {
        path.length = depth[node]! - 1;
        path.push(byte[node]!);
        expect(end[node]).toBeGreaterThan(node);
        for (let i = tokensFrom[node]!; i < tokensFrom[node + 1]!; i++) found.push([ids[i]!, [...path]]);
      }
      const wanted = tokens.flatMap((bytes, id) => (bytes.length > 0 ? [[id, [...bytes]] as [number, number[]]] : []));
      expect(found.sort((a, b) => a[0] - b[0])).toEqual(wanted);
    });
    fc.assert(property, { numRuns: 200 });
    expect(() => vocabularyTrie(() => new Uint8Array(), 3)).toThrow(ConfigError);
  });
});
