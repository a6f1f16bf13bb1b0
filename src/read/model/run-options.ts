import type { Device } from '../../runtime/index.ts';
import type { Progress } from '../../train/index.ts';

/** How a training runs, whatever it trains. */
export interface RunOptions {
  readonly threads?: number;
  readonly device?: Device;
  /** Compute in a process of its own (default true), so that signals and progress never wait. */
  readonly process?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onNote?: (message: string) => void;
}
