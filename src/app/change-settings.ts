import type { LoggedDecision, Settings, Store } from '../knowledge/index.ts';

/**
 * Decides how rare names are merged; what is as wished already is no decision. The settings that hold afterwards, and the decisions it took, which can be
 * taken back one by one. Errors: FormatError for a value that makes no sense; those of the store.
 */
export async function changeSettings(store: Store, wanted: { readonly [Name in keyof Settings]?: Settings[Name] | undefined }) {
  const before = await store.settings();
  const decisions: LoggedDecision[] = [];
  for (const name of ['contains', 'threshold'] as const) {
    const value = wanted[name];
    if (value !== undefined && value !== before[name]) decisions.push(await store.decide({ type: 'setting', name, value }));
  }
  return { settings: await store.settings(), decisions };
}
