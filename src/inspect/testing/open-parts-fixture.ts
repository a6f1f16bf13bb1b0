import { causalFixture } from '../../models/testing/causal-fixture.ts';
import { type Binding, type Engine, tensorOf } from '../../runtime/index.ts';
import { inspectedProgram, openBlockwise } from '../blockwise.ts';
import { type HeadedModel, openParts } from '../components/parts.ts';

/** Every family that there is a tiny model of. */
export const families = ['llama', 'llama3', 'mistral', 'qwen2', 'qwen3', 'gpt2', 'gpt-neox', 'gpt-neox-sequential', 'gemma3'] as const;

/** A tiny model of random weights, with its components to be seen. @param name  as `causalFixture` */
export const openPartsFixture = async (engine: Engine, name: string) => {
  const { member, weights } = await causalFixture(name);
  const model: HeadedModel = { name, config: member.config, build: member.build };
  const bindings = new Map(
    [...weights].map(([key, { shape, data }]): [string, Binding] => [key, { kind: 'constant', value: tensorOf('float32', shape as readonly number[], data) }]),
  );
  const program = inspectedProgram(model);
  await using opened = new AsyncDisposableStack();
  const blocks = opened.use(openBlockwise(engine, model, program, bindings));
  const parts = opened.use(await openParts(engine, model, program, bindings, blocks));
  const held = opened.move();
  return { member, weights, parts, [Symbol.asyncDispose]: () => held.disposeAsync() };
};

export type OpenedParts = Awaited<ReturnType<typeof openPartsFixture>>;
