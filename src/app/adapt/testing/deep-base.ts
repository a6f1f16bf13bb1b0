import type { BaseModel } from '../../../adapt/index.ts';
import { tinyBase } from '../../../adapt/testing/tiny-base.ts';
import { elements, nameOf } from '../../../core/index.ts';
import { type CausalSource, causalMember } from '../../../models/index.ts';
import { causalInputs } from '../../../nn/index.ts';
import { tinyConfig } from '../../testing/tiny-language-model.ts';

/** A model of many blocks whose weights nobody looks at: to plan steps of. */
export const deepBase = async (layers: number): Promise<BaseModel> => {
  const member = causalMember({ ...tinyConfig, num_hidden_layers: layers });
  const { parameters } = member.build(causalInputs(member.config));
  const sizes = new Map(parameters.map((node) => [nameOf(node), elements(node.shape as number[])]));
  return tinyBase({ member, parameters, values: async (name: string) => new Float32Array(sizes.get(name)!) } as unknown as CausalSource);
};
