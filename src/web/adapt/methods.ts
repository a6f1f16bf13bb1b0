export interface MethodChoice {
  readonly kind: string;
  readonly name: string;
  /** In a few words: what changes. */
  readonly says: string;
}

/** The usual ones. */
export const usualMethods: readonly MethodChoice[] = [
  { kind: 'loramoe', name: 'LoRAMoE', says: 'A router mixes small experts: some for the task, some for what the model knew.' },
  { kind: 'lora', name: 'LoRA', says: 'One small change beside each weight. It can be merged into the model.' },
  { kind: 'full', name: 'Full fine-tuning', says: 'Changes every weight. Takes the most memory.' },
];
export const otherMethods: readonly MethodChoice[] = [
  { kind: 'dora', name: 'DoRA', says: 'LoRA that learns direction and length apart.' },
  { kind: 'mixlora', name: 'MixLoRA', says: 'Several LoRAs, of which each token takes the best few.' },
  { kind: 'hydralora', name: 'HydraLoRA', says: 'Several LoRAs that share their first half.' },
  { kind: 'ia3', name: '(IA)³', says: 'Scales what passes through: the fewest parameters.' },
  { kind: 'prompt', name: 'Soft prompt', says: 'Learns a few words of its own before each text; no weight changes.' },
  { kind: 'instance-prompt', name: 'Soft prompt made for each text', says: 'A small network makes a few words of its own for each text, of what is asked.' },
  { kind: 'fisher-masked', name: 'Fisher-masked update', says: 'Changes only the weights that matter most to the samples.' },
  { kind: 'retrieved', name: 'Examples in the prompt', says: 'Trains nothing: like samples stand before each question. Shows whether training is worth it.' },
];
export const methodName = (kind: string): string =>
  [...usualMethods, ...otherMethods, { kind: 'arrow', name: 'Mixture of runs' }].find((method) => method.kind === kind)?.name ?? kind;
/** Whether anything is learnt: else there is neither size nor origin, and no model of its own to talk with. */
export const learns = (kind: string): boolean => kind !== 'retrieved';
/** Those made of several experts. */
export const mixtures: ReadonlySet<string> = new Set(['loramoe', 'mixlora', 'hydralora']);
/** Those with a rank. */
export const ranked: ReadonlySet<string> = new Set(['loramoe', 'lora', 'dora', 'mixlora', 'hydralora']);

export const sizes = [
  { size: 'small', says: 'rows of 256 tokens, 2 passes' },
  { size: 'medium', says: 'rows of 512 tokens, 3 passes' },
  { size: 'large', says: 'rows of 1024 tokens, 3 passes' },
] as const;
export type Size = (typeof sizes)[number]['size'];
