import type { LearningMatrix } from '../../report/index.ts';
import type { JobProgress } from '../jobs.ts';
import type { AdaptRequest, AdaptRun, AdaptRunDetails, CombineRequest, Look } from './adapt-schema.ts';

/** A run that has been given a name, and how it is asked for. */
export interface NamedRun {
  readonly name: string;
  readonly asked: object;
}

/** What came of teaching, or of working out what it takes: figures by name, and what to know of it, in sentences. */
export interface Taught {
  readonly figures: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
}

/** How models are taught in this workspace, and what has come of it. */
export interface Adapting {
  /** Sample data to try, where there is some. */
  readonly sample?: string;
  /** Keeps a dropped file where a run finds it again, whenever that goes on; answers its path. The same bytes have the same place. */
  keep(upload: { readonly path: string; readonly name: string; readonly sha256: string }): Promise<string>;
  /** Keeps the texts of the workspace's documents in the same way. @throws NotFoundError where there are none */
  documents(): Promise<string>;
  /** What training data holds. @throws FormatError, NotFoundError where it cannot be learnt from */
  look(path: string, options: { readonly model?: string | undefined; readonly kindField?: string | undefined }, signal: AbortSignal): Promise<Look>;
  /** The name under which such a run begins, or goes on where it was begun with the same request. */
  name(request: AdaptRequest): Promise<NamedRun>;
  /** A run that was begun, to go on with. @throws NotFoundError, ConfigError where it cannot */
  again(name: string): Promise<NamedRun>;
  /** Teaches away from this thread. Rejects with the signal's reason once it is aborted: what was done is kept. */
  teach(run: NamedRun, options: { readonly dryRun: boolean; readonly signal: AbortSignal; onProgress(progress: JobProgress): void }): Promise<Taught>;
  /** The name under which such a mixture of runs goes. */
  combinedName(request: CombineRequest): string;
  /** Mixes the adapters of runs and asks the mixture what it can do, away from this thread; answers figures. Rejects with the signal's reason once it is aborted: what was asked is kept. @throws as `finished` */
  combine(request: CombineRequest, options: { readonly signal: AbortSignal; onProgress(progress: JobProgress): void }): Promise<Taught['figures']>;
  /** Newest first. */
  runs(): Promise<AdaptRun[]>;
  /** @throws NotFoundError */
  run(name: string): Promise<AdaptRunDetails>;
  /** Folder of a run that is over. @throws NotFoundError where it is none or not over */
  finished(name: string): Promise<string>;
  /** A page that compares runs that are over, with what their matrix says where that is wanted. @throws as `finished` and `matrix` */
  compare(names: readonly string[], options: { readonly matrix: boolean }): Promise<string>;
  /** Takes runs as stages of learning and asks the model of each what is not known yet, away from this thread; answers figures. Rejects with the signal's reason once it is aborted: what was asked is kept. @throws as `finished` */
  measureMatrix(names: readonly string[], options: { readonly signal: AbortSignal; onProgress(progress: JobProgress): void }): Promise<Taught['figures']>;
  /** The matrix of runs, once it is measured. @throws NotFoundError before that · as `finished` */
  matrix(names: readonly string[]): Promise<LearningMatrix>;
}
