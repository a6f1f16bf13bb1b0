import { causalFixture } from '../../models/testing/causal-fixture.ts';
import { type Binding, type Engine, tensorOf } from '../../runtime/index.ts';
import { type InspectedModel, inspectedProgram, openBlockwise } from '../blockwise.ts';

/** A tiny model of random weights, whole and block by block. @param name  as `causalFixture` */
export const openFixture = async (engine: Engine, name: string) => {
  const { member, weights } = await causalFixture(name);
  const model: InspectedModel = { name, config: member.config, build: member.build };
  const bindings = new Map(
    [...weights].map(([key, { shape, data }]): [string, Binding] => [key, { kind: 'constant', value: tensorOf('float32', shape as readonly number[], data) }]),
  );
  return { member, weights, blockwise: openBlockwise(engine, model, inspectedProgram(model), bindings) };
};

export type OpenedFixture = Awaited<ReturnType<typeof openFixture>>;
