// A tiny model of random weights, open to be trained on: as floats, which are constants of the program.
import { elements, nameOf } from '../../core/index.ts';
import type { CausalSource } from '../../models/index.ts';
import type { Binding } from '../../runtime/index.ts';
import type { BaseModel } from '../base-model.ts';
import type { TokenText } from '../data/index.ts';
import { chatTemplate, tinyTokenizer } from '../data/testing/tiny-tokenizer.ts';

/** @param change  of a parameter's values, to make a model that is ill */
export const tinyBase = async (
  source: CausalSource,
  change: (name: string, values: Float32Array) => Float32Array = (_, values) => values,
): Promise<BaseModel> => ({
  name: 'tiny',
  sha256: 'a'.repeat(64),
  source,
  tokenizer: await tinyTokenizer(),
  chatTemplate,
  hold: (program, _, trained) => ({
    program,
    async bindings() {
      const found = new Map<string, Binding>();
      for (const node of source.parameters) {
        const [name, shape] = [nameOf(node), node.shape as readonly number[]];
        if (trained.has(name)) continue;
        const data = change(name, await source.values(name));
        if (data.length !== elements(shape)) throw new Error(`internal: ${name} has ${data.length} values`);
        found.set(name, { kind: 'constant', value: { dtype: 'float32', shape, data } });
      }
      return found;
    },
  }),
});

/** Texts of ids below `vocab`, some kinds of them; of each the second half is learnt. */
export const tinyTexts = (count: number, vocab: number): TokenText[] =>
  Array.from({ length: count }, (_, n) => {
    const length = 8 + ((n * 5) % 9);
    const ids = Array.from({ length }, (_, i) => (3 * n + i * (1 + (n % 3))) % vocab);
    return { id: `text ${n}`, kind: n % 2, ids, answer: ids.map((_, i) => i > 0 && i >= length / 2) };
  });
