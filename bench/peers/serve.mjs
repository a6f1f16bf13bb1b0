// A small server around node-llama-cpp's batching context, which computes what several sequences ask together: POST /v1/completions, streamed as OpenAI's. node serve.mjs FILE SLOTS THREADS
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { getLlama } from 'node-llama-cpp';

const [file, slots, threads] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: Number(threads), logLevel: 'error' });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: 1024, sequences: Number(slots), threads: Number(threads), batchSize: 512 });
const free = Array.from({ length: Number(slots) }, () => context.getSequence());
const waiting = [];

const take = () => (free.length > 0 ? free.pop() : new Promise((resolve) => waiting.push(resolve)));
const give = (sequence) => (waiting.length > 0 ? waiting.shift()(sequence) : free.push(sequence));

const server = createServer(async (request, response) => {
  const { prompt, max_tokens: most } = await json(request);
  const sequence = await take();
  try {
    await sequence.clearHistory();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (data) => response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    const tokens = model.tokenize(prompt);
    let count = 0;
    for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
      if (model.isEogToken(token)) break;
      send({ choices: [{ index: 0, text: model.detokenize([token]), finish_reason: null }] });
      if (++count === most) break;
    }
    send({ choices: [], usage: { prompt_tokens: tokens.length, completion_tokens: count } });
    send('[DONE]');
    response.end();
  } finally {
    give(sequence);
  }
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
