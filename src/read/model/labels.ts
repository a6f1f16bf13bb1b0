/** Entity types of SciERC, in the order of the scorer's outputs; 0 is the null label. */
export const entityTypes = ['Task', 'Method', 'Metric', 'Material', 'OtherScientificTerm', 'Generic'] as const;
/** Relation types of SciERC, in the order of the scorer's outputs; 0 is the null label. */
export const relationTypes = ['USED-FOR', 'FEATURE-OF', 'HYPONYM-OF', 'PART-OF', 'EVALUATE-FOR', 'COMPARE', 'CONJUNCTION'] as const;

export type EntityType = (typeof entityTypes)[number];
export type RelationType = (typeof relationTypes)[number];
