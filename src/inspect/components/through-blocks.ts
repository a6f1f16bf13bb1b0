import { ConfigError } from '../../core/index.ts';
import type { Parts, PartsOutput } from './parts.ts';

/** @throws ConfigError for a text without tokens, or longer than the model's context */
export const checkText = (where: string, { config: { positions } }: Pick<Parts, 'config'>, ids: readonly number[]): void => {
  if (ids.length === 0 || ids.length > positions)
    throw new ConfigError(`${where}: expected a text of 1 to ${positions} tokens, got ${ids.length}; ${ids.length === 0 ? 'write one' : 'shorten it'}`);
};

/** A whole text on its way through the blocks, one after another. */
export async function* throughBlocks(
  parts: Parts,
  ids: readonly number[],
): AsyncGenerator<{ readonly block: number; readonly entering: Float32Array; readonly made: PartsOutput }> {
  const positions = [...ids.keys()];
  let entering = await parts.blocks.embed(ids, positions);
  for (let block = 0; block < parts.config.layers; block++) {
    const made = await parts.block(block, { stream: entering, positions });
    yield { block, entering, made };
    entering = made.stream;
  }
}
