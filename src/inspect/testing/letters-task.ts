/** A task of a user's, as its file has it: which of two letters stands at a side. */
export const lettersTask = {
  orionTask: 1,
  family: 'letters',
  variant: 'two',
  pools: { letters: ['b', 'd', 'k', 'm', 't'] },
  slots: { left: 'letters', right: 'letters' },
  entities: [
    { side: 'left', letter: '{left}' },
    { side: 'right', letter: '{right}' },
  ],
  requests: ['left', 'right'].map((side) => ({ ask: 'letter', where: { side }, words: { side } })),
  templates: ['left={left};right={right};{side}='],
  answer: { leadingSpace: false },
};
