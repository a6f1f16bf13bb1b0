export { type GgufFile, openGguf } from './gguf.ts';
export type { GgufNumbers } from './gguf-cursor.ts';
export type { GgufTensor } from './gguf-header.ts';
export type { GgufValue } from './gguf-metadata.ts';
export type { GgufType } from './gguf-types.ts';
export { type QuantisedTensor, readGgufTensor, readQuantisedGguf } from './gguf-values.ts';
export { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from './half.ts';
export { type Llama2cConfig, type Llama2cFile, openLlama2c } from './llama2c.ts';
export type { Llama2cTokenizer } from './llama2c-tokenizer.ts';
export {
  openSafetensors,
  type ReadOptions,
  readAsFloat32,
  requireFinite,
  type SafetensorsFile,
  type StoredDtype,
  type TensorData,
  type TensorInfo,
  type Values,
} from './safetensors.ts';
export { type Json, type JsonLimits, type JsonObject, parseStrictJson } from './strict-json.ts';
export { openTokenizer, type Pieces, type Tokenizer } from './tokenizer.ts';
export { writeWhole } from './whole-file.ts';
export { writeSafetensors } from './write-safetensors.ts';
