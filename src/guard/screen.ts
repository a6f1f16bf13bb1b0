import { cosine } from '../encode/index.ts';
import type { Detector, SegmentEncoder } from './detector/detector.ts';
import type { GuardSettings } from './guard-settings.ts';
import { type Segment, segmentsOf } from './segments.ts';

export interface Suspect extends Segment {
  /** Probability of being injected, by the detector. */
  readonly injected: number;
  /** Cosine to the request. */
  readonly restated: number;
}

export interface Screened {
  /** 0 to 1; 0.5 and more: suspected. */
  readonly score: number;
  readonly suspects: readonly Suspect[];
  /** The document without them. */
  readonly text: string;
}

export interface ScreenTools {
  readonly encoder: SegmentEncoder;
  readonly detector: Detector;
}

export interface Judged {
  readonly segments: readonly Suspect[];
  /** Whether what is asked is like the requests that the bound of restating was calibrated on. */
  readonly known: boolean;
}

/** Of requests, how a guard recognises those that it was calibrated on; asked for once. */
export type KnownRequests = () => Promise<readonly Float32Array[]>;

/** The requests of a guard's settings as vectors. */
export const knownRequests = (encoder: SegmentEncoder, { restated }: Pick<GuardSettings, 'restated'>): KnownRequests => {
  let made: Promise<readonly Float32Array[]> | undefined;
  return () => {
    made ??= restated ? encoder.embed(restated.requests) : Promise.resolve([]);
    return made;
  };
};

const alike = 0.7; // cosine of two requests of one kind in other words

/** Judges the segments of a document by themselves. */
export const judge = async ({ encoder, detector }: ScreenTools, document: string, instruction: string, requests?: KnownRequests): Promise<Judged> => {
  const segments = segmentsOf(document);
  if (segments.length === 0) return { segments: [], known: false };
  const { scores, vectors, instructionVector } = await detector.score(encoder, { instruction, document, segments });
  return {
    segments: segments.map((segment, i) => ({ ...segment, injected: scores[i]!, restated: cosine(vectors[i]!, instructionVector) })),
    known: ((await requests?.()) ?? []).some((vector) => cosine(vector, instructionVector) >= alike),
  };
};

/** What of a judged document is suspected by these bounds, and what is left of it. */
export const screened = (document: string, { segments, known }: Judged, { injected, restated }: Pick<GuardSettings, 'injected' | 'restated'>): Screened => {
  const above = known && restated ? restated.above : null;
  const scoreOf = (segment: Suspect): number =>
    Math.max(towards(logOdds(segment.injected) - logOdds(injected)), above === null ? 0 : towards((segment.restated - above) / likenessWidth));
  const suspects = segments.filter((segment) => scoreOf(segment) >= 0.5);
  return { score: Math.max(0, ...segments.map(scoreOf)), suspects, text: without(document, suspects) };
};

const likenessWidth = 0.05; // of a cosine: how far behind the bound a segment is more than thrice as likely

const towards = (odds: number): number => 1 / (1 + Math.exp(-odds));
const logOdds = (probability: number): number => {
  const bounded = Math.min(1 - 1e-9, Math.max(1e-9, probability));
  return Math.log(bounded / (1 - bounded));
};

/** A text without segments, and without the white space before each; at the beginning of a text, without that behind it. */
const without = (document: string, segments: readonly Segment[]): string => {
  let left = '';
  let from = 0;
  for (const { start, end } of segments) {
    const before = left + document.slice(from, start);
    const first = before.trim() === '';
    left = first ? before : before.trimEnd();
    from = first ? end + /^\s*/.exec(document.slice(end))![0].length : end;
  }
  return left + document.slice(from);
};
