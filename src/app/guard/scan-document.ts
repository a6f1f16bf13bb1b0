import { type GuardSettings, judge, knownRequests, readDetector, type SegmentEncoder, screened } from '../../guard/index.ts';
import { readGuardSettings, shippedGuard } from '../language-model/open-guard.ts';

export interface ScannedSegment {
  /** UTF-16 positions in the document. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Probability of being injected. */
  readonly injected: number;
  /** Cosine to the request. */
  readonly restated: number;
  readonly suspected: boolean;
}

export interface ScannedDocument {
  readonly flagged: boolean;
  /** 0 to 1; flagged from 0.5 on. */
  readonly score: number;
  readonly segments: readonly ScannedSegment[];
  /** The document without what is suspected. */
  readonly text: string;
}

const rounded = (value: number): number => Number(value.toFixed(4));

/**
 * Judges a document without asking a model: what in it looks injected.
 *
 * @param encoder      the embedder that comes with Lyceum, or one like it
 * @param instruction  what is to be asked of it, where that is known
 * @throws as `readGuardSettings`
 */
export const scanDocument = async (
  encoder: SegmentEncoder,
  {
    document,
    instruction = '',
    guard,
  }: { readonly document: string; readonly instruction?: string | undefined; readonly guard?: string | GuardSettings | undefined },
): Promise<ScannedDocument> => {
  const settings = guard === undefined ? await shippedGuard() : await readGuardSettings(guard);
  const judged = await judge({ encoder, detector: await readDetector() }, document, instruction, knownRequests(encoder, settings));
  const { score, suspects, text } = screened(document, judged, settings);
  return {
    flagged: score >= 0.5,
    score: rounded(score),
    segments: judged.segments.map((segment) => ({
      ...segment,
      injected: rounded(segment.injected),
      restated: rounded(segment.restated),
      suspected: suspects.includes(segment),
    })),
    text,
  };
};
