/** Names that tell apart what they name: each cut after 28 characters, with a number where two are the same. */
export const namesApart = (names: readonly string[]): string[] => {
  const seen = new Map<string, number>();
  return names.map((whole) => {
    const name = whole.length > 28 ? `${whole.slice(0, 27).toWellFormed()}…` : whole;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} (${times})`;
  });
};
