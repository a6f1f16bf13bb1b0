// npm run -s bench -- NAME [--json] [--threads N] [--runs N]
import { parseArgs } from 'node:util';
import { type Bench, documentOf, lineOf } from './harness.ts';
import { log } from './reader/row.ts';

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  matmul: async () => (await import('./matmul.ts')).matmulBench,
  read: async () => (await import('./read.ts')).readBench,
  'train-reader': async () => (await import('./train-reader.ts')).trainReader,
  'train-lora': async () => (await import('./adapt/train-adapter.ts')).trainLora,
  'train-loramoe': async () => (await import('./adapt/train-adapter.ts')).trainLoramoe,
  'decode-adapter': async () => (await import('./adapt/decode-adapter.ts')).decodeAdapter,
  prefill: async () => (await import('./language/language.ts')).prefill,
  decode: async () => (await import('./language/language.ts')).decode,
  load: async () => (await import('./load/load.ts')).load,
  serve: async () => (await import('./serve/serve.ts')).serve,
  grammar: async () => (await import('./grammar/grammar.ts')).grammar,
  sweep: async () => (await import('./inspect/sweep.ts')).sweepBench,
  guard: async () => (await import('./guard/guard.ts')).guardBench,
  store: async () => (await import('./store-rows.ts')).storeRows,
  page: async () => (await import('./page.ts')).pageBench,
  'quality/perplexity': async () => (await import('./quality/perplexity.ts')).perplexity,
  'quality/adapt': async () => (await import('./quality/adapt.ts')).adaptBench,
  'quality/forgetting': async () => (await import('./quality/forgetting/forgetting.ts')).forgetting,
  'quality/orion': async () => (await import('./quality/orion.ts')).orion,
  'quality/guard': async () => (await import('./quality/guard/guard.ts')).guardQuality,
  'quality/multi-task': async () => (await import('./quality/multi-task.ts')).multiTask,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, threads: { type: 'string', default: '2' }, runs: { type: 'string' } },
});
const [name = ''] = positionals;
const open = benches[name];
const threads = Number(values.threads);
const runs = values.runs === undefined ? undefined : Number(values.runs);
const whole = (n: number): boolean => Number.isInteger(n) && n > 0;
if (!open || !whole(threads) || (runs !== undefined && !whole(runs))) {
  log(
    `bench: expected one of ${Object.keys(benches).join(', ')} (and whole numbers for --threads and --runs), got ${process.argv.slice(2).join(' ') || 'nothing'}`,
  );
  process.exitCode = 2;
} else {
  const rows = await (await open())({ threads, ...(runs === undefined ? {} : { runs }) });
  const document = documentOf(name, rows, threads);
  const { cpu, instructionSet } = document.machine as { cpu: string; instructionSet: string };
  if (!values.json) {
    console.log(`${name} · ${cpu}, ${instructionSet}, ${threads} threads · commit ${document.commit}`);
    for (const row of rows) console.log(lineOf(row));
  }
  console.log(JSON.stringify(document));
}
