import { ConfigError, leavesOf, type Node, type Program, show } from '../../core/index.ts';
import { editFeeds, editSites, type OpenedEdit, type SiteEdit } from '../../nn/index.ts';
import type { Executable } from '../../runtime/index.ts';

/**
 * What becomes of a model as it is opened: edits of sites, each made at every token; or a function of the model's step that gives one with the same inputs, weights and outputs.
 * Both see the step as it is computed, adapters and quantised weights in it.
 */
export type ModelEdit = readonly SiteEdit[] | ((graph: Program) => Program);

export interface EditedStep {
  readonly program: Program;
  /** Runs the program, with what its edits must be told. */
  feeding(executable: Executable): Executable;
}

/**
 * Puts an edit on a model's step.
 *
 * @throws ConfigError for a graph with other inputs, weights or outputs, and for edits of some places of a text: a step sees a part of it · as `editSites`
 */
export const editedStep = (program: Program, edit: ModelEdit): EditedStep => {
  if (typeof edit === 'function') return { program: sameDoors(program, edit(program)), feeding: (executable) => executable };
  for (const { site, positions, keys, values } of edit) {
    const said = positions ? 'positions' : keys ? 'keys' : values && values.shape.length > 1 ? `values [${values.shape.join(', ')}]` : undefined;
    if (said)
      throw new ConfigError(
        `edit: ${site}: expected what holds for every token, got ${said}; a text is computed part by part: use lyceum/nn for one whole text`,
      );
  }
  const names = Object.keys(program.outputs);
  const { roots, edits } = editSites(Object.values(program.outputs), edit, 'edit');
  return { program: { ...program, outputs: Object.fromEntries(names.map((name, i) => [name, roots[i]!])) }, feeding: (executable) => fed(executable, edits) };
};

const fed = (executable: Executable, edits: readonly OpenedEdit[]): Executable => ({
  ...executable,
  get stats() {
    return executable.stats;
  },
  run: (feeds, options) => {
    const lengths: Record<string, number> = {};
    for (const { name, shape } of executable.inputs)
      for (const [i, axis] of shape.entries()) if (typeof axis === 'string' && feeds[name]) lengths[axis] = feeds[name].shape[i]!;
    return executable.run({ ...feeds, ...editFeeds(edits, lengths) }, options);
  },
  [Symbol.asyncDispose]: () => executable[Symbol.asyncDispose](),
});

/** The edited program, where it asks for and gives what the whole one does. */
const sameDoors = (whole: Program, edited: Program): Program => {
  if (typeof edited?.outputs !== 'object' || edited.outputs === null)
    throw new ConfigError(
      `edit: expected a graph { name, outputs }, got ${edited === null ? 'null' : typeof edited}; return the graph that was given, or one made of it`,
    );
  const compare = (what: string, wanted: ReadonlyMap<string, Node>, got: ReadonlyMap<string, Node>, fewer: boolean): void => {
    const said = (nodes: ReadonlyMap<string, Node>, name: string): string => (nodes.has(name) ? `${name} ${show(nodes.get(name)!)}` : `no ${name}`);
    const odd = [...wanted.keys(), ...got.keys()].find((name) => said(wanted, name) !== said(got, name) && !(fewer && !got.has(name)));
    if (odd !== undefined)
      throw new ConfigError(
        `edit: expected ${said(wanted, odd)} among the graph's ${what}, got ${said(got, odd)}; leave its ${what} as they are, and write what is new as constants`,
      );
  };
  const [outputs, gotOutputs] = [whole, edited].map((one) => new Map(Object.entries(one.outputs))) as [Map<string, Node>, Map<string, Node>];
  compare('outputs', outputs, gotOutputs, false);
  const [leaves, gotLeaves] = [outputs, gotOutputs].map((roots) => leavesOf([...roots.values()])) as [ReturnType<typeof leavesOf>, ReturnType<typeof leavesOf>];
  compare('inputs', leaves.inputs, gotLeaves.inputs, false);
  compare('weights', leaves.parameters, gotLeaves.parameters, true);
  return edited;
};
