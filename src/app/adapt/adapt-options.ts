import type { RecipeInput } from '../../adapt/index.ts';
import { ConfigError } from '../../core/index.ts';
import type { AdaptResult } from '../../report/index.ts';
import type { AdaptData } from './adapt-data.ts';

export interface AdaptOptions extends RecipeInput {
  /** JSON Lines of samples, a text file, or a folder of texts. */
  readonly data: string;
  readonly model: string;
  /** Of the run; made anew, or gone on with. Default: by data and method below `runsDir`. */
  readonly output?: string;
  readonly runsDir: string;
  /** Folder of a run that is over, of the same model and method: this one starts from what that learnt. */
  readonly from?: string;
  readonly evaluation?: string;
  readonly replayData?: string;
  readonly kindField?: string;
  readonly kindRules?: readonly { readonly pattern: string; readonly kind: string }[];
  readonly admit?: boolean;
  /** What is done with samples of more tokens than a row has: `cut` (default) or `refuse`. */
  readonly tooLong?: 'cut' | 'refuse';
  /** What the training process may take: activations are computed again where that is needed. */
  readonly memoryBytes?: number;
  readonly threads: number;
  /** Steps between checkpoints. Default: by time, 45 s. */
  readonly checkpointSteps?: number;
  /** Says what it would cost, and trains nothing. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  /** How long the step under way may go on once the signal is aborted, so that a checkpoint is written of it. Default 400 ms. */
  readonly graceMs?: number;
  readonly onProgress?: (progress: AdaptProgress) => void;
  readonly onNote?: (message: string) => void;
}

/** How samples are read, as far as it is not what is usual: a part of what a run is. */
export const readingOf = ({ kindField, kindRules, admit, tooLong }: AdaptOptions): Pick<AdaptOptions, 'kindField' | 'kindRules' | 'admit' | 'tooLong'> => {
  if (tooLong !== undefined && tooLong !== 'cut' && tooLong !== 'refuse')
    throw new ConfigError(`adapt: expected tooLong cut or refuse, got ${String(tooLong)}`);
  return {
    ...(kindField !== undefined && { kindField }),
    ...(kindRules && { kindRules }),
    ...(admit && { admit }),
    ...(tooLong === 'refuse' && { tooLong }),
  };
};

export interface AdaptProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly loss?: number;
  readonly heldOut?: number;
  readonly perSecond?: number;
  readonly secondsLeft?: number;
}

/** What a run would take. */
export interface AdaptPrice {
  readonly steps: number;
  /** Tokens of all epochs. */
  readonly tokens: number;
  readonly trainable: number;
  /** Of training and measuring; of a run that is over, of training. */
  readonly seconds: number;
  /** The part of them in which the model is asked, before and after. */
  readonly measuringSeconds: number;
  readonly bytes: number;
  /** Where it takes more memory than this machine has to give now: what that means, and what would take less. */
  readonly warning: string | null;
}

export interface AdaptOutcome {
  readonly folder: string;
  readonly price: AdaptPrice;
  readonly data: AdaptData;
  /** None of a dry run. */
  readonly result?: AdaptResult;
}
