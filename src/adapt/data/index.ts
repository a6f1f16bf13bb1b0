// From files to what a training program is given: samples, their split and their doors, tokens, rows.
export { type Admission, type AdmissionOptions, admission, refusedPhrases, rougeL } from './admission.ts';
export { findOverlaps, type Overlap, type OverlapOptions, type Passage } from './contamination.ts';
export { cutText } from './cut-text.ts';
export { generalReplayPath } from './general-replay.ts';
export { type HeldOut, type HoldOutOptions, holdOut } from './hold-out.ts';
export { flatBatch, type PackOptions, packBatches, packRows, rowsOfBatch } from './pack-rows.ts';
export { countLabels, type PackedFeeds, type PackedFeedsOptions, packedFeeds } from './packed-feeds.ts';
export { type KindRule, type ReadSamples, type ReadSamplesOptions, readSamples } from './read-samples.ts';
export { hashTrainingData, type ReadTextsOptions, readTexts, readTrainingData } from './read-texts.ts';
export { type Conversing, type Learnt, type Spoken, speak } from './render-conversation.ts';
export {
  answerOf,
  type ConversationSample,
  contentHash,
  type PreferenceSample,
  promptHash,
  promptOf,
  type Sample,
  type SampleShape,
  type TextSample,
  type Turn,
  textOf,
} from './sample.ts';
export { numberKinds, type TokenisedSamples, type TokeniseOptions, type TokenPair, type TokenText, tokenise } from './tokenise.ts';
export { wordsOf } from './words.ts';
