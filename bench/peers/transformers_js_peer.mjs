// transformers.js as a process: a JSON request a line on stdin, a JSON answer a line on stdout, as bench/language/language-worker.ts.
// It opens an ONNX export of the GGUF file, which export_onnx.py writes once into bench/peers/onnx.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AutoModelForCausalLM, AutoTokenizer, BaseStreamer, env } from '@huggingface/transformers';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
env.allowRemoteModels = false;

/** The export of a GGUF file: made anew when the file, the script or its packages changed. */
async function exportOf(file) {
  const hash = createHash('sha256');
  for (const part of [file, at('export_onnx.py'), at('requirements.txt')]) hash.update(readFileSync(part));
  const folder = join(at('onnx'), `${basename(file, '.gguf')}-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const part = `${folder}.${process.pid}.part`;
  const python = process.env.LYCEUM_PEER_PYTHON ?? at('venv/bin/python');
  try {
    await promisify(execFile)(python, [at('export_onnx.py'), file, part], { env: { ...process.env, HF_HUB_OFFLINE: '1' }, maxBuffer: 2 ** 24 });
    renameSync(part, folder);
  } catch (error) {
    const why = String(error.stderr ?? '').trim().split('\n').at(-1) || error.message;
    throw new Error(`expected an ONNX export of ${file}, got: ${why}`);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

/** Notes when each step of an answer came; the first is the prompt itself. */
class Clock extends BaseStreamer {
  times = [];
  put() {
    this.times.push(performance.now());
  }
  end() {}
}

let tokenizer;
let model;
const read = (texts) => tokenizer(texts, { padding: true, add_special_tokens: false });
const verbs = {
  async open({ file, threads, weights }) {
    const folder = await exportOf(file);
    const start = performance.now();
    tokenizer = await AutoTokenizer.from_pretrained(folder);
    tokenizer.padding_side = 'left';
    const sessions = { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential' };
    model = await AutoModelForCausalLM.from_pretrained(folder, { device: 'cpu', dtype: weights, session_options: sessions });
    return { version: env.version, seconds: (performance.now() - start) / 1000 };
  },
  async prefill({ text }) {
    const inputs = read([text]);
    const start = performance.now();
    await model.generate({ ...inputs, max_new_tokens: 1, do_sample: false });
    return { seconds: (performance.now() - start) / 1000, tokens: inputs.input_ids.dims[1] };
  },
  /** A padded batch, every row as long as asked, whatever ends before. */
  async decode({ texts, tokens }) {
    const inputs = read(texts);
    const clock = new Clock();
    const whole = await model.generate({ ...inputs, max_new_tokens: tokens, do_sample: false, eos_token_id: null, streamer: clock });
    const [, first] = clock.times;
    const ids = whole.tolist().map((row) => row.slice(inputs.input_ids.dims[1]).map(Number));
    return { seconds: (clock.times.at(-1) - first) / 1000, tokens: texts.length * (clock.times.length - 2), ids };
  },
  async perplexity({ text }) {
    const inputs = read([text]);
    const ids = inputs.input_ids.tolist()[0].map(Number);
    const { logits } = await model(inputs);
    const [, , vocab] = logits.dims;
    const scored = ids.slice(1).map((id, i) => {
      const row = logits.data.subarray(i * vocab, (i + 1) * vocab);
      const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      return row[id] - most - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
    });
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
