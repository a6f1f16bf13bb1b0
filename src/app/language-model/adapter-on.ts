import type { OpenedAdapter } from '../../adapt/index.ts';
import { UnsupportedError } from '../../core/index.ts';
import { type CausalSource, mergedSource } from '../../models/index.ts';
import type { ResolvedModel } from '../models/resolve-model.ts';
import { weightsSha256 } from '../models/show-model.ts';

/** Opens an adapter for a model: what `lyceum adapt` wrote, or a LoRA of PEFT's. @throws as `openAdapted` */
export const adapterOn = async (folder: string, source: CausalSource, model: ResolvedModel): Promise<OpenedAdapter> => {
  const { openAdapted } = await import('../../adapt/index.ts'); // most models are opened without
  return openAdapted(folder, source, { baseSha256: () => weightsSha256(model) });
};

/** The weights that an adapter is used with, and what of it stands beside them. @throws UnsupportedError for an adapter that must be told more than the text */
export const besideWeights = (
  source: CausalSource,
  adapter: OpenedAdapter | undefined,
): { readonly source: CausalSource; readonly beside: OpenedAdapter | undefined } => {
  if (adapter && adapter.inputs.length > 0)
    throw new UnsupportedError(
      `adapter ${adapter.folder}: expected one that needs nothing but the text, got one that is fed ${adapter.inputs.join(', ')} for every text; use it from TypeScript`,
    );
  return adapter?.inWeights ? { source: mergedSource(source, adapter), beside: undefined } : { source, beside: adapter };
};
