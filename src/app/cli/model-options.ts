// Options that several verbs have in common.

const named = 'a GGUF file, a Hugging Face folder, or a name that `lyceum models list` prints';

export const modelOption = ['--model <model>', named] as const;
export const modelOrUsualOption = ['--model <model>', `${named} (default: that of the adapter, else smollm2-135m-instruct)`] as const;
export const adapterOption = ['--adapter <folder>', 'an adapter put on the model: a folder of `lyceum adapt`, or a LoRA of PEFT’s'] as const;
