/** Made when it is first asked for; where that fails, again the next time. */
export const whenAsked = <T>(make: () => Promise<T>) => {
  let made: Promise<T> | undefined;
  return {
    get made() {
      return made;
    },
    get: (): Promise<T> => {
      made ??= make().catch((error: unknown) => {
        made = undefined;
        throw error;
      });
      return made;
    },
  };
};
