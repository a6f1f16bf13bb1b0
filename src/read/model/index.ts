export { type Encoder, encoderFolder, openEncoder } from './encoder.ts';
export { type EntityType, entityTypes, type RelationType, relationTypes } from './labels.ts';
export { describeReader, openReader, type Reader, type ReaderChoice, type ReaderWeights } from './open-reader.ts';
export { priceOfTraining, type TrainingPrice } from './price.ts';
export { type Preset, presets, type ReaderConfig } from './reader-config.ts';
export { shippedReaders } from './reader-folder.ts';
export { finishReader, type TrainReaderOptions, type TrainReaderResult, trainReader } from './train-reader.ts';
export { type Task, type TrainingConfig, type TrainingInput, tasks, trainingConfig } from './training-config.ts';
