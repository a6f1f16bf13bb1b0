import type { TensorData } from '../../runtime/index.ts';
import type { VirtualTokens } from './virtual-tokens.ts';

const kept = 256; // instances that no text has now: what a cache holds of them is found again

/**
 * Virtual tokens that are made of what is asked. Everything asked has a number, and its virtual tokens ids of their own, `vocab + count · number + i`: so texts whose virtual tokens differ never share what is cached. A program is told
 * the instances of its texts only, numbered from 0.
 */
export const instanceTokens = ({
  count,
  vocab,
  askedTokens,
}: {
  readonly count: number;
  readonly vocab: number;
  readonly askedTokens: number;
}): VirtualTokens => {
  const numbers = new Map<string, number>(); // least recently used first
  const instances = new Map<number, { readonly asked: readonly number[]; texts: number }>();
  let next = 0;

  const forget = (): void => {
    let left = numbers.size - kept;
    for (const [name, number] of numbers) {
      if (left <= 0) return;
      if (instances.get(number)!.texts > 0) continue;
      numbers.delete(name);
      instances.delete(number);
      left--;
    }
  };

  return {
    count,
    ids: Number.POSITIVE_INFINITY,
    async during(text, work) {
      const asked = text.slice(0, askedTokens);
      const name = asked.join();
      const number = numbers.get(name) ?? next++;
      numbers.delete(name);
      numbers.set(name, number);
      const instance = instances.get(number) ?? { asked, texts: 0 };
      instances.set(number, instance);
      instance.texts++;
      try {
        return await work(Array.from({ length: count }, (_, i) => vocab + count * number + i));
      } finally {
        instance.texts--;
        forget();
      }
    },
    feeding: (executable) => {
      if (!executable.inputs.some(({ name }) => name === 'asked')) return executable;
      const told = (ids: TensorData): Record<string, TensorData> => {
        const data = (ids.data as BigInt64Array).slice();
        const places = new Map<number, number>();
        for (const [at, id] of data.entries()) {
          if (id < vocab) continue;
          const far = Number(id) - vocab;
          const number = Math.floor(far / count);
          const place = places.get(number) ?? places.size;
          places.set(number, place);
          data[at] = BigInt(vocab + place * count + (far % count));
        }
        const asked = places.size > 0 ? [...places.keys()].map((number) => instances.get(number)!.asked) : [[]];
        const words = Math.max(1, ...asked.map(({ length }) => length));
        const filled = new BigInt64Array(asked.length * words).fill(-1n);
        for (const [k, own] of asked.entries()) filled.set(BigInt64Array.from(own, BigInt), k * words);
        return { ids: { ...ids, data }, asked: { dtype: 'int64', shape: [asked.length, words], data: filled } };
      };
      return {
        ...executable,
        get stats() {
          return executable.stats;
        },
        run: (feeds, options) => executable.run({ ...feeds, ...told(feeds['ids']!) }, options),
        [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
      };
    },
  };
};
