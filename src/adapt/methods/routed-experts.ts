import { add, type Node } from '../../core/index.ts';
import { besideLinears, type ExpertBranch, expertBranch } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import { parametersNamed } from '../own-values.ts';
import { type Targets, targetsPattern } from '../targets.ts';
import { startOfExperts } from './loramoe.ts';

interface RoutedExperts extends Omit<ExpertBranch, 'dropout'> {
  readonly targets: Targets;
  /** Share of what enters the experts that is dropped in training; one mask for all. */
  readonly dropout: number;
}

/** What methods with a router beside every target linear have in common. */
export const routedExperts = (kind: string, { targets, dropout: rate, ...branch }: RoutedExperts): Pick<Method, 'apply' | 'start' | 'unmergeable'> => ({
  apply(roots, { key } = {}) {
    const shares = new Map<string, Node>();
    const adapted = besideLinears(kind, roots, targetsPattern(targets), (linear) => {
      const made = expertBranch(kind, linear, { ...branch, ...(key && { dropout: { rate, key, masks: 'shared' as const } }) });
      shares.set(linear.site, made.shares);
      return add(linear.base, made.branch);
    });
    return { roots: adapted, parameters: parametersNamed(adapted, new RegExp(`\\.${kind}\\.(a|b|route)$`)), shares };
  },
  start: (node, seed) => Promise.resolve(startOfExperts(node, seed)),
  unmergeable: 'its router looks at what enters the linear, and no weight can do that',
});
