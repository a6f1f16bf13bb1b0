import type { Draw } from '../draw.ts';
import { type Context, evaluate, type Request } from '../table.ts';

/** Requests drawn before it is given up that one asks for something else. */
export const alternativeTries = 50;

/**
 * The token that another request of the dataset, drawn at random, finds in a context, and which is not the answer: what the answer's score is compared with. At most 50 requests are drawn.
 *
 * Source: arXiv 2312.10091 and its code. Different on purpose: where all requests find the answer, there the answer was compared with itself; here there is none.
 *
 * @returns null where no drawn request finds another token
 */
export const alternativeTo = (answerId: number, context: Context, prompts: readonly { readonly request: Request }[], draw: Draw): number | null => {
  for (let tries = 0; tries < alternativeTries; tries++) {
    const found = evaluate(draw.pick(prompts).request, context);
    if (found !== answerId) return found;
  }
  return null;
};
