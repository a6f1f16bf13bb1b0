import type { DirectEffects } from '../components/index.ts';
import { mean } from '../orion/outcome/mean.ts';

/** Logit of the right value less the mean of the others'. */
export const differenceOf = (logits: readonly number[], right: number): number => {
  const others = logits.filter((_, i) => i !== right);
  return logits[right]! - mean(others);
};

/** How much of a logit difference is lost, mean over baseline prompts. */
export interface EffectsTowards {
  /** A component each, where it alone puts out what it does in a baseline prompt. */
  readonly each: readonly number[];
  /** Where everything does. */
  readonly total: number;
}

/** @param effects  a baseline prompt each, logits of the values of one story · @param right  place of the value asked for */
export const effectsTowards = (effects: readonly DirectEffects[], right: number): EffectsTowards => {
  const own = differenceOf(effects[0]!.logits, right);
  return {
    each: effects[0]!.components.map((_, c) => own - mean(effects.map(({ components }) => differenceOf(components[c]!.logits, right)))),
    total: own - mean(effects.map(({ otherLogits }) => differenceOf(otherLogits, right))),
  };
};
