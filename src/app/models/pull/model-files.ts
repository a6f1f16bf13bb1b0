/** Files beside the weights that belong to a model of the Hugging Face kind. */
const beside = new Set(['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'chat_template.jinja']);

/** Whether a file at the top of a repository belongs to the model: its configuration, its tokenizer, its weights as safetensors. */
export const isModelFile = (name: string): boolean => beside.has(name) || isWeights(name) || name === 'model.safetensors.index.json';

/** `model.safetensors`, a shard of it, or another single file of weights (`model.fp16.safetensors`). */
export const isWeights = (name: string): boolean => /^model(-\d{5}-of-\d{5}|\.[A-Za-z0-9]+)?\.safetensors$/.test(name);
