import { type Node, nameOf } from '../../core/index.ts';
import type { ParameterGroup } from '../../train/index.ts';
import type { TrainingConfig } from './training-config.ts';
import { isEncoder } from './tuning.ts';

/** Encoder and heads have learning rates of their own; vectors do not decay. */
export const groupsOf = (
  trained: readonly Node[],
  { encoderRate, headRate, weightDecay }: Pick<TrainingConfig, 'encoderRate' | 'headRate' | 'weightDecay'>,
): ParameterGroup[] =>
  [
    { part: 'encoder', learningRate: encoderRate, own: (node: Node) => isEncoder(nameOf(node)) },
    { part: 'heads', learningRate: headRate, own: (node: Node) => !isEncoder(nameOf(node)) },
  ]
    .flatMap(({ part, learningRate, own }) => [
      { name: part, parameters: trained.filter((node) => own(node) && node.shape.length > 1), learningRate, weightDecay },
      { name: `${part}-vectors`, parameters: trained.filter((node) => own(node) && node.shape.length <= 1), learningRate, weightDecay: 0 },
    ])
    .filter(({ parameters }) => parameters.length > 0);
