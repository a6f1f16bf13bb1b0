import { type Context, evaluate, find, type Request } from './table.ts';

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

const askedOf = <Answer>(source: Asked, target: Asked, ask: (request: Request, context: Context) => Answer): Record<Role, Answer> => ({
  unaffected: ask(target.request, target.context),
  request_transfer: ask(source.request, target.context),
  output_transfer: ask(source.request, source.context),
});

/** The token that each role expects of a pair of prompts of one dataset. @throws ConfigError where a request does not fit the other's context */
export const labelsOf = (source: Asked, target: Asked): Record<Role, number> => askedOf(source, target, evaluate);

/** The whole answer that each role expects. @throws as `labelsOf` */
export const answersOf = (source: Asked, target: Asked): Record<Role, string> => askedOf(source, target, (...asked) => find(...asked).value);

/** The context that each role answers from. */
export const contextsOf = (source: Asked, target: Asked): Record<Role, Context> => askedOf(source, target, (_, context) => context);

/** What is told of each role. */
export const byRole = <Value>(of: (role: Role) => Value): Record<Role, Value> =>
  Object.fromEntries(roles.map((role) => [role, of(role)])) as Record<Role, Value>;

/** Whether the three roles expect three different tokens, so that the outcome tells them apart. */
export const isSeparable = (labels: Record<Role, number>): boolean => new Set(roles.map((role) => labels[role])).size === roles.length;
