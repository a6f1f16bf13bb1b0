// What `adapter_config.json` says: the layout in which PEFT keeps a LoRA adapter (arXiv:2106.09685).
import { z } from 'zod';
import { ConfigError, UnsupportedError } from '../core/index.ts';
import { bounded } from '../formats/index.ts';

const rank = z.number().int().min(1).max(65_536);
const alpha = z.number();
const oneOrMore = z.union([z.string(), z.array(z.string())]);

const schema = z.object({
  r: rank,
  lora_alpha: alpha,
  target_modules: oneOrMore,
  exclude_modules: oneOrMore.nullish(),
  rank_pattern: z.record(z.string(), rank).nullish(),
  alpha_pattern: z.record(z.string(), alpha).nullish(),
  use_rslora: z.boolean().nullish(),
  layers_to_transform: z.union([z.number().int(), z.array(z.number().int())]).nullish(),
  layers_pattern: oneOrMore.nullish(),
  task_type: z.enum(['CAUSAL_LM']).nullish(),
  bias: z.literal('none').nullish(),
});
type Keys = z.infer<typeof schema>;

/** Keys that change nothing of what an adapter computes once it is trained. */
const harmless = new Set(
  'auto_mapping base_model_name_or_path revision inference_mode peft_version lora_dropout fan_in_fan_out megatron_core runtime_config eva_config loftq_config qalora_group_size'.split(
    ' ',
  ),
);
const plainStarts = new Set<unknown>([true, false, 'gaussian', 'orthogonal', 'eva']);
const isNeutral = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
const pattern = (text: string, where: string, key: string): RegExp => {
  try {
    return new RegExp(text, 'u');
  } catch {
    throw new UnsupportedError(
      `${where}: expected ${key} as a regular expression that JavaScript has too, got ${JSON.stringify(text.slice(0, 200))}; spell it plainer`,
    );
  }
};

/** How a module is adapted. */
export interface ModuleRank {
  readonly rank: number;
  /** What the product of the branch is multiplied with. */
  readonly scale: number;
}

/**
 * Reads an adapter's configuration against the modules of a model.
 *
 * @param modules  names of all linears, as the reference implementation calls them
 * @returns        those that it adapts
 * @throws ConfigError naming every key that does not fit, or where no module is meant · UnsupportedError for adapters of another kind
 */
export const adaptedModules = (json: unknown, modules: readonly string[], where = 'adapter_config.json'): ReadonlyMap<string, ModuleRank> => {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ConfigError(`${where}: expected a JSON object, got ${JSON.stringify(json)?.slice(0, 40)}; fetch the adapter again`);
  const { peft_type: type, ...given } = json as Record<string, unknown>;
  if (type !== 'LORA') throw new UnsupportedError(`${where}: expected peft_type LORA, got ${JSON.stringify(type)?.slice(0, 40)}; other adapters are not read`);
  const others = Object.entries(given).filter(
    ([key, value]) => !Object.hasOwn(schema.shape, key) && !harmless.has(key) && key !== 'init_lora_weights' && !isNeutral(value),
  );
  // Others change the weights that the adapter stands beside.
  if (!plainStarts.has(given['init_lora_weights'] ?? true)) others.push(['init_lora_weights', given['init_lora_weights']]);
  if (given['bias'] !== undefined && given['bias'] !== null && given['bias'] !== 'none') others.push(['bias', given['bias']]);
  if (others.length > 0) {
    const shown = others.map(([key, value]) => `${key} ${JSON.stringify(value)?.slice(0, 60)}`).join(', ');
    throw new UnsupportedError(`${where}: expected a plain LoRA adapter, got ${shown}; merge it into its model with PEFT (merge_and_unload) and open that`);
  }
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new ConfigError(`${where}: expected the configuration of a LoRA adapter, got ${problems.join('; ')}; fetch the adapter again`);
  }
  const keys = parsed.data;
  // Patterns are a stranger's: they have two seconds for all modules.
  const found = bounded(() => select(keys, modules, where), 2000, where);
  if (found.size === 0)
    throw new ConfigError(
      `${where}: expected target_modules to name linears of the model, got ${JSON.stringify(keys.target_modules).slice(0, 200)}; the model has ${[...new Set(modules.map((name) => name.split('.').at(-1)))].join(', ')}: the adapter belongs to another one`,
    );
  return found;
};

const select = (keys: Keys, modules: readonly string[], where: string): Map<string, ModuleRank> => {
  const isTarget = matcher(keys.target_modules, where, 'target_modules');
  const isExcluded = keys.exclude_modules && keys.exclude_modules.length > 0 ? matcher(keys.exclude_modules, where, 'exclude_modules') : () => false;
  const inLayers = layerFilter(keys, where);
  const rankOf = firstMatch(keys.rank_pattern, where, 'rank_pattern');
  const alphaOf = firstMatch(keys.alpha_pattern, where, 'alpha_pattern');
  const found = new Map<string, ModuleRank>();
  for (const name of modules) {
    if (isExcluded(name) || !isTarget(name) || !inLayers(name)) continue;
    const rank = rankOf(name) ?? keys.r;
    found.set(name, { rank, scale: (alphaOf(name) ?? keys.lora_alpha) / (keys.use_rslora ? Math.sqrt(rank) : rank) });
  }
  return found;
};

/** A list names modules by their last parts; a text is a regular expression for the whole name. */
const matcher = (wanted: string | readonly string[], where: string, key: string): ((name: string) => boolean) => {
  if (typeof wanted !== 'string') return (name) => wanted.some((end) => name === end || name.endsWith(`.${end}`));
  if (wanted.toLowerCase() === 'all-linear') return (name) => name.includes('.'); // the head stands by itself
  const whole = pattern(`^(?:${wanted})$`, where, key);
  return (name) => whole.test(name);
};

/** Layers count only beside a list of targets, as in the reference. */
const layerFilter = ({ target_modules, layers_to_transform: layers, layers_pattern: spelt }: Keys, where: string): ((name: string) => boolean) => {
  const wanted = [layers ?? []].flat();
  if (wanted.length === 0 || typeof target_modules === 'string') return () => true;
  const given = [spelt ?? []].flat();
  const places = (given.length > 0 ? given : ['[^.]*']).map((part) => pattern(`^.*\\.(?:${part})\\.(\\d+)\\.`, where, 'layers_pattern'));
  return (name) => {
    if (!Array.isArray(target_modules) || target_modules.includes(name)) return true;
    const layer = places
      .map((place) => place.exec(name))
      .find((match) => match !== null)
      ?.at(-1);
    return layer !== undefined && wanted.includes(Number(layer));
  };
};

const firstMatch = <T>(patterns: Readonly<Record<string, T>> | null | undefined, where: string, key: string): ((name: string) => T | undefined) => {
  const all = Object.entries(patterns ?? {}).map(([text, value]) => [pattern(`^(?:.*\\.)?(?:${text})$`, where, key), value] as const);
  return (name) => all.find(([test]) => test.test(name))?.[1];
};
