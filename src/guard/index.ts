export { type Detector, type DetectorInput, type DetectorScores, type DetectorWeights, detectorOf, type SegmentEncoder } from './detector/detector.ts';
export { type FitOptions, fitDetector, type TrainingDocument } from './detector/fit.ts';
export type { KindSample } from './detector/fit-kinds.ts';
export { readDetector, readDetectorWeights, writeDetector } from './detector/weights.ts';
export { longestSegment, type Segment, segmentsOf } from './segments.ts';
