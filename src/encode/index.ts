export { type Encoder, type EncoderModel, type EncoderOptions, meanPool, openEncoder } from './encoder.ts';
export { cosine, normalise } from './vectors.ts';
