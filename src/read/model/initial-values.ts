import { type Node, nameOf } from '../../core/index.ts';
import type { TensorData } from '../../runtime/index.ts';
import { hashOf, hashOfName, uniformOf } from '../../train/index.ts';

/** Score that the labels of entities and relations begin with: nearly every span and pair is null, so null begins as the likely answer. */
const nullPrior = -3;

const embeddings = /\.(width|distance|match)\.weight$/;
const priors = new Set(['spans.entity.out.bias', 'relations.out.bias']);
// Parameters that are one layer in several pieces share the fan-in of the whole.
const layerOf = (name: string): string =>
  name.replace(/^spans\.(start|end|head|up)\./, 'spans.up.').replace(/^(relations|coreference)\.(by\w+|up)\./, '$1.up.');

/**
 * First values of a reader's heads, drawn by counter hash from (seed, name, position): weights uniform within ± 1/√(inputs of the layer), embeddings normal, biases 0.
 *
 * @param parameters  those that are not the encoder's
 */
export const initialValues = (parameters: readonly Node[], seed: number): Record<string, TensorData> => {
  const inputs = new Map<string, number>();
  for (const node of parameters) {
    const name = nameOf(node);
    if (embeddings.test(name) || node.shape.length < 2) continue;
    const layer = layerOf(name);
    inputs.set(layer, (inputs.get(layer) ?? 0) + (node.shape[1] as number));
  }
  return Object.fromEntries(
    parameters.map((node) => {
      const name = nameOf(node);
      const shape = node.shape as readonly number[];
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      const stream = hashOf(seed, hashOfName(name));
      if (embeddings.test(name)) for (let i = 0; i < data.length; i++) data[i] = normal(stream, i);
      else if (shape.length >= 2) {
        const bound = 1 / Math.sqrt(inputs.get(layerOf(name))!);
        for (let i = 0; i < data.length; i++) data[i] = (2 * uniformOf(stream, i) - 1) * bound;
      } else if (priors.has(name)) data.fill(nullPrior);
      return [name, { dtype: 'float32', shape, data } satisfies TensorData];
    }),
  );
};

const normal = (stream: number, i: number): number =>
  Math.sqrt(-2 * Math.log(1 - uniformOf(stream, 2 * i))) * Math.cos(2 * Math.PI * uniformOf(stream, 2 * i + 1));
