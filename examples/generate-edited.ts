// A language model that is opened edited: a head taken away by its name, a site scaled by a function of the graph. All that is asked of it is answered so.
import { edit, mul, named, type Program } from '../src/core/index.ts';
import { loadModel, type ModelEdit } from '../src/index.ts';

export const withoutHead: ModelEdit = [{ site: 'blocks.1.attn.z', action: 'zero', heads: [2] }];

/** The same graph, but for what a site computes: that times a factor. */
export const scaled =
  (site: string, factor: number): ModelEdit =>
  (graph: Program) => {
    const roots = edit(Object.values(graph.outputs), (node) => {
      if (node.site !== site) return node;
      const { site: _, ...before } = node; // the name goes to what stands in its place
      return named(site, mul(before, factor));
    });
    return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, roots[i]!])) };
  };

export async function continuations(name: string, prompt: string, edits: readonly ModelEdit[]): Promise<string[]> {
  const texts: string[] = [];
  for (const one of edits) {
    await using model = await loadModel(name, { edit: one });
    texts.push((await model.generate({ prompt, maxTokens: 16 })).text);
  }
  return texts;
}

if (import.meta.main) {
  const [name = 'smollm2-135m-instruct', prompt = 'The capital of France is'] = process.argv.slice(2);
  console.log(await continuations(name, prompt, [[], withoutHead, scaled('blocks.1.mlp.down', 3)]));
}
