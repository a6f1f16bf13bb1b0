// adapter_config.json of a method: what PEFT has too in PEFT's own words, anything else under a name that PEFT refuses.
import { type Node, nameOf } from '../../core/index.ts';
import { type CausalSource, hubLinears } from '../../models/index.ts';
import { causalInputs } from '../../nn/index.ts';
import type { Method } from '../method.ts';
import type { TensorPlace } from './tensor-part.ts';
import { type AdaptedModule, adaptedModulesOf, tensorPlaces, wholeTensor } from './tensor-places.ts';

/** How an adapter lies in a folder. */
export interface PeftForm {
  readonly config: Readonly<Record<string, unknown>>;
  readonly places: readonly TensorPlace[];
  /** Why PEFT cannot use it; undefined where it can. */
  readonly notPeft: string | undefined;
}

/** The parameters that a method has on a model. */
export const parametersOn = ({ member }: CausalSource, method: Method): readonly Node[] =>
  method.apply([member.build(causalInputs(member.config)).logits]).parameters;

/** The form of a method's adapter on a model. @param base name of the model */
export const peftForm = (source: CausalSource, method: Method, base: string): PeftForm => {
  const { kind, options } = method;
  const parameters = parametersOn(source, method);
  if (kind === 'prompt' && parameters.length === 1) return promptForm(source, parameters[0]!, base);
  const modules = adaptedModulesOf(source, parameters);
  const inputs = kind === 'ia3' ? (options['inputs'] as readonly string[]) : [];
  const enters = (site: string): boolean => inputs.some((end) => site.endsWith(`.${end}`));
  const notPeft = whyNot(source, kind, modules, enters);
  const common = commonKeys(base);
  const places = tensorPlaces(source, parameters, { by: notPeft === undefined ? 'module' : 'linear', enters });
  if (notPeft !== undefined) return { config: { peft_type: `LYCEUM_${kind.toUpperCase().replaceAll('-', '_')}`, ...common, ...options }, places, notPeft };
  const targets = shortNames(
    modules.map(({ module }) => module),
    source,
  );
  const transposed = modules.some(({ linears }) => isTransposed(source, linears[0]!.site));
  const shared = { ...common, target_modules: targets, fan_in_fan_out: transposed, modules_to_save: null };
  if (kind === 'ia3') {
    const feedforward = modules.filter(({ linears }) => enters(linears[0]!.site)).map(({ module }) => module);
    return {
      config: { peft_type: 'IA3', ...shared, feedforward_modules: shortNames(feedforward, source), init_ia3_weights: true },
      places,
      notPeft,
    };
  }
  const { rank, alpha, dropout, scaling } = options as { rank: number; alpha: number; dropout: number; scaling?: string };
  const rslora = scaling === 'rslora';
  // Branches of one module become one of the sum of their ranks, scaled as each is.
  const joined = modules.filter(({ linears }) => linears.length > 1);
  const pattern = (of: (count: number) => number) =>
    Object.fromEntries(joined.map(({ module, linears }) => [module.replaceAll('.', '\\.'), of(linears.length)]));
  return {
    config: {
      peft_type: 'LORA',
      ...shared,
      r: rank,
      lora_alpha: alpha,
      lora_dropout: dropout,
      bias: 'none',
      init_lora_weights: true,
      use_rslora: rslora,
      use_dora: kind === 'dora',
      rank_pattern: pattern((count) => count * rank),
      alpha_pattern: pattern((count) => alpha * (rslora ? Math.sqrt(count) : count)),
      layers_to_transform: null,
      layers_pattern: null,
    },
    places,
    notPeft,
  };
};

const commonKeys = (base: string) => ({ task_type: 'CAUSAL_LM', base_model_name_or_path: base, revision: null, inference_mode: true });

/** Rows before a text, which PEFT puts behind the scaling of embeddings that Gemma has. */
const promptForm = ({ family, member: { config } }: CausalSource, table: Node, base: string): PeftForm => ({
  config: {
    peft_type: 'PROMPT_TUNING',
    ...commonKeys(base),
    num_virtual_tokens: table.shape[0],
    token_dim: config.hidden,
    num_transformer_submodules: 1,
    num_attention_heads: config.heads,
    num_layers: config.layers,
    prompt_tuning_init: 'RANDOM',
  },
  places: [wholeTensor('prompt_embeddings', table, family.startsWith('gemma3') ? Math.sqrt(config.hidden) : 1)],
  notPeft: undefined,
});

const whyNot = (source: CausalSource, kind: string, modules: readonly AdaptedModule[], enters: (site: string) => boolean): string | undefined => {
  if (kind === 'lora' || kind === 'dora') return undefined;
  if (kind !== 'ia3') return `it has no adapter that does what ${kind} does`;
  const names = new Set(source.parameters.map(nameOf));
  const biased = modules.flatMap(({ linears }) => linears).find(({ site }) => !enters(site) && names.has(`${site}.bias`));
  if (biased) return `there the factors of an output scale its bias too, here not, and ${biased.site} has one`;
  const mixed = modules.find(({ module, linears }) => linears.some(({ site }) => enters(site)) && hubLinears(source).get(module)!.length > 1);
  return mixed && `there ${mixed.module} is one module, whose input has the same factors for all that is in it`;
};

/** Whether the reference implementation keeps a weight [in, out]. */
const isTransposed = ({ member: { hub } }: CausalSource, site: string): boolean => {
  const how = hub.arranged.get(`${site}.weight`);
  return how?.order !== undefined && how.order.at(-1) === 0;
};

/** The shortest ends that name these modules and no other linear of the model. */
const shortNames = (modules: readonly string[], source: CausalSource): string[] => {
  const all = [...hubLinears(source).keys()];
  for (const endOf of [(name: string) => name.split('.').at(-1)!, (name: string) => name.replace(/^.*\.\d+\./, '')]) {
    const ends = [...new Set(modules.map(endOf))];
    const meant = all.filter((name) => ends.some((end) => name === end || name.endsWith(`.${end}`)));
    if (meant.length === modules.length) return ends.sort();
  }
  return [...modules].sort();
};
