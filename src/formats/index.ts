export { type ArchiveLimits, openArchive } from './archive/archive.ts';
export type { Archive, ArchiveEntry } from './archive/archive-contents.ts';
export { bounded } from './bounded.ts';
export { type ChatInput, type ChatMessage, renderChat } from './chat-template/chat-template.ts';
export { DownloadError, type DownloadOptions, download, fetchText } from './download.ts';
export { gitIdOfFile, sha256OfFile } from './file-hash.ts';
export { type GgufFile, openGguf } from './gguf/gguf.ts';
export type { GgufNumbers } from './gguf/gguf-cursor.ts';
export type { GgufTensor } from './gguf/gguf-header.ts';
export type { GgufValue } from './gguf/gguf-metadata.ts';
export type { GgufType } from './gguf/gguf-types.ts';
export { type QuantisedTensor, readGgufTensor, readQuantisedGguf } from './gguf/gguf-values.ts';
export { type GgufEntry, type GgufWritten, ggufQ8, writeGguf } from './gguf/write-gguf.ts';
export { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from './half.ts';
export { type Llama2cConfig, type Llama2cFile, openLlama2c } from './llama2c/llama2c.ts';
export type { Llama2cTokenizer } from './llama2c/llama2c-tokenizer.ts';
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
export { ggufTokenizerOf, ggufTokenizerOfPieces, tokenizerJsonOf } from './tokenizer/convert-tokenizer.ts';
export { openTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
export type { CausalTokenizer, DecodeOptions, EncodeOptions } from './tokenizer/tokenizer-causal.ts';
export type { TextStream } from './tokenizer/tokenizer-decoder.ts';
export { unnamedIds } from './tokenizer/tokenizer-fit.ts';
export { tokenizerFromGguf } from './tokenizer/tokenizer-gguf.ts';
export type { Pieces } from './tokenizer/tokenizer-ids.ts';
export { type CausalOptions, openCausalTokenizer } from './tokenizer/tokenizer-json.ts';
export { tokenizerFromPieces } from './tokenizer/tokenizer-pieces.ts';
export { syncFolder, writeWhole } from './whole-file.ts';
export { type LateTensor, writeSafetensors, writeSafetensorsLate } from './write-safetensors.ts';
