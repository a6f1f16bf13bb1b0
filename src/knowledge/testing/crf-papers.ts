import { makeReading } from './make-reading.ts';

/** Two papers, made by hand, on one method: plurals, coreference, pages, years, and a fact that the second states in both directions. */
export const CRF = makeReading(
  [
    ['We use', ['conditional random fields', 'Method'], '(CRFs) for', ['named entity recognition', 'Task'], '.'],
    [['This approach', 'Generic'], 'helps', ['parsing', 'Task'], '.'],
  ],
  [
    [0, 'USED-FOR', 1, 0.9],
    [2, 'USED-FOR', 3, 0.5],
  ],
  [[0, 2]],
  {
    year: 2001,
    names: ['a/crf.pdf'],
    venue: 'ACL',
    pages: [
      { page: 1, start: 0, end: 40 },
      { page: 2, start: 40, end: 90 },
    ],
  },
);
export const SECOND = makeReading(
  [['A', ['conditional random field', 'Method'], 'for', ['named entity recognition', 'Task'], 'against an', ['HMM', 'Method'], '.']],
  [
    [0, 'USED-FOR', 1, 0.8],
    [2, 'COMPARE', 0, 0.7],
    [1, 'USED-FOR', 0, 0.3],
  ],
  [],
  { year: 2002, names: ['second.txt'] },
);
