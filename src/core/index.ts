// The compute graph: nodes and shapes (node, axis, leaf), what every op knows of itself (ops/), graphs made of graphs (grad, recompute, edit, fuse), and
// what reads them (evaluate, verify, print, hash, schedule). No memory is owned here and nothing is run but the reference evaluator.
export * from './axis.ts';
export * from './edit.ts';
export * from './errors.ts';
export * from './evaluate.ts';
export * from './fuse.ts';
export * from './grad.ts';
export * from './hash.ts';
export * from './leaf.ts';
export * from './node.ts';
export * from './ops/affine.ts';
export * from './ops/compare.ts';
export * from './ops/gather.ts';
export * from './ops/gather-sum.ts';
export * from './ops/layer-norm.ts';
export * from './ops/matmul.ts';
export * from './ops/move.ts';
export * from './ops/pointwise.ts';
export * from './ops/random.ts';
export * from './ops/reduce.ts';
export * from './ops/softmax.ts';
export { print } from './print.ts';
export * from './program.ts';
export * from './recompute.ts';
export * from './schedule.ts';
export { broadcastShapes, elements, isFloat, show, stridesOf } from './strided.ts';
export * from './verify.ts';
