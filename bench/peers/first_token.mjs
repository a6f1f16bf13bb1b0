// What a user of node-llama-cpp writes for `lyceum complete`: opens a GGUF file and prints a greedy answer as it comes. node first_token.mjs FILE PROMPT TOKENS THREADS
import { getLlama } from 'node-llama-cpp';

const [file, prompt, tokens, threads] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: Number(threads), logLevel: 'error' });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: 1024, sequences: 1, threads: Number(threads) });
let left = Number(tokens);
for await (const token of context.getSequence().evaluate(model.tokenize(prompt), { temperature: 0 })) {
  process.stdout.write(model.detokenize([token]));
  if (--left === 0) break;
}
process.stdout.write('\n');
process.exit(0);
