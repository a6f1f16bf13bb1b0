import { ConfigError } from '../core/index.ts';

export interface Schedule {
  readonly kind: 'linear' | 'cosine' | 'constant';
  /** Share of all steps over which the rate rises from nothing, in [0, 1]. */
  readonly warmup: number;
}

/**
 * Factor of the learning rate at a step: rises linearly over the warm-up, then falls to 0 along a line or half a cosine, or stays.
 *
 * @param step   counted from 1
 * @param steps  of the whole run
 * @returns      in (0, 1]; never 0 before the last step
 */
export const rateAt = ({ kind, warmup }: Schedule, step: number, steps: number): number => {
  if (!(warmup >= 0 && warmup <= 1)) throw new ConfigError(`schedule: expected a warm-up in [0, 1], got ${warmup}`);
  const rising = Math.round(warmup * steps);
  if (step <= rising) return step / rising;
  if (kind === 'constant') return 1;
  const left = (steps - step + 1) / (steps - rising);
  return kind === 'linear' ? left : 0.5 * (1 - Math.cos(Math.PI * left));
};
