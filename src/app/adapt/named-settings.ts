import type { RecipeInput } from '../../adapt/index.ts';

/** Settings of a run by the names that the command line and requests have for them. */
export interface NamedSettings {
  /** Of the method. */
  readonly options?: RecipeInput['options'];
  readonly rank?: number | undefined;
  readonly experts?: number | undefined;
  /** Strength of the balancing constraint; 0: none. */
  readonly balance?: number | undefined;
  readonly delta?: number | undefined;
  readonly sign?: 'faithful' | 'intended' | undefined;
  readonly balanceForm?: 'variance/mean²' | 'variance/mean' | undefined;
  /** Over linears. */
  readonly balanceModules?: 'sum' | 'mean' | undefined;
  readonly balanceVariance?: 'unbiased' | 'population' | undefined;
  /** What a token counts for its sample. */
  readonly balanceMembership?: 'mean' | 'sum' | 'padded' | undefined;
  /** Strengths; 0: none. */
  readonly ewc?: number | undefined;
  readonly kl?: number | undefined;
  readonly blocks?: readonly number[] | undefined;
  readonly beta?: number | undefined;
}

const names: Readonly<Record<keyof NamedSettings, true>> = {
  options: true,
  rank: true,
  experts: true,
  balance: true,
  delta: true,
  sign: true,
  balanceForm: true,
  balanceModules: true,
  balanceVariance: true,
  balanceMembership: true,
  ewc: true,
  kl: true,
  blocks: true,
  beta: true,
};
export const isNamedSetting = (name: string): boolean => Object.hasOwn(names, name);

/** The part of a recipe that such settings make; what was not said is left out. */
export const recipeOfNamed = ({
  options,
  rank,
  experts,
  balance,
  delta,
  sign,
  balanceForm: form,
  balanceModules: modules,
  balanceVariance: variance,
  balanceMembership: membership,
  ewc,
  kl,
  blocks,
  beta,
}: NamedSettings): Pick<RecipeInput, 'options' | 'balance' | 'against' | 'preferences'> => {
  const own = { ...options, ...said({ rank, experts }) };
  const constraint = said({ strength: balance, delta, sign, form, modules, variance, membership });
  const against = {
    ...(ewc && { ewc: { strength: ewc } }),
    ...(kl && { kl: { strength: kl } }),
    ...(blocks && { localised: { blocks: [...blocks] } }),
  };
  return {
    ...(isSome(own) && { options: own }),
    ...(balance === 0 ? { balance: null } : isSome(constraint) && { balance: constraint }),
    ...(isSome(against) && { against }),
    ...(beta !== undefined && { preferences: { beta } }),
  };
};

const isSome = (settings: object): boolean => Object.keys(settings).length > 0;

/** Without what is undefined. */
const said = <T extends Record<string, unknown>>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
