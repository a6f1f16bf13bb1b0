import { LyceumError } from '../core/index.ts';

/** A name with several hits; the message lists them. */
export class AmbiguousError extends LyceumError {
  readonly code = 'AMBIGUOUS';
}

/** The user asked to stop; the message says how to go on. */
export class CancelledError extends LyceumError {
  readonly code = 'CANCELLED';
}
