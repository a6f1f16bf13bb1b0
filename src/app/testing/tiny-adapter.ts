import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, readAsFloat32, type TensorData, writeSafetensors } from '../../formats/index.ts';
import { uniformAt } from '../../generate/random.ts';
import { mergeLowRank } from '../../nn/index.ts';
import { tinyConfig } from './tiny-language-model.ts';

const rank = 2;
const alpha = 3;
const targets = ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.up_proj'];

/** Writes a LoRA adapter of random weights for the tiny model, as PEFT has it. @returns the folder */
export const writeTinyAdapter = async (folder: string): Promise<string> => {
  await mkdir(folder, { recursive: true });
  const { hidden_size: hidden, intermediate_size: ffn } = tinyConfig;
  const outOf: Record<string, number> = { 'self_attn.q_proj': hidden, 'self_attn.v_proj': hidden / 2, 'mlp.up_proj': ffn };
  const tensors = new Map<string, TensorData>();
  for (let layer = 0; layer < tinyConfig.num_hidden_layers; layer++)
    for (const [k, target] of targets.entries())
      for (const [part, shape] of [
        ['A', [rank, hidden]],
        ['B', [outOf[target]!, rank]],
      ] as const) {
        const data = Float32Array.from(
          { length: shape[0]! * shape[1]! },
          (_, i) => 1.5 * (uniformAt(1000 + 10 * layer + 2 * k + (part === 'A' ? 0 : 1), i) - 0.5),
        );
        tensors.set(`base_model.model.model.layers.${layer}.${target}.lora_${part}.weight`, { dtype: 'float32', shape, data });
      }
  await writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  await writeFile(
    join(folder, 'adapter_config.json'),
    JSON.stringify({ peft_type: 'LORA', task_type: 'CAUSAL_LM', r: rank, lora_alpha: alpha, target_modules: targets.map((name) => name.split('.')[1]) }),
  );
  return folder;
};

/** Puts an adapter of `writeTinyAdapter` into the weights of a tiny model's folder. */
export const mergeTinyAdapter = async (folder: string, adapter: string): Promise<void> => {
  const path = join(folder, 'model.safetensors');
  const [file, branches] = [await openSafetensors(path), await openSafetensors(join(adapter, 'adapter_model.safetensors'))];
  const merged = new Map<string, TensorData>();
  for (const name of file.tensors.keys()) {
    const whole = await readAsFloat32(file, name);
    const branch = `base_model.model.${name.replace(/\.weight$/, '')}`;
    const has = branches.tensors.has(`${branch}.lora_A.weight`);
    const part = async (letter: string) => (await readAsFloat32(branches, `${branch}.lora_${letter}.weight`)).data;
    merged.set(name, has ? { ...whole, data: mergeLowRank(whole.data, await part('A'), await part('B'), { rank, alpha }) } : whole);
  }
  await writeSafetensors(path, merged);
};
