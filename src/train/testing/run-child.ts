// Trains the tiny run in a process of its own that a test may kill: node run-child.ts FOLDER EPOCHS
import { openEngine } from '../../runtime/index.ts';
import { train } from '../train.ts';
import { tinyRun } from './tiny-run.ts';

const [folder = '', epochs = '1'] = process.argv.slice(2);
await using engine = await openEngine({ threads: 2 });
await train({
  ...tinyRun(engine, folder, { epochs: Number(epochs) }),
  onProgress: ({ step }) => process.stdout.write(`${step}\n`),
});
