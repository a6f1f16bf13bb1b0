export { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from './half.ts';
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
