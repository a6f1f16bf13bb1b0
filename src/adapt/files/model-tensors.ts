import { elements, type Node, nameOf } from '../../core/index.ts';
import { arrange, type CausalSource, putBack } from '../../models/index.ts';
import type { TensorPart, TensorPlace } from './tensor-part.ts';

/** New values of a model's own parameters, in the tensors that the reference implementation has: one that holds others too holds those as they were. */
export const modelTensors = (source: CausalSource, parameters: readonly Node[]): TensorPlace[] => {
  const { hub } = source.member;
  const changed = new Set(parameters.map(nameOf));
  const byTensor = Map.groupBy(source.parameters, (node) => hub.names.get(nameOf(node))![0]!);
  return [...byTensor].flatMap(([tensor, all]): TensorPlace[] => {
    const own = all.filter((node) => changed.has(nameOf(node)));
    if (own.length === 0) return [];
    const shape = hub.arranged.get(nameOf(own[0]!))?.stored ?? (own[0]!.shape as readonly number[]);
    const partOf = (node: Node) => modelPart(source, node, shape.length === 1 ? hub.normShift : 0);
    return [
      {
        name: `base_model.model.${tensor}`,
        shape,
        parts: own.map(partOf),
        async rest() {
          const whole = new Float32Array(elements(shape));
          for (const node of all) if (!changed.has(nameOf(node))) partOf(node).put(await source.values(nameOf(node)), whole);
          return whole;
        },
      },
    ];
  });
};

/** @param shift  what the stored values are above ours */
const modelPart = (source: CausalSource, node: Node, shift: number): TensorPart => {
  const how = source.member.hub.arranged.get(nameOf(node));
  const shifted = (values: Float32Array, by: number): Float32Array => (by === 0 ? values : values.map((value) => value + by));
  return {
    parameter: nameOf(node),
    shape: node.shape as readonly number[],
    put: (values, whole) => (how ? putBack(shifted(values, shift), how, whole) : whole.set(shifted(values, shift))),
    take: (whole) => shifted(how ? arrange(whole, how) : whole.slice(), -shift),
  };
};
