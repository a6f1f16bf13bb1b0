import { inOrder } from '../../core/index.ts';
import { causalSource, openCausalFiles } from '../../models/index.ts';
import { blockOf, blockSites, capture, causalInputs, derivedFrom, derivedSites, modelSites, sitesIn } from '../../nn/index.ts';
import { resolveModel } from '../models/resolve-model.ts';

export interface ListedSite {
  /** `blocks.N.…` stands for every block. */
  readonly site: string;
  readonly dtype: string;
  readonly shape: readonly (number | string)[];
  readonly meaning: string;
}

export interface ListedSites {
  readonly model: string;
  readonly layers: number;
  readonly sites: readonly ListedSite[];
}

/** The sites of a model in the order in which they are computed, with their shapes; those that are derived when asked for stand after what they are part of. No weight is read. @throws as `openInspected` */
export const listSites = async (model: string): Promise<ListedSites> => {
  const { name, kind, path } = await resolveModel(model);
  const { member } = await causalSource(await openCausalFiles(kind, path));
  const { logits } = member.build(causalInputs(member.config, { mask: false }));
  const place = new Map(inOrder([logits]).map((node, i) => [node, i]));
  const meanings: Readonly<Record<string, { readonly meaning: string }>> = { ...modelSites, ...blockSites, ...derivedSites };
  const derived = Object.keys(derivedSites).map((site) => `blocks.0.${site}`);
  const sites = [...sitesIn([logits])]
    .filter(([site]) => (blockOf(site) ?? 0) === 0)
    .sort(([, a], [, b]) => place.get(a)! - place.get(b)!)
    .flatMap((found) => [
      found,
      ...Object.entries(
        capture(
          [logits],
          derived.filter((site) => derivedFrom(site) === found[0]),
        ),
      ),
    ])
    .map(([site, { dtype, shape }]) => {
      const within = site.replace(/^blocks\.0\./, '');
      return { site: within === site ? site : `blocks.N.${within}`, dtype, shape, meaning: meanings[within]!.meaning };
    });
  return { model: name, layers: member.config.layers, sites };
};
