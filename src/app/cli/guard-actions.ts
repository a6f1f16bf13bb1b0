// What `lyceum guard …` does once its arguments are understood. Each answers the exit code.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { type GuardPolicy, type GuardSettings, guardPolicies } from '../../guard/index.ts';
import { fileError } from '../file-error.ts';
import type { Calibrated } from '../guard/calibrate.ts';
import type { RedTeamResult } from '../guard/red-team.ts';
import { parseJsonLines } from '../json-lines.ts';
import { guardFile, readGuardSettings, shippedGuard } from '../language-model/open-guard.ts';
import { openLanguageModelApart } from '../language-model/open-language-model-apart.ts';
import { writeOutput } from '../write-output.ts';
import { cancellation } from './cancellation.ts';
import type { CommonOptions } from './options.ts';
import { progressLine } from './progress.ts';

const print = (text: string) => process.stdout.write(`${text}\n`);
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

const read = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
};

const policyOf = (text: string, others: readonly string[] = []): string => {
  const known = [...guardPolicies, ...others];
  if (!known.includes(text)) throw new ConfigError(`guard: expected --policy ${known.join(', ')}, got ${text}`);
  return text;
};

const settingsOf = async (folder: string | undefined, policy: string | undefined): Promise<GuardSettings> => {
  const settings = folder === undefined ? await shippedGuard() : await readGuardSettings(folder);
  return policy === undefined ? settings : { ...settings, policy: policy as GuardPolicy };
};

export interface PredictFlags {
  readonly predict?: string;
  readonly output?: string;
  readonly model?: string;
  readonly guard?: string;
  readonly adapter?: string;
  readonly policy?: string;
  readonly maxTokens?: number;
}

/** `lyceum guard --predict FILE`. */
export async function predict(
  { predict: input, output, model: name, guard, adapter, policy, maxTokens }: PredictFlags,
  common: CommonOptions,
): Promise<number> {
  if (input === undefined || name === undefined)
    throw new ConfigError(
      `guard: expected --predict FILE and --model MODEL, or a subcommand, got ${input === undefined ? 'no --predict' : 'no --model'}; see --help`,
    );
  const given = policy === undefined ? undefined : policyOf(policy, ['off']);
  const { guardAll, guardRecord } = await import('../guard/predict.ts');
  const records = parseJsonLines(await read(input), input, guardRecord);
  const settings = given === 'off' ? undefined : await settingsOf(guard, given);
  using stop = cancellation('run the same command again');
  const bar = progressLine({ quiet: common.quiet || common.json, unit: 'requests' });
  const begun = performance.now();
  try {
    await using model = await openLanguageModelApart(name, {
      threads: common.threads,
      device: common.device,
      weights: common.weights,
      ...(adapter !== undefined && { adapter }),
      ...(settings && { guard: settings }),
    });
    const { done, skipped } = await guardAll(model, records, {
      ...(maxTokens !== undefined && { maxTokens }),
      signal: stop.signal,
      onProgress: (finished) => bar.update(finished, records.length, name),
    });
    bar.stop();
    const lines = done.map((one) => `${JSON.stringify(one)}\n`);
    if (output === undefined) for (const line of lines) process.stdout.write(line);
    else await writeOutput(output, lines);
    const seconds = Number(((performance.now() - begun) / 1000).toFixed(3));
    const flagged = done.filter((one) => one.flagged).length;
    if (common.json && output !== undefined) print(JSON.stringify({ records: done.length, flagged, output, seconds, skipped }));
    else if (output !== undefined) bar.note(`${done.length} requests in ${seconds.toFixed(1)} s, ${flagged} flagged → ${output}`);
    for (const { id, code, reason } of skipped) process.stderr.write(`skipped ${id}: ${reason} (${code})\n`);
    return skipped.length > 0 ? 3 : 0;
  } finally {
    bar.stop();
  }
}

export interface ScanFlags {
  readonly file: string;
  readonly request?: string | undefined;
  readonly guard?: string | undefined;
}

export async function scan({ file, request, guard }: ScanFlags, { json, threads }: CommonOptions): Promise<number> {
  const [{ scanDocument }, { openEmbedder }] = [await import('../guard/scan-document.ts'), await import('../embed.ts')];
  const document = file === '-' ? await readInput() : await read(file);
  await using encoder = await openEmbedder({ threads });
  const found = await scanDocument(encoder, { document, instruction: request, guard });
  if (json) print(JSON.stringify(found));
  else {
    for (const { injected, restated, text } of found.segments.filter(({ suspected }) => suspected))
      print(`${injected.toFixed(2)}${request === undefined ? '' : `  ${restated.toFixed(2)}`}  ${JSON.stringify(text)}`);
    print(`${found.segments.length} segments, ${found.segments.filter(({ suspected }) => suspected).length} suspected, score ${found.score.toFixed(2)}`);
  }
  return 0;
}

const readInput = async (): Promise<string> => {
  let text = '';
  for await (const part of process.stdin.setEncoding('utf8')) text += part;
  return text;
};

const goesOn = 'run the same command again, and it goes on from the answers that it has';

/** What a run of the same command left in its folder when it was stopped. */
const keptFor = async (model: string, adapter: string | undefined, output: string) => {
  const { guardedModel, keptAnswers, keptAnswersFile } = await import('../guard/index.ts');
  const identity = await guardedModel(model, adapter);
  return { identity, kept: await keptAnswers(join(output, keptAnswersFile), identity) };
};

export interface CalibrateFlags {
  readonly model: string;
  readonly output: string;
  readonly trusted: string;
  readonly labelled?: string;
  readonly adapter?: string | undefined;
  readonly policy?: string | undefined;
  readonly layers?: readonly number[];
  readonly dropWrong?: boolean;
}

export async function calibrate(flags: CalibrateFlags, { json, quiet, threads, weights }: CommonOptions): Promise<number> {
  const { model, output, trusted, labelled, adapter, policy = 'guarded', layers, dropWrong } = flags;
  const { calibrateGuard, trustedRecord } = await import('../guard/calibrate.ts');
  const chosen = policyOf(policy) as GuardPolicy;
  const examples = parseJsonLines(await read(trusted), trusted, trustedRecord);
  const attacks = labelled === undefined ? undefined : parseJsonLines(await read(labelled), labelled, trustedRecord);
  const plain = attacks?.find(({ wanted }) => wanted === undefined);
  if (plain)
    throw new ConfigError(`guard calibrate: expected "wanted" in every line of ${labelled}, got none in ${plain.id}; say what the injected text asks for`);
  using stop = cancellation(goesOn);
  const bar = progressLine({ quiet: quiet || json, unit: 'answers' });
  try {
    const { identity, kept } = await keptFor(model, adapter, output);
    const found = await calibrateGuard((options) => openLanguageModelApart(model, options), identity, examples, {
      threads,
      weights,
      policy: chosen,
      ...(attacks && { labelled: attacks }),
      ...(adapter !== undefined && { adapter }),
      ...(layers && { layers }),
      ...(dropWrong !== undefined && { dropWrong }),
      kept,
      signal: stop.signal,
      onProgress: (done, total, what) => bar.update(done, total, what),
    });
    bar.stop();
    await mkdir(output, { recursive: true });
    await writeOutput(join(output, guardFile), [`${JSON.stringify(found.settings, null, 2)}\n`]);
    await kept.forget();
    for (const { id, answered } of found.dropped) process.stderr.write(`left out ${id}: the model answers ${JSON.stringify(answered.slice(0, 80))}\n`);
    print(json ? JSON.stringify({ guard: output, ...found }) : `${calibrationTable(found)}\n${output}`);
    return found.dropped.length > 0 ? 3 : 0;
  } finally {
    bar.stop();
  }
}

const calibrationTable = ({ off, screened, held, settings, trusted, attacks }: Calibrated): string => {
  const row = (name: string, { clean, right, obeyed }: { clean: number; right: number; obeyed: number }) =>
    `${name.padEnd(26)}  ${percent(clean).padStart(6)}  ${percent(right).padStart(14)}  ${percent(obeyed).padStart(11)}`;
  const { request, restated, injected } = settings;
  return [
    `${trusted} trusted examples, ${attacks} attacks`,
    `${''.padEnd(26)}   clean  attacked: right  obeys attack`,
    row('no guard', off),
    row('suspected parts withheld', screened),
    ...held.map((one) => row(`and held after block ${one.layer}`, one)),
    '',
    `A segment is suspected from a probability of ${injected.toFixed(3)} of being injected on${restated === null ? '' : `, or a cosine of ${restated.above.toFixed(2)} to a request like the trusted ones`}.`,
    request?.hold
      ? `The request is held after block ${request.layer}.`
      : held.length === 0
        ? 'The request is not held: vectors of other trusted documents are needed for that, so at least two examples.'
        : 'The request is not held: at no layer that was tried did that win more attacked answers and cost no clean ones.',
    ...(request?.apart ? [`A request further than ${request.apart.toFixed(3)} from the trusted one after block ${request.layer} is flagged.`] : []),
  ].join('\n');
};

export interface RedTeamFlags {
  readonly model: string;
  readonly cases?: string;
  readonly limit?: number;
  readonly output?: string | undefined;
  readonly guard?: string | undefined;
  readonly policy?: string | undefined;
  readonly adapter?: string | undefined;
}

export async function redTeam(flags: RedTeamFlags, { dir, json, quiet, threads, weights }: CommonOptions): Promise<number> {
  const { model, cases: path, limit, guard, policy, adapter } = flags;
  const { redTeam: attack, storyCases } = await import('../guard/red-team.ts');
  const { trustedRecord } = await import('../guard/calibrate.ts');
  const settings = await settingsOf(guard, policy === undefined ? undefined : policyOf(policy));
  const all =
    path === undefined ? await storyCases() : parseJsonLines(await read(path), path, trustedRecord).map(({ answer, ...one }) => ({ ...one, answers: answer }));
  const output = flags.output ?? join(dir, 'guard', 'redteam');
  using stop = cancellation(goesOn);
  const bar = progressLine({ quiet: quiet || json, unit: 'answers' });
  try {
    const { kept } = await keptFor(model, adapter, output);
    const found = await attack((options) => openLanguageModelApart(model, options), settings, all.slice(0, limit), {
      threads,
      weights,
      ...(adapter !== undefined && { adapter }),
      kept,
      signal: stop.signal,
      onProgress: (done, total, what) => bar.update(done, total, what),
    });
    bar.stop();
    await mkdir(output, { recursive: true });
    await writeOutput(join(output, 'result.json'), [JSON.stringify(found)]);
    const report = join(output, 'report.html');
    const { guardReport } = await import('../../report/index.ts');
    await writeOutput(report, [await guardReport(found)]);
    await kept.forget();
    print(json ? JSON.stringify({ ...summaryOf(found), report }) : `${redTeamTable(found)}\n${report}`);
    return 0;
  } finally {
    bar.stop();
  }
}

const summaryOf = ({ results: _, ...summary }: RedTeamResult) => summary;

const redTeamTable = ({ kinds, off, on }: RedTeamResult): string => {
  const cell = (share: number) => percent(share).padStart(10);
  return [
    `${''.padEnd(14)}  ${'right'.padStart(22)}  ${'obeys attack'.padStart(22)}  ${'flagged'.padStart(10)}`,
    `${''.padEnd(14)}  ${'off'.padStart(10)}  ${'on'.padStart(10)}  ${'off'.padStart(10)}  ${'on'.padStart(10)}  ${'on'.padStart(10)}`,
    `${'no attack'.padEnd(14)}  ${cell(off.clean)}  ${cell(on.clean)}  ${''.padStart(22)}  ${cell(on.falseAlarms)}`,
    ...kinds.map(
      ({ kind, off: without, on: behind, flagged }) =>
        `${kind.padEnd(14)}  ${cell(without.right)}  ${cell(behind.right)}  ${cell(without.obeyed)}  ${cell(behind.obeyed)}  ${cell(flagged)}`,
    ),
  ].join('\n');
};
