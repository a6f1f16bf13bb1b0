import { LyceumError } from '../core/index.ts';

/** Training came to a loss that is no number. */
export class DivergedError extends LyceumError {
  readonly code = 'DIVERGED';
}
