import { stepProgram } from '../../generate/index.ts';
import { causalSource, openCausalFiles } from '../../models/index.ts';
import type { Device } from '../../runtime/index.ts';
import type { ModelKind } from '../models/model-record.ts';
import { type MeasuredWeights, readMeasured } from './measured-weights.ts';
import { type AutoChoice, autoChoice, type HeldWeights, type WeightMode, withWeights } from './weights.ts';

/** What the modes of weights make of a model. */
export interface WeightModes {
  readonly held: Readonly<Record<WeightMode, readonly HeldWeights[]>>;
  readonly auto: AutoChoice;
  /** Null where nothing was measured with this version on this machine. */
  readonly measured: MeasuredWeights | null;
}

/** How a model's weights are held in each mode, by the edits that prepare them; none is read. @throws as `openLanguageModel` */
export const weightModes = async (kind: ModelKind, path: string, device: Device = 'cpu'): Promise<WeightModes> => {
  const source = await causalSource(await openCausalFiles(kind, path));
  const { config, build } = source.member;
  const step = stepProgram({ name: 'model', config, build });
  const held = (mode: WeightMode) => withWeights(source, step, mode).held;
  const measured = await readMeasured(source.files, device);
  return { held: { f32: held('f32'), int8: held('int8'), int4: held('int4') }, auto: autoChoice(source, measured), measured: measured ?? null };
};
