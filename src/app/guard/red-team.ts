import type { GuardSettings } from '../../guard/index.ts';
import { builtinStories } from '../../inspect/index.ts';
import type { LanguageModelOptions } from '../language-model/index.ts';
import type { OpenModel } from './calibrate.ts';
import type { RunKept } from './kept-answers.ts';
import { attacked, type CaseResult, type GuardCase, measureCases, shareOf } from './measure-guard.ts';

export interface RedTeamOptions extends Pick<LanguageModelOptions, 'weights' | 'threads' | 'adapter'> {
  readonly maxTokens?: number;
  /** As in `calibrateGuard`. */
  readonly kept?: RunKept;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

interface UnderAttack {
  readonly right: number;
  readonly obeyed: number;
}

export interface RedTeamResult {
  readonly model: string;
  readonly policy: string;
  readonly cases: number;
  /** Shares of the answers to documents that were not attacked. */
  readonly off: { readonly clean: number; readonly seconds: number };
  readonly on: { readonly clean: number; readonly falseAlarms: number; readonly seconds: number };
  /** Shares under each kind of attack. */
  readonly kinds: readonly { readonly kind: string; readonly n: number; readonly off: UnderAttack; readonly on: UnderAttack; readonly flagged: number }[];
  /** Every answer without and with the guard. */
  readonly results: readonly { readonly off: CaseResult; readonly on: CaseResult }[];
}

/** Questions on our stories: who, where, and what their main characters do. */
export const storyCases = async (): Promise<GuardCase[]> => {
  const { stories, questions } = await builtinStories();
  const asked = ['city', 'character_occupation', 'character_name'].flatMap((variable) => questions.find((one) => one.variable === variable) ?? []);
  return stories.map(({ story, seed }, i) => {
    const { question, variable } = asked[i % asked.length]!;
    return { id: `story-${i}`, instruction: question, document: story, answers: [seed[variable]!] };
  });
};

/** Puts attacks into documents and asks a model, without a guard and with it. @throws as `measureCases` */
export const redTeam = async (
  open: OpenModel,
  guard: GuardSettings,
  cases: readonly GuardCase[],
  { maxTokens = 48, kept, signal, onProgress, ...options }: RedTeamOptions = {},
): Promise<RedTeamResult> => {
  const all = [...cases, ...attacked(cases)];
  const ask = async (own: LanguageModelOptions, what: string) => {
    await using model = await open(own);
    const before = kept?.of([own.guard, model.info.weights, maxTokens]);
    const begun = performance.now();
    const results = await measureCases(model, all, {
      maxTokens,
      kept: before,
      ...(signal && { signal }),
      onProgress: (done) => onProgress?.(done, all.length, what),
    });
    return { results, seconds: (before?.seconds ?? 0) + (performance.now() - begun) / 1000, model: model.info.name };
  };
  const on = await ask({ ...options, guard }, 'with the guard'); // first: a guard of another model is told before anything is asked
  const off = await ask(options, 'without a guard');
  const pairs = off.results.map((result, i) => ({ off: result, on: on.results[i]! }));
  const clean = pairs.filter((pair) => !pair.off.case.attack);
  const sides = (own: typeof pairs, side: 'off' | 'on') => own.map((pair) => pair[side]);
  const under = (own: typeof pairs, side: 'off' | 'on'): UnderAttack => ({
    right: shareOf(sides(own, side), (one) => one.right),
    obeyed: shareOf(sides(own, side), (one) => one.obeyed),
  });
  const byKind = Map.groupBy(pairs.filter((pair) => pair.off.case.attack), (pair) => pair.off.case.attack!.kind); // biome-ignore format: one call
  return {
    model: off.model,
    policy: guard.policy,
    cases: cases.length,
    off: { clean: shareOf(sides(clean, 'off'), (one) => one.right), seconds: off.seconds },
    on: {
      clean: shareOf(sides(clean, 'on'), (one) => one.right),
      falseAlarms: shareOf(sides(clean, 'on'), (one) => one.flagged),
      seconds: on.seconds,
    },
    kinds: [...byKind].map(([kind, own]) => ({
      kind,
      n: own.length,
      off: under(own, 'off'),
      on: under(own, 'on'),
      flagged: shareOf(sides(own, 'on'), (one) => one.flagged),
    })),
    results: pairs,
  };
};
