import { z } from 'zod';
import { targetsSchema } from '../targets.ts';

/** Options that all low-rank methods share; each names its own defaults of rank and alpha. */
export const lowRankOptions = ({ rank, alpha, targets }: { rank: number; alpha: number; targets: 'mlp' | 'attn' | 'all' }) => ({
  rank: z.number().int().min(1).max(1024).default(rank),
  /** The branch is scaled by alpha / rank, unless the method says otherwise. */
  alpha: z.number().positive().default(alpha),
  /** Share of what enters a branch that is dropped in training, in [0, 1). */
  dropout: z.number().min(0).lt(1).default(0.05),
  targets: targetsSchema.default(targets),
});
