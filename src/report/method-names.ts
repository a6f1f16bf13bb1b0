import { retrievedKind } from './adapt-result.ts';

const names: Readonly<Record<string, string>> = {
  loramoe: 'LoRAMoE',
  lora: 'LoRA',
  rslora: 'rsLoRA',
  dora: 'DoRA',
  mixlora: 'MixLoRA',
  hydralora: 'HydraLoRA',
  arrow: 'Arrow',
  ia3: '(IA)³',
  prompt: 'soft prompt',
  'instance-prompt': 'soft prompt made for each text',
  full: 'full fine-tuning',
  'fisher-masked': 'Fisher-masked update',
  [retrievedKind]: 'no training: retrieved examples in the prompt',
};

/** How people call a method; a kind that is not known here is its own name. */
export const methodName = (kind: string): string => (Object.hasOwn(names, kind) ? names[kind]! : kind);
