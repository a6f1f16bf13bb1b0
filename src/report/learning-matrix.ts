/** A task that models were asked after every stage of learning. */
export interface MatrixTask {
  readonly name: string;
  /** As a person says it: `exact match`. */
  readonly metric: string;
  /** Samples or questions scored. */
  readonly n: number;
  /** The stage that taught it, from 0; `before` for what the base model knew. */
  readonly learntAt: number | 'before';
}

/** Where 95 % of the bootstrap over items lie. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** Scores of tasks after each stage of learning, one task after another: R of the literature on continual learning. Scores are in [0, 1], and higher is better. */
export interface LearningMatrix {
  readonly tasks: readonly MatrixTask[];
  /** Names of the stages' runs, in their order. */
  readonly stages: readonly string[];
  /** [stages][tasks] */
  readonly scores: readonly (readonly number[])[];
  /** Of the base model, [tasks]. */
  readonly before: readonly number[];
  readonly summary: {
    /** Mean score of all tasks after the last stage. */
    readonly averageScore: number;
    /** Mean of what tasks learnt before the last stage gained since they were learnt; negative is forgetting. */
    readonly backwardTransfer?: number;
    /** Mean of what these lost of their best score since they were learnt. */
    readonly forgetting?: number;
    /** Mean of what tasks had gained before the stage that taught them. */
    readonly forwardTransfer?: number;
    /** Per task: what it gained since it was learnt; null for that of the last stage. */
    readonly changes: readonly (number | null)[];
  };
  /** Of every figure above, over items; where there is no figure there is no range. What changed between stages is paired item by item. */
  readonly intervals: {
    readonly scores: readonly (readonly Range[])[];
    readonly before: readonly Range[];
    readonly averageScore: Range;
    readonly backwardTransfer?: Range;
    readonly forgetting?: Range;
    readonly forwardTransfer?: Range;
    readonly changes: readonly (Range | null)[];
  };
  /** How the weights of all models were held when they were asked. */
  readonly askedWith: 'f32' | 'int8' | 'int4';
  /** Stages that do not start from the one before them, by their numbers from 0. */
  readonly apart: readonly number[];
}
