import { z } from 'zod';
import { FormatError } from '../core/index.ts';

export const guardPolicies = ['guarded', 'flagged', 'refused'] as const;
/**
 * What happens to a request whose documents carry what is not theirs. `guarded`: the suspected parts are withheld from the model, the request is held where the guard holds it, and it answers; `flagged`: it answers from all of it, and
 * the answer says so; `refused`: it does not answer.
 */
export type GuardPolicy = (typeof guardPolicies)[number];

const named = { name: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) };
const cosine = z.number().min(-1).max(1);

const schema = z.strictObject({
  format: z.literal(1),
  /** The model that it was calibrated on, with the adapter that was on it; null: any. Where no adapter is told there was none. */
  model: z.strictObject({ ...named, adapter: z.strictObject(named).optional() }).nullable(),
  policy: z.enum(guardPolicies),
  /** Probability of being injected from which on a segment is suspected. */
  injected: z.number().min(0).max(1),
  /**
   * Cosine of a segment's and the request's sentence vectors above which it is suspected to speak in the request's words, for requests like these; null: no segment is. How near a true sentence comes depends on what is asked, so the
   * bound says nothing of other requests.
   */
  restated: z.strictObject({ above: cosine, requests: z.array(z.string().min(1)).min(1) }).nullable(),
  /** The residual stream after `layer` blocks at the prompt's last token: whether the one of trusted documents is put there, and from which cosine distance to it on a request is suspected. */
  request: z
    .strictObject({
      layer: z.number().int().min(1),
      hold: z.boolean(),
      apart: z.number().min(0).max(2).nullable(),
      documents: z.array(z.string().min(1)).min(1),
    })
    .nullable(),
  /** What was measured when it was calibrated. */
  measured: z.record(z.string(), z.unknown()),
});
export type GuardSettings = z.output<typeof schema>;
/** A model as a guard knows it: the hash is of its weights, an adapter's of its files. */
export type GuardedModel = NonNullable<GuardSettings['model']>;

/** @throws FormatError naming what does not fit */
export const parseGuardSettings = (text: string, where: string): GuardSettings => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FormatError(`${where}: expected JSON, got ${JSON.stringify(text.slice(0, 40))}; make the guard again with \`lyceum guard calibrate\``);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new FormatError(
    `${where}: expected the settings of a guard, got ${issue!.path.join('.')}: ${issue!.message}; make it again with \`lyceum guard calibrate\``,
  );
};
