import { InvalidArgumentError } from 'commander';

/** A parser for commander: a whole number of at least `least`. */
export const wholeNumber =
  (name: string, least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`${name}: expected a whole number of at least ${least}, got ${JSON.stringify(text)}.`);
    }
    return value;
  };

/** A parser for commander: a number between two others. */
export const numberWithin =
  (name: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most)) {
      throw new InvalidArgumentError(`${name}: expected a number from ${least} to ${most}, got ${JSON.stringify(text)}.`);
    }
    return value;
  };

/** A parser for commander: a number above 0. */
export const positiveNumber =
  (name: string) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
      throw new InvalidArgumentError(`${name}: expected a number above 0, got ${JSON.stringify(text)}.`);
    }
    return value;
  };
