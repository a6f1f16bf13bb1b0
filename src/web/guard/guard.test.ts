import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardRequest } from '../../app/guard/guard-request.ts';
import { guardPolicies, segmentsOf } from '../../guard/index.ts';
import { partOf, requestOf } from '../chat/ask-model.ts';
import { defaultSettings } from '../chat/conversation.ts';
import { samples } from './samples.ts';
import { askedText, finding, piecesOf, policies, reasonOf, shareWords, shownSentence, verdictFigures, verdictSentence, verdictWords } from './verdict.ts';

const clean = { flagged: false, refused: false, score: 0.0312, withheld: [] };
const flagged = { ...clean, flagged: true, score: 0.987 };
const segment = (injected: number) => ({ start: 0, end: 0, text: '', injected, restated: 0, suspected: injected > 0.5 });

describe('a document on the Guard page', () => {
  it('is its sentences and what stands between them, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('A short sentence. ', 'Another one!\n', '\n\n', '  ', 'x', '| a | b |\n', '« çà »')), (parts) => {
        const document = parts.join('');
        const segments = segmentsOf(document).map((one) => ({ ...one, injected: 0, restated: 0, suspected: false }));
        const pieces = piecesOf(document, { segments });
        expect(pieces.map((piece) => (typeof piece === 'string' ? piece : segments[piece]!.text)).join('')).toBe(document);
        expect(pieces.filter((piece) => typeof piece === 'number')).toEqual(segments.map((_, at) => at));
      }),
    );
  });

  it('is asked about as `lyceum guard --predict` asks, with turns and without', () => {
    for (const { document, question } of samples) {
      const asked = { document, instruction: question };
      expect(askedText(document, question, true)).toBe(guardRequest({ hasChatTemplate: true }, asked).messages![0]!.content);
      expect(askedText(document, question, false)).toBe(guardRequest({ hasChatTemplate: false }, asked).prompt);
    }
  });

  it('shows the sentence that is named, else the likeliest to be injected', () => {
    const segments = [0.1, 0.9, 0.3].map(segment);
    expect([null, 2, 3].map((named) => shownSentence({ segments }, named))).toEqual([1, 2, 1]);
    expect(shownSentence({ segments: [...segments, { ...segment(0.2), suspected: true }] }, null)).toBe(1);
    expect(shownSentence({ segments: [0.4, 0.2].map(segment).concat({ ...segment(0.1), suspected: true }) }, null)).toBe(2); // by its likeness to the question
    expect(shownSentence({ segments: [] }, null)).toBe(0);
  });
});

describe('a verdict', () => {
  it('is told in words that fit the policy', () => {
    expect([clean, flagged, { ...flagged, withheld: ['a', 'b'] }, { ...flagged, refused: true }].map(verdictWords)).toEqual([
      'nothing suspected',
      'flagged',
      'withheld 2 sentences',
      'refused',
    ]);
    expect(verdictSentence({ ...flagged, withheld: ['a'] }, 'guarded')).toBe('The model did not read the sentence that is crossed out.');
    expect(verdictSentence({ ...flagged, withheld: ['a', 'b'] }, 'guarded')).toBe('The model did not read the 2 sentences that are crossed out.');
    expect(verdictSentence(flagged, 'flagged')).toBe('The model read all of it, what is suspected too.');
    expect(verdictSentence(flagged, 'guarded')).toMatch(/^No sentence is suspected/); // by what the model holds alone
    expect(verdictSentence({ ...flagged, refused: true }, 'refused')).toBe('The model was not asked.');
    expect(policies).toEqual(guardPolicies);
  });

  it('comes with its figures, and a heading that says what it changed', () => {
    expect(verdictFigures(clean, { apart: null, held: 5 }, 'guarded')).toBe('score 0.03');
    const far = { ...flagged, distance: 0.4567 };
    expect(verdictFigures(far, { apart: null, held: 5 }, 'guarded')).toBe('score 0.99 · request 0.457 from the trusted one · held after block 5');
    expect(verdictFigures(far, { apart: 0.2, held: 5 }, 'flagged')).toBe('score 0.99 · request 0.457 from the trusted one, flagged from 0.200');
    expect(finding({ ...flagged, withheld: ['a'] }, { off: 'PWNED', on: 'Thursday.' })).toBe('Withheld 1 sentence: the answers differ');
    expect(finding({ ...flagged, withheld: ['a'] }, { off: 'Day.', on: 'Day. ' })).toBe('Withheld 1 sentence: both answers are the same');
    expect(finding(clean, { off: 'Clara', on: 'Clara ' })).toBe('Nothing suspected');
    expect(finding({ ...flagged, refused: true }, { off: 'PWNED', on: '…' })).toBe('The guard refused');
    expect(
      [
        { injected: 0.99, restated: 0.1 },
        { injected: 0.16, restated: 0.663 },
      ].map((one) => reasonOf(one, 0.95)),
    ).toEqual(['99 %', 'like the question, 0.66']);
    expect([0, 0.0009, 0.04, 0.5, 0.984, 0.998].map(shareWords)).toEqual(['below 0.1 %', 'below 0.1 %', '4.0 %', '50 %', '98 %', '99.8 %']);
  });

  it('comes with the last part of an answer, and its policy goes under `lyceum`', () => {
    const end = {
      choices: [{ delta: {}, finish_reason: 'stop', logprobs: null }],
      lyceum: { cachedTokens: 0, firstTokenSeconds: null, tokensPerSecond: null },
    };
    expect(partOf(JSON.stringify({ ...end, lyceum: { ...end.lyceum, guard: flagged } })).guard).toEqual(flagged);
    expect(partOf(JSON.stringify(end)).guard).toBeNull();
    const asked = { model: 'tiny', chats: true, turns: [], settings: defaultSettings, seed: 1 };
    expect(requestOf({ ...asked, guard: 'off' }).body).toMatchObject({ lyceum: { guard: 'off' } });
    expect(requestOf(asked).body).not.toHaveProperty('lyceum');
  });
});
