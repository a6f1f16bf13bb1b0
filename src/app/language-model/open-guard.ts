import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { type GuardSettings, parseGuardSettings, readDetector, type ScreenTools } from '../../guard/index.ts';
import { blockSite } from '../../nn/index.ts';
import type { Engine } from '../../runtime/index.ts';
import { openEmbedder } from '../embed.ts';
import { fileError } from '../file-error.ts';

export const guardFile = 'guard.json';

/** A guard at work beside a model. */
export interface OpenGuard extends AsyncDisposable {
  readonly settings: GuardSettings;
  readonly tools: ScreenTools;
  /** Site of the model whose value at a prompt's last token the guard sees or holds; undefined where it does neither. */
  readonly site: string | undefined;
}

/** Settings of a guard: a folder of `lyceum guard calibrate`, or the settings themselves. @throws NotFoundError, FormatError */
export const readGuardSettings = async (guard: string | GuardSettings): Promise<GuardSettings> => {
  if (typeof guard !== 'string') return guard;
  const path = join(guard, guardFile);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  return parseGuardSettings(text, path);
};

/** The guard that comes with Lyceum, for any model: what it suspects is learnt from injections and their carriers, and no request is held. */
export const shippedGuard = async (): Promise<GuardSettings> => ({
  format: 1,
  model: null,
  policy: 'guarded',
  injected: (await readDetector()).threshold,
  restated: null,
  request: null,
  measured: {},
});

/**
 * Opens a guard for a model.
 *
 * @param model.sha256  of the model's weights; asked for only where the guard is of one model
 * @throws as `readGuardSettings` · ConfigError where the guard is of another model
 */
export const openGuard = async (
  guard: string | GuardSettings,
  { engine, model }: { readonly engine: Engine; readonly model: { readonly name: string; readonly layers: number; readonly sha256: () => Promise<string> } },
): Promise<OpenGuard> => {
  const settings = await readGuardSettings(guard);
  const where = typeof guard === 'string' ? `guard ${guard}` : 'guard';
  if (settings.model && settings.model.sha256 !== (await model.sha256()))
    throw new ConfigError(
      `${where}: expected the model that it was calibrated on, ${settings.model.name}, got ${model.name} with other weights; run \`lyceum guard calibrate\` for this one`,
    );
  if (settings.request && settings.request.layer > model.layers)
    throw new ConfigError(`${where}: expected a layer from 1 to ${model.layers}, got ${settings.request.layer}; run \`lyceum guard calibrate\` for this model`);
  const embedder = await openEmbedder({ engine });
  return {
    settings,
    tools: { encoder: embedder, detector: await readDetector() },
    site: settings.request ? blockSite(settings.request.layer - 1, 'resid.post') : undefined,
    [Symbol.asyncDispose]: () => embedder[Symbol.asyncDispose](),
  };
};
