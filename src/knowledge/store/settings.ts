/** How the rule "a rare name that contains a frequent one is merged into it" is applied; sciie.md §6.1 step 4. */
export interface Settings {
  /**
   * 'careful': a name of one document that ends in a frequent name of at least two words; 'paper': a name of at most `threshold` documents that contains a
   * frequent name anywhere; 'off'.
   */
  readonly contains: 'careful' | 'paper' | 'off';
  /** A name is frequent when more than this many documents hold it. The paper does not give its k. */
  readonly threshold: number;
}

export const DEFAULT_SETTINGS: Settings = { contains: 'careful', threshold: 20 };
