import type { KindSample } from '../../src/guard/index.ts';
import { segmentsOf } from '../../src/guard/index.ts';
import type { Attack, Carrier, Message } from './sources.ts';

type Kind = KindSample['kind'];

/** Texts whose kind is known, by text: pieces of carriers are statements or code, the rest requests and orders. */
export const kindsOfTexts = (carriers: readonly Carrier[], attacks: readonly Attack[], messages: readonly Message[]): Map<string, Kind> => {
  const kinds = new Map<string, Kind>();
  for (const { text } of carriers) for (const piece of segmentsOf(text)) kinds.set(piece.text, codeLike.test(piece.text) ? 'code' : 'statement');
  for (const { text, injected } of messages) {
    const pieces = segmentsOf(text);
    // Of a message in parts it is not known which part orders.
    if (!injected || pieces.length === 1) for (const piece of pieces) kinds.set(piece.text, injected ? 'order' : 'request');
  }
  for (const { text, kind, source } of attacks)
    for (const piece of segmentsOf(text))
      kinds.set(piece.text, codeLike.test(piece.text) ? 'code' : source === 'led trivia' && piece.text.endsWith('?') ? 'request' : kind);
  return kinds;
};

const codeLike = /^\s*(?:```|~~~)|^\s*\|.*\||^(?:import|from|def|class) |;\s*$|^\s*[\w.]+\s*=\s/;
