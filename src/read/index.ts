export * from './loaders/index.ts';
export * from './text/index.ts';
