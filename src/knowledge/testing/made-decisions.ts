import type { Decision, LoggedDecision } from '../store/contract.ts';

const decisions: readonly Decision[] = [
  { type: 'merge', names: ['neural network', 'conditional random field'] },
  { type: 'kind', name: 'parser', kind: 'Task' },
  { type: 'reject', names: ['CRF', 'cross reference frame'] },
  { type: 'setting', name: 'threshold', value: 2 },
  { type: 'merge', names: ['data set', 'dataset', 'WordNet'] },
  { type: 'split', names: ['dataset'], rest: ['data set', 'WordNet'] },
  { type: 'rename', name: 'machine translation', to: 'Translation' },
  { type: 'hide', subject: 'neural network', relation: 'COMPARE', object: 'parser' },
  { type: 'setting', name: 'contains', value: 'paper' },
  { type: 'undo', number: 1 },
  { type: 'merge', names: ['hidden Markov model', 'parser model', 'statistical machine translation'] },
  { type: 'split', names: ['parser model', 'statistical machine translation'], rest: ['hidden Markov model'] },
  { type: 'undo', number: 10 },
  { type: 'setting', name: 'threshold', value: 5 },
  { type: 'reject', names: ['parser', 'parser model'] },
  { type: 'undo', number: 9 },
  { type: 'merge', names: ['WordNet', 'parser'] },
  { type: 'undo', number: 12 },
  { type: 'kind', name: 'WordNet', kind: 'Material' },
  { type: 'hide', subject: 'data set', relation: 'USED-FOR', object: 'machine translation' },
];

/**
 * A log with every kind of decision about the names of numbered readings, decisions taken back and taken back once more among them. A split names what it leaves
 * behind, since what the graph would fill in depends on what was read by then.
 */
export const madeDecisions: readonly LoggedDecision[] = decisions.map((decision, index) => ({
  number: index + 1,
  at: '2026-01-01T00:00:00.000Z',
  decision,
  undone: false,
}));
