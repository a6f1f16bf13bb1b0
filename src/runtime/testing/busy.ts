// A program that opens an engine process and lets it compute: prints the engine's process id, then `done` when the run ends. Argument: number of products.
import { constant, input, matmul, mul, type Node } from '../../core/index.ts';
import { openEngine, tensorOf } from '../index.ts';

process.on('SIGINT', () => console.log('interrupted'));
const x = input('x', [512, 512]);
let y: Node = x;
for (let i = 0; i < Number(process.argv[2]); i++) y = mul(matmul(y, x), constant(1e-3));
await using engine = await openEngine({ process: true, threads: 1 });
await using work = await engine.compile({ name: 'busy', outputs: { y } }, new Map());
console.log(engine.info.pid);
await work.run({ x: tensorOf('float32', [512, 512], new Float32Array(512 * 512)) });
console.log('done');
