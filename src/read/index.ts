export * from './loaders/index.ts';
export * from './model/index.ts';
export * from './text/index.ts';
export { tokensOf, toReading } from './to-reading.ts';
