// One file a method; here they are found by name.
import { ConfigError } from '../../core/index.ts';
import type { Method } from '../method.ts';
import { type ArrowOptions, arrow } from './arrow.ts';
import { type DoraOptions, dora } from './dora.ts';
import { type FisherMaskedOptions, fisherMasked } from './fisher-masked.ts';
import { type FullOptions, full } from './full.ts';
import { type HydraLoraOptions, hydralora } from './hydralora.ts';
import { type Ia3Options, ia3 } from './ia3.ts';
import { type InstancePromptOptions, instancePrompt } from './instance-prompt.ts';
import { type LocalisedOptions, localised } from './localised.ts';
import { type LoraOptions, lora } from './lora.ts';
import { type LoraMoeOptions, loramoe } from './loramoe.ts';
import { type MixLoraOptions, mixlora } from './mixlora.ts';
import { type PromptOptions, prompt } from './prompt.ts';

export { type ArrowOptions, arrow, arrowOf, type FinishedAdapter } from './arrow.ts';
export { type DoraOptions, dora } from './dora.ts';
export { addFisher, type Fisher, fisherEntries } from './fisher-entries.ts';
export { type FisherMaskedOptions, fisherMasked } from './fisher-masked.ts';
export { type FullOptions, full } from './full.ts';
export { type HydraLoraOptions, hydralora } from './hydralora.ts';
export { type Ia3Options, ia3 } from './ia3.ts';
export { type InstancePromptOptions, instancePrompt } from './instance-prompt.ts';
export { type LocalisedOptions, localised } from './localised.ts';
export { type LoraOptions, lora } from './lora.ts';
export { type LoraMoeOptions, loramoe } from './loramoe.ts';
export { type MixLoraOptions, mixlora } from './mixlora.ts';
export { placesText } from './places-text.ts';
export { type PromptOptions, prompt } from './prompt.ts';

// Each checks its options itself.
const makers: Readonly<Record<string, (options: never) => Method>> = {
  arrow: (options: ArrowOptions) => arrow(options),
  dora: (options: DoraOptions) => dora(options),
  'fisher-masked': (options: FisherMaskedOptions) => fisherMasked(options),
  full: (options: FullOptions) => full(options),
  hydralora: (options: HydraLoraOptions) => hydralora(options),
  ia3: (options: Ia3Options) => ia3(options),
  'instance-prompt': (options: InstancePromptOptions) => instancePrompt(options),
  localised: ({ method, of, ...rest }: LocalisedOptions & { readonly method: string; readonly of: unknown }) => localised(methodOf(method, of), rest),
  lora: (options: LoraOptions) => lora(options),
  loramoe: (options: LoraMoeOptions) => loramoe(options),
  mixlora: (options: MixLoraOptions) => mixlora(options),
  prompt: (options: PromptOptions) => prompt(options),
};

/** Kinds of methods there are, sorted. */
export const methodKinds: readonly string[] = Object.keys(makers);

/**
 * A method from its name and options, as a file has them.
 *
 * @throws ConfigError for an unknown kind, naming the known ones, and for options that do not fit
 */
export const methodOf = (kind: string, options: unknown = {}): Method => {
  const make = Object.hasOwn(makers, kind) ? makers[kind] : undefined;
  if (!make) throw new ConfigError(`adapter: expected a kind of ${methodKinds.join(', ')}, got ${JSON.stringify(kind)}; choose one of them`);
  return make(options as never);
};
