/** @throws RangeError of no values */
export const mean = (values: readonly number[]): number => {
  if (values.length === 0) throw new RangeError('mean: expected at least one value, got none');
  return values.reduce((sum, value) => sum + value, 0) / values.length;
};
