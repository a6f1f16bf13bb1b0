export { longestSegment, type Segment, segmentsOf } from './segments.ts';
