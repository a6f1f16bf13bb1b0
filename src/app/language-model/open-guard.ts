import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../core/index.ts';
import { type GuardedModel, type GuardSettings, parseGuardSettings, readDetector, type ScreenTools } from '../../guard/index.ts';
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

/** A model that is to be guarded; its hashes are asked for only where the guard is of one model. */
export interface ModelToGuard {
  readonly name: string;
  readonly layers: number;
  /** Of its weights. */
  readonly sha256: () => Promise<string>;
  /** The adapter that is on it; undefined: none. */
  readonly adapter: { readonly name: string; readonly sha256: () => Promise<string> } | undefined;
}

/**
 * Opens a guard for a model.
 *
 * @throws as `readGuardSettings` · ConfigError where the guard is of another model, or of the model with another adapter, or with one or none where it is not so here
 */
export const openGuard = async (
  guard: string | GuardSettings,
  { engine, model }: { readonly engine: Engine; readonly model: ModelToGuard },
): Promise<OpenGuard> => {
  const settings = await readGuardSettings(guard);
  const where = typeof guard === 'string' ? `guard ${guard}` : 'guard';
  if (settings.model && settings.model.sha256 !== (await model.sha256()))
    throw new ConfigError(
      `${where}: expected the model that it was calibrated on, ${settings.model.name}, got ${model.name} with other weights; run \`lyceum guard calibrate\` for this one`,
    );
  if (settings.model) await sameAdapter(where, settings.model, model);
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

const short = (sha256: string): string => `${sha256.slice(0, 12)}…`;

/** What a model holds of a request, and what it answers, an adapter changes. */
const sameAdapter = async (where: string, { name, adapter: wanted }: GuardedModel, { adapter }: ModelToGuard): Promise<void> => {
  const sha256 = await adapter?.sha256();
  if (sha256 === wanted?.sha256) return;
  const said = (one: { readonly name: string } | undefined, hash: string | undefined): string =>
    one && hash !== undefined ? `with the adapter ${one.name} (${short(hash)})` : 'without an adapter';
  throw new ConfigError(
    `${where}: expected ${name} as it was calibrated, ${said(wanted, wanted?.sha256)}, got it ${said(adapter, sha256)}; ${wanted ? 'open the model with that adapter' : 'open the model without it'}, or run \`lyceum guard calibrate\` for this one`,
  );
};
