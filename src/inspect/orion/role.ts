import { type Context, evaluate, type Request } from './table.ts';

/**
 * What the last token may say after the residual stream of a source prompt replaced a target prompt's:
 * the target's request on the target's context, the source's request on the target's context, or the source's request on the source's context.
 */
export const roles = ['unaffected', 'request_transfer', 'output_transfer'] as const;
export type Role = (typeof roles)[number];

interface Asked {
  readonly request: Request;
  readonly context: Context;
}

/** The token that each role expects of a pair of prompts of one dataset. @throws ConfigError where a request does not fit the other's context */
export const labelsOf = (source: Asked, target: Asked): Record<Role, number> => ({
  unaffected: evaluate(target.request, target.context),
  request_transfer: evaluate(source.request, target.context),
  output_transfer: evaluate(source.request, source.context),
});

/** Whether the three roles expect three different tokens, so that the outcome tells them apart. */
export const isSeparable = (labels: Record<Role, number>): boolean => new Set(roles.map((role) => labels[role])).size === roles.length;
