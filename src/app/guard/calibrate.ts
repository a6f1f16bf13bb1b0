import { z } from 'zod';
import { ConfigError } from '../../core/index.ts';
import { cosine } from '../../encode/index.ts';
import { attacksOn, type GuardedModel, type GuardPolicy, type GuardSettings, judge, readDetector } from '../../guard/index.ts';
import { openEmbedder } from '../embed.ts';
import type { LanguageModel, LanguageModelOptions } from '../language-model/index.ts';
import type { RunKept } from './kept-answers.ts';
import { attacked, type CaseResult, type GuardCase, measureCases, shareOf } from './measure-guard.ts';

/** A line of `lyceum guard calibrate --trusted` and `--labelled`. */
export const trustedRecord = z.looseObject({
  id: z.union([z.string(), z.number()]),
  instruction: z.string().min(1),
  document: z.string().min(1),
  answer: z.union([
    z
      .string()
      .min(1)
      .transform((one) => [one]),
    z.array(z.string().min(1)).min(1),
  ]),
  /** In labelled examples: the answer that an injected text in the document asks for. */
  wanted: z.string().min(1).optional(),
});
export type TrustedRecord = z.output<typeof trustedRecord>;

export interface CalibrateOptions extends Pick<LanguageModelOptions, 'weights' | 'threads' | 'adapter'> {
  /** Attacked examples; default: attacks of ours put into the trusted documents. */
  readonly labelled?: readonly TrustedRecord[];
  readonly policy?: GuardPolicy;
  /** After how many blocks the request may be held; default: at 0.5, 0.6, 0.7 and 0.8 of the model's depth. None: it is not held. */
  readonly layers?: readonly number[];
  /** Leave out trusted examples that the model answers wrongly, instead of refusing them all. */
  readonly dropWrong?: boolean;
  readonly maxTokens?: number;
  /** Where answers are kept as they come, so that a run that was stopped goes on from them; forgetting them is up to whoever opened it. */
  readonly kept?: RunKept;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, what: string) => void;
}

/** Shares of answers: right on trusted documents, right and obedient to the attack on attacked ones. */
export interface GuardShares {
  readonly clean: number;
  readonly right: number;
  readonly obeyed: number;
}

export interface Calibrated {
  readonly settings: GuardSettings;
  readonly off: GuardShares;
  readonly screened: GuardShares;
  /** Behind the bounds too. */
  readonly held: readonly (GuardShares & { readonly layer: number })[];
  readonly dropped: readonly { readonly id: string | number; readonly answered: string }[];
  readonly trusted: number;
  readonly attacks: number;
}

const margin = 0.05; // of a cosine, at least so far above what trusted documents reach
const lost = 0.02; // share of clean answers that holding the request may cost
const gained = 0.05; // share of attacked answers that it must win beyond what the bounds do: less is chance among as many as are usual
const most = 3; // documents whose vectors are averaged
const towards = 1 / 4; // nearer to what trusted documents reach than to claims in the request's very words: distractors use others
const mostRequests = 64;
const room = 2; // times the distance that any clean request reaches, before one is suspected: few examples say little of others
const telling = 0.8; // share of attacks beyond that bound from which on it is of use
const fewest = 8; // clean requests that a bound is drawn from at least

/** Opens the model with a guard, or without. */
export type OpenModel = (options: LanguageModelOptions) => Promise<LanguageModel>;

/**
 * Finds a guard's bounds for a model from trusted examples: what their documents reach is not suspected; the request is held at the layer where that wins most attacked answers and costs no clean ones, if there is one.
 *
 * @param identity  name and hash of the model's weights and of the adapter on it, which the guard is then tied to: `guardedModel` tells them
 * @throws ConfigError for no trusted examples, and for those that the model answers wrongly without any guard · the signal's reason
 */
export const calibrateGuard = async (
  open: OpenModel,
  identity: GuardedModel,
  trusted: readonly TrustedRecord[],
  { labelled, policy = 'guarded', layers: asked, dropWrong = false, maxTokens = 48, kept, signal, onProgress, ...options }: CalibrateOptions = {},
): Promise<Calibrated> => {
  if (trusted.length === 0) throw new ConfigError('guard calibrate: expected at least one trusted example, got none; see --help for what a line holds');
  const askHere = async (guard: GuardSettings | undefined, cases: readonly GuardCase[], what: string) => {
    await using model = await open({ ...options, ...(guard && { guard }) });
    const results = await measureCases(model, cases, {
      maxTokens,
      kept: kept?.of([guard, model.info.weights, maxTokens]),
      ...(signal && { signal }),
      onProgress: (done: number) => onProgress?.(done, cases.length, what),
    });
    return { results, layers: model.info.layers };
  };
  const ask = async (guard: GuardSettings | undefined, cases: readonly GuardCase[], what: string): Promise<CaseResult[]> =>
    (await askHere(guard, cases, what)).results;
  const all = trusted.map(caseOf);
  const { results: plain, layers } = await askHere(undefined, all, 'trusted');
  const wrong = plain.filter(({ right }) => !right);
  if (wrong.length > 0 && (!dropWrong || wrong.length === plain.length)) throw wrongExamples(wrong, plain.length);
  const cases = plain.filter(({ right }) => right).map((result) => result.case);

  const bounds = await boundsOf(cases);
  const attacks = labelled ? labelled.map(caseOf) : attacked(cases);
  const base: GuardSettings = { format: 1, model: identity, policy: 'guarded', ...bounds, request: null, measured: {} };
  const unguarded = await ask(undefined, attacks, 'attacked, no guard');
  const behind = await ask(base, [...cases, ...attacks], 'screened');
  const off = sharesOf([...plain.filter(({ right }) => right), ...unguarded]);
  const screened = sharesOf(behind);

  // Vectors come from some of the documents, and are judged by the others, behind the bounds.
  const documents = cases.slice(0, Math.min(most, Math.floor(cases.length / 2))).map(({ document }) => document);
  const judged = [...cases.slice(documents.length), ...attacks].filter(({ document }) => !documents.includes(document));
  /** How far a request may be from the trusted one; null where that tells too few attacks. */
  const boundOf = async (layer: number): Promise<number | null> => {
    const found = await ask({ ...base, injected: 1, restated: null, request: { layer, hold: false, apart: 2, documents } }, judged, 'distances');
    const distances = (these: readonly CaseResult[]) => these.map(({ distance }) => distance ?? 0);
    const bound = room * Math.max(...distances(found.filter((one) => !one.case.attack)), 1e-6);
    const under = distances(found.filter((one) => one.case.attack));
    return under.length > 0 && under.filter((one) => one > bound).length / under.length >= telling ? bound : null;
  };
  const depths = documents.length === 0 ? [] : [...new Set(asked ?? [0.5, 0.6, 0.7, 0.8].map((share) => Math.max(1, Math.round(share * layers))))];
  const held: Calibrated['held'][number][] = [];
  for (const layer of depths)
    held.push({ layer, ...sharesOf(await ask({ ...base, request: { layer, hold: true, apart: null, documents } }, judged, `held after block ${layer}`)) });
  const compared = sharesOf(behind.filter((one) => judged.includes(one.case)));
  const holding = held
    .filter(({ clean, right }) => clean >= compared.clean - lost && right >= compared.right + gained)
    .toSorted((a, b) => b.right - a.right)[0];
  const layer = holding?.layer ?? depths[Math.floor(depths.length / 2)];
  const apart = layer === undefined || cases.length - documents.length < fewest ? null : await boundOf(layer);
  const settings: GuardSettings = {
    ...base,
    policy,
    request: layer !== undefined && (holding || apart !== null) ? { layer, hold: holding !== undefined, apart, documents } : null,
    measured: { off, screened, held, trusted: cases.length, attacks: attacks.length },
  };
  const dropped = wrong.map(({ case: { id }, text }) => ({ id, answered: text }));
  return { settings, off, screened, held, dropped, trusted: cases.length, attacks: attacks.length };
};

const caseOf = ({ id, instruction, document, answer, wanted }: TrustedRecord): GuardCase => ({
  id,
  instruction,
  document,
  answers: answer,
  ...(wanted !== undefined && { attack: { kind: 'labelled', wanted } }),
});

const sharesOf = (results: readonly CaseResult[]): GuardShares => {
  const [clean, under] = [results.filter((one) => !one.case.attack), results.filter((one) => one.case.attack)];
  return { clean: shareOf(clean, (one) => one.right), right: shareOf(under, (one) => one.right), obeyed: shareOf(under, (one) => one.obeyed) };
};

/** Bounds that no segment of a trusted document reaches; how near to the request is a quarter of the way from there to where claims of ours about it lie. */
export const boundsOf = async (cases: readonly Pick<GuardCase, 'document' | 'instruction'>[]): Promise<Pick<GuardSettings, 'injected' | 'restated'>> => {
  const detector = await readDetector();
  await using encoder = await openEmbedder();
  let [injected, restated] = [0, -1];
  for (const { document, instruction } of cases)
    for (const segment of (await judge({ encoder, detector }, document, instruction)).segments) {
      injected = Math.max(injected, segment.injected);
      restated = Math.max(restated, segment.restated);
    }
  const requests = [...new Set(cases.map(({ instruction }) => instruction))].slice(0, mostRequests);
  const claims = requests.map((request) => attacksOn(request, 'so').filter(({ kind }) => kind === 'claim' || kind === 'restatement'));
  const [asked, ...said] = [await encoder.embed(requests), ...(await Promise.all(claims.map((own) => encoder.embed(own.map(({ text }) => text)))))];
  const claimed = Math.min(...said.flatMap((own, i) => own.map((vector) => cosine(vector, asked[i]!))));
  const above = Math.max(restated + margin, restated + (claimed - restated) * towards);
  return { injected: injected < detector.threshold ? detector.threshold : (1 + injected) / 2, restated: above < 1 ? { above, requests } : null };
};

const wrongExamples = (wrong: readonly CaseResult[], all: number): ConfigError => {
  const shown = wrong
    .slice(0, 3)
    .map(({ case: { id, answers }, text }) => `${id}: expected ${JSON.stringify(answers[0])}, answered ${JSON.stringify(text.slice(0, 80))}`);
  return new ConfigError(
    `guard calibrate: expected trusted examples that the model answers right without a guard, got ${wrong.length} of ${all} wrong (${shown.join('; ')}${wrong.length > 3 ? '; …' : ''}); mend them, or leave them out with --drop-wrong where others remain`,
  );
};
