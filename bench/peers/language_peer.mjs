// node-llama-cpp as a process: a JSON request a line on stdin, a JSON answer a line on stdout, as bench/language/language-worker.ts.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { getLlama, LlamaGrammarEvaluationState } from 'node-llama-cpp';

const { version } = JSON.parse(readFileSync(new URL('./node_modules/node-llama-cpp/package.json', import.meta.url), 'utf8'));
let model;
let sequences;
async function answer({ texts, tokens: most, schema }) {
  const firsts = new Set();
  const begin = performance.now();
  let [start, counted] = [0, 0];
  const grammar = schema && (await model.llama.createGrammarForJsonSchema(schema));
  const ids = await Promise.all(
    texts.map(async (text, i) => {
      const sequence = sequences[i];
      await sequence.clearHistory();
      const own = [];
      const bound = grammar && { grammarEvaluationState: new LlamaGrammarEvaluationState({ model, grammar }) };
      for await (const token of sequence.evaluate(model.tokenize(text), { temperature: 0, yieldEogToken: true, ...bound })) {
        if (start > 0) counted++;
        firsts.add(i);
        if (firsts.size === texts.length && start === 0) start = performance.now();
        if (model.isEogToken(token)) break;
        own.push(token);
        if (own.length === most[i]) break;
      }
      return own;
    }),
  );
  const end = performance.now();
  return {
    seconds: (end - start) / 1000,
    tokens: counted,
    wholeSeconds: (end - begin) / 1000,
    counts: ids.map((own) => own.length),
    ids,
    texts: ids.map((own) => model.detokenize(own)),
  };
}
const verbs = {
  async open({ file, threads }) {
    const start = performance.now();
    const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' });
    model = await llama.loadModel({ modelPath: file });
    const context = await model.createContext({ contextSize: 1024, sequences: 8, threads, batchSize: 512 });
    sequences = Array.from({ length: 8 }, () => context.getSequence());
    return { version, seconds: (performance.now() - start) / 1000 };
  },
  async prefill({ text }) {
    const [sequence] = sequences;
    await sequence.clearHistory();
    const tokens = model.tokenize(text);
    const start = performance.now();
    for await (const _ of sequence.evaluate(tokens, { temperature: 0 })) break;
    return { seconds: (performance.now() - start) / 1000, tokens: tokens.length };
  },
  decode: ({ texts, tokens }) => answer({ texts, tokens: texts.map(() => tokens) }),
  answer,
  async perplexity({ text }) {
    const [sequence] = sequences;
    await sequence.clearHistory();
    const tokens = model.tokenize(text);
    const all = { probabilities: true, options: { temperature: 1, topK: 0, topP: 1, minP: 0 } };
    const told = await sequence.controlledEvaluate(tokens.map((token, i) => (i < tokens.length - 1 ? [token, { generateNext: all }] : token)));
    const scored = tokens.slice(1).map((token, i) => Math.log(told[i].next.probabilities.get(token)));
    return { perplexity: Math.exp(-scored.reduce((a, b) => a + b, 0) / scored.length), tokens: scored.length };
  },
  memory: () => ({ peakBytes: process.resourceUsage().maxRSS * 1024 }),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { do: verb, ...request } = JSON.parse(line);
  const answer = await Promise.resolve()
    .then(() => verbs[verb](request))
    .catch((error) => ({ error: String(error?.stack ?? error) }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
