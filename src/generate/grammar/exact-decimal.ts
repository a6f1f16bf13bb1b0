/** A positive number as it is written: digits / 10^places. */
export interface ExactDecimal {
  readonly digits: bigint;
  readonly places: number;
}

/** The shortest decimal that reads as a number. */
export const exactDecimal = (value: number): ExactDecimal => {
  const [, whole = '0', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value))!;
  const places = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return places < 0 ? { digits: digits * 10n ** BigInt(-places), places: 0 } : { digits, places };
};

/** Whether a number is a whole multiple of another, both as they are written: 0.3 of 0.1 is. */
export const isMultiple = (value: number, of: number): boolean => {
  const [a, b] = [exactDecimal(value), exactDecimal(of)];
  return (a.digits * 10n ** BigInt(b.places)) % (b.digits * 10n ** BigInt(a.places)) === 0n;
};

/** The smallest whole number of units of 10^-places that is a multiple of a number; from 2^60 on it stands for none but 0. */
export const stepInUnits = (of: number, places: number): number => {
  const { digits, places: own } = exactDecimal(of);
  const unit = 10n ** BigInt(Math.abs(own - places));
  const step = own <= places ? digits * unit : digits / commonDivisor(digits, unit);
  return Math.min(Number(step), 2 ** 60);
};

const commonDivisor = (a: bigint, b: bigint): bigint => {
  let [x, y] = [a, b];
  while (y > 0n) [x, y] = [y, x % y];
  return x;
};

/** Of whole numbers from 1. */
export const commonMultiple = (a: number, b: number): number => {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
};
