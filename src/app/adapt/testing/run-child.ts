// Adapts a tiny model in a process of its own that a test may kill: node run-child.ts MODEL DATA FOLDER [RUN IT STARTS FROM]
import { adaptModel } from '../adapt-model.ts';

const [model = '', data = '', output = '', from] = process.argv.slice(2);
await adaptModel({
  model,
  data,
  output,
  ...(from !== undefined && { from }),
  runsDir: output,
  threads: 2,
  length: 64,
  rows: 2,
  epochs: 3,
  learningRate: 0.01,
  options: { dropout: 0.1 },
  checkpointSteps: 3,
  onProgress: ({ stage, done }) => process.stdout.write(`${stage} ${done}\n`),
});
