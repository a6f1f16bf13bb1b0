/** A share in [0, 1], or a difference of two in [−1, 1], with its 95 % interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** After minus before, paired item by item. `pValue`: two-sided. */
export interface Difference extends Interval {
  readonly pValue: number;
}

/** A closed-book question whose answer changed between right and wrong. */
export interface KnowledgeExample {
  readonly question: string;
  readonly expected: string;
  readonly before: string;
  readonly after: string;
}

/** A held-out sample of the task, with what the model answered. */
export interface TaskExample {
  readonly prompt: string;
  readonly expected: string;
  readonly before: string;
  readonly after: string;
}

/** A figure of the base model, and of the adapted one. */
export interface BeforeAfter<T> {
  readonly before: T;
  readonly after: T;
}

/** What a score on the held-out samples of the task was; higher is better. */
export interface TaskScore extends BeforeAfter<Interval> {
  /** As a person says it: `exact match`. */
  readonly metric: string;
  /** Samples scored. */
  readonly n: number;
  /** Where both models answered the same samples; without it a change is clear only where the two intervals do not overlap. */
  readonly difference?: Difference;
}

/** What the model knew of the world; higher is better. */
export interface KnowledgeScore extends BeforeAfter<Interval> {
  readonly metric: string;
  /** Questions asked. */
  readonly n: number;
  readonly difference: Difference;
  /** Shares of right answers. */
  readonly byRelation: readonly (BeforeAfter<number> & { readonly relation: string; readonly n: number })[];
}

/** How a mixture's tokens were spread over its experts, on held-out samples. */
export interface ExpertUse {
  /** Shares add up to 1, expert by expert. */
  readonly byKind: readonly { readonly kind: string; readonly shares: readonly number[] }[];
  /** `site`: of the linear, as in `blocks.3.mlp.gate`. */
  readonly byModule: readonly { readonly site: string; readonly shares: readonly number[] }[];
  /** Sizes of the groups of experts, first expert first; one group where a method has none. */
  readonly groups: readonly number[];
  /** The balancing loss at the end of training, averaged over the linears. `null`: nothing was balanced. */
  readonly balance: number | null;
}

/** Name of the format; a file of another one is refused. */
export const adaptResultFormat = 'lyceum-adapt-result-1';

/** Kind of the arm of a comparison in which nothing is trained and retrieved examples stand in the prompt. */
export const retrievedKind = 'retrieved';

/** Kind of a mixture of finished runs: nothing is trained. */
export const combinedKind = 'arrow';

/** Whether a run of this kind trains anything. */
export const isTrained = (kind: string): boolean => kind !== retrievedKind && kind !== combinedKind;

/** What a run of `lyceum adapt` writes as `result.json`: all that its report shows. `null`: was not measured. */
export interface AdaptResult {
  readonly format: typeof adaptResultFormat;
  readonly name: string;
  readonly model: { readonly name: string; readonly sha256: string; readonly parameters: number };
  readonly data: {
    readonly path: string;
    /** Samples trained on. */
    readonly samples: number;
    /** Forms that were recognised, as in `chat` or `text`. */
    readonly shapes: readonly { readonly shape: string; readonly samples: number }[];
    readonly kinds: readonly { readonly kind: string; readonly samples: number }[];
    /** Samples held out of training. */
    readonly heldOut: number;
    readonly skipped: readonly { readonly reason: string; readonly samples: number }[];
    /** Samples that were cut to fit; missing where another version did not say. */
    readonly cut?: number;
    /** Samples that teach what another does: kept, and on one side of the split. */
    readonly duplicates: number;
    /** Held-out samples that also stand in the training data. */
    readonly contaminated: number;
    /** Facts that were asked about the world and that also stand in what was learnt, replayed samples among it; an earlier version does not say. */
    readonly contaminatedFacts?: number;
  };
  /** `kind`: as on the command line, or `retrieved` where nothing was trained. */
  readonly method: { readonly kind: string; readonly options: Readonly<Record<string, unknown>> };
  /** The run it started from: what is called before is the model with that run's adapter. Absent where it is the base model. `sha256`: of the adapter's values. */
  readonly from?: { readonly name: string; readonly path: string; readonly sha256: string };
  /** The weights a run ended with; none where nothing was trained, or an earlier version did. `weights`: which were asked for. */
  readonly kept?: { readonly weights: 'best' | 'last'; readonly epoch: number };
  /** What it costs that frozen weights are no floats: the held-out loss before training, of a token in nats, with weights as they are held and as floats. Absent where they are floats, or an earlier version did not say. */
  readonly frozen?: { readonly weights: 'int8'; readonly heldOutLoss: { readonly held: number; readonly f32: number } };
  /** How the model's weights were held when it was asked, before and after alike; an earlier version does not say. */
  readonly askedWith?: 'f32' | 'int8' | 'int4';
  /** Trained parameters. */
  readonly trainable: number;
  /** Tokens trained on, replay included. */
  readonly tokens: number;
  /** Of training. */
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  /** What was said before training began. */
  readonly price: { readonly estimated: { readonly seconds: number; readonly bytes: number } };
  readonly seeds: readonly number[];
  /** Mean loss of a token, of preferences of a pair, in nats, in the order of steps; of the first seed. */
  readonly loss: readonly { readonly step: number; readonly train: number; readonly heldOut?: number }[];
  readonly task: TaskScore | null;
  readonly perplexityHeldOut: BeforeAfter<number> | null;
  readonly knowledge: KnowledgeScore | null;
  readonly examples: {
    /** Right before, wrong now. */
    readonly lost: readonly KnowledgeExample[];
    /** Wrong before, right now. */
    readonly gained: readonly KnowledgeExample[];
    /** Some held-out samples, whether they changed or not. */
    readonly task: readonly TaskExample[];
    /** Held-out samples that were right before and are wrong now, and the reverse, those that changed most first; an earlier version does not say. */
    readonly taskLost?: readonly TaskExample[];
    readonly taskGained?: readonly TaskExample[];
    /** Score of a sample from which its answer counts as right in these two, in (0, 1]; absent where a score is 0 or 1. */
    readonly taskRightFrom?: number;
  };
  /** Of methods that mix experts. */
  readonly experts?: ExpertUse;
  /** `share` in [0, 1] of the trained tokens; 0 and null where replay was off. */
  readonly replay: { readonly share: number; readonly source: string | null };
  /** One sentence, see `verdict`. */
  readonly verdict: string;
}
