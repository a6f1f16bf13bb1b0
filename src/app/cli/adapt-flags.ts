// The flags of `lyceum adapt`, and the options that they make.
import { resolve } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import type { AdaptOptions } from '../adapt/adapt-options.ts';
import { type NamedSettings, recipeOfNamed } from '../adapt/named-settings.ts';
import type { CommonOptions } from './options.ts';

export interface AdaptFlags {
  readonly documents?: boolean;
  readonly model?: string;
  readonly method: string;
  readonly size: string;
  readonly output?: string;
  readonly from?: string;
  readonly eval?: string;
  readonly replay?: number;
  readonly replayData?: string;
  readonly kind?: string;
  readonly kindRule?: readonly string[];
  readonly admit?: boolean;
  readonly tooLong?: string;
  readonly epochs?: number;
  readonly length?: number;
  readonly rows?: number;
  readonly learningRate?: number;
  readonly keep?: string;
  readonly experts?: number;
  readonly rank?: number;
  readonly balance?: number;
  readonly delta?: number;
  readonly sign?: string;
  readonly balanceForm?: string;
  readonly balanceModules?: string;
  readonly balanceVariance?: string;
  readonly balanceMembership?: string;
  readonly ewc?: number;
  readonly kl?: number;
  readonly beta?: number;
  readonly blocks?: string;
  readonly memory?: string;
  readonly options?: string;
  readonly dryRun?: boolean;
}

/** What flags ask for. @throws ConfigError naming a flag that cannot be read */
export const adaptOptionsOf = (data: string, flags: AdaptFlags, common: CommonOptions): AdaptOptions => {
  const { model, method, size, output, from, eval: evaluation, replay, replayData, kind, tooLong, epochs, length, rows, learningRate, keep, blocks, memory, options, dryRun, ...words } = flags; // biome-ignore format: one list
  if (!['auto', 'f32', 'int8'].includes(common.weights)) throw new ConfigError(`adapt: expected --weights auto, f32 or int8, got ${common.weights}`);
  return {
    data,
    model: model!,
    method,
    size: size as never,
    runsDir: resolve(common.dir, 'runs'),
    threads: common.threads,
    seed: common.seed,
    ...(common.weights !== 'auto' && { weights: common.weights as 'f32' | 'int8' }),
    ...(output !== undefined && { output }),
    ...(from !== undefined && { from }),
    ...(evaluation !== undefined && { evaluation }),
    ...(replay !== undefined && { replay }),
    ...(replayData !== undefined && { replayData }),
    ...(kind !== undefined && { kindField: kind }),
    ...(flags.kindRule && { kindRules: flags.kindRule.map(ruleOf) }),
    ...(flags.admit && { admit: true }),
    ...(tooLong !== undefined && { tooLong: tooLong as 'cut' }), // another word is refused with those that are known
    ...(epochs !== undefined && { epochs }),
    ...(length !== undefined && { length }),
    ...(rows !== undefined && { rows }),
    ...(learningRate !== undefined && { learningRate }),
    ...(keep !== undefined && { keep: keep as 'best' }), // another word is refused with those that are known
    ...recipeOfNamed({
      ...(words as Omit<NamedSettings, 'options' | 'blocks'>), // likewise
      ...(options !== undefined && { options: jsonOf(options) as AdaptOptions['options'] }),
      ...(blocks !== undefined && { blocks: blocksOf(blocks) }),
    }),
    ...(memory !== undefined && { memoryBytes: bytesOf(memory) }),
    ...(dryRun && { dryRun }),
  };
};

/** Numbers and ranges of them, `0,4-7`. */
const blocksOf = (text: string): number[] =>
  text.split(',').flatMap((part) => {
    const [, from, to = from] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? [];
    if (from === undefined || Number(to) < Number(from)) throw new ConfigError(`adapt: expected --blocks as in 0,4-7, got ${text}`);
    return Array.from({ length: Number(to) - Number(from) + 1 }, (_, i) => Number(from) + i);
  });

const ruleOf = (text: string): { pattern: string; kind: string } => {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1) throw new ConfigError(`adapt: expected --kind-rule as PATTERN=KIND, got ${text}`);
  return { pattern: text.slice(0, at), kind: text.slice(at + 1) };
};

const jsonOf = (text: string): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined; // told below, with what stood there
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError(`adapt: expected --options as a JSON object, as in {"targets":"all"}, got ${text.slice(0, 80)}`);
};

const bytesOf = (text: string): number => {
  const [, figure, unit] = /^(\d+(?:\.\d+)?)\s*(gb|mb)$/i.exec(text.trim()) ?? [];
  if (figure === undefined) throw new ConfigError(`adapt: expected --memory as in 4gb or 2500mb, got ${text}`);
  return Number(figure) * (unit!.toLowerCase() === 'gb' ? 1e9 : 1e6);
};
