// Which heads does an answer rest on? Each is taken away in turn, by one compiled program; and estimated, all at once, from one gradient.
import { argmax, input, logSoftmax, takeAlong } from '../src/core/index.ts';
import { openBase } from '../src/index.ts';
import { attributionPatch } from '../src/inspect/index.ts';
import { ablate, blockSite, causalInputs, editFeeds } from '../src/nn/index.ts';
import { openEngine, tensorOf } from '../src/runtime/index.ts';

export interface HeadEffect {
  readonly block: number;
  readonly head: number;
  /** What the log-probability of the answer loses without the head, in nats: measured, and to first order. */
  readonly lost: number;
  readonly estimated: number;
}

export async function headsBehind(name: string, text: string): Promise<{ answer: string; heads: HeadEffect[] }> {
  const base = await openBase(name, { threads: 2 });
  const { member } = base.source;
  const sites = Array.from({ length: member.config.layers }, (_, block) => blockSite(block, 'attn.z'));
  const { logits } = member.build(causalInputs(member.config, { batch: 1, mask: false, rows: true })); // [rows, vocab]
  const logprob = takeAlong(logSoftmax(logits), input('answer', ['rows', 1], 'int64'), -1);
  const { roots, edits } = ablate([logprob], sites);
  const { effects, inputs } = attributionPatch(logprob, sites);

  await using engine = await openEngine({ threads: 2 });
  await using programs = new AsyncDisposableStack();
  const compile = async (what: string, outputs: Parameters<typeof base.hold>[0]['outputs']) => {
    const held = base.hold({ name: what, outputs }, 'f32', new Set());
    return programs.use(await engine.compile(held.program, await held.bindings()));
  };
  const ids = base.tokenizer.encode(text);
  const seq = ids.length;
  const int64 = (shape: number[], values: readonly number[]) => tensorOf('int64', shape, values);
  const feeds = { ids: int64([1, seq], ids), positions: int64([1, seq], [...ids.keys()]), rows: int64([1], [seq - 1]) };
  const { best } = await (await compile('likeliest', { best: argmax(logits, -1) })).run(feeds);
  const [id] = [...best!.data].map(Number) as [number];
  const asked = { ...feeds, answer: int64([1, 1], [id]) };

  const exact = await compile('without heads', { logprob: roots[0]! });
  const logprobWithout = async (block: number, head: number): Promise<number> => {
    const choices = sites.map((_, i) => (i === block ? { heads: [head] } : null)); // null: left out of this run
    const found = await exact.run({ ...asked, ...editFeeds(edits, { batch: 1, seq, rows: 1 }, choices) });
    return Number(found['logprob']!.data[0]);
  };
  const { heads, headDim } = member.config;
  const zeros = Object.fromEntries(
    [...inputs.values()].map((at) => [at, tensorOf('float32', [1, seq, heads * headDim], Array(seq * heads * headDim).fill(0))]),
  );
  const estimates = await (await compile('attribution', effects)).run({ ...asked, ...zeros });

  const whole = await logprobWithout(-1, 0);
  const found: HeadEffect[] = [];
  for (const [block, site] of sites.entries())
    for (let head = 0; head < heads; head++) {
      const places = Array.from(estimates[site]!.data, Number).slice(head * seq, (head + 1) * seq); // of [1, heads, seq]
      found.push({ block, head, lost: whole - (await logprobWithout(block, head)), estimated: -places.reduce((a, b) => a + b, 0) });
    }
  return { answer: base.tokenizer.decode([id]), heads: found };
}

if (import.meta.main) {
  const { answer, heads } = await headsBehind(process.argv[2] ?? 'smollm2-135m-instruct', process.argv[3] ?? 'The capital of France is');
  console.log(answer);
  console.table(heads.sort((a, b) => b.lost - a.lost).slice(0, 10));
}
