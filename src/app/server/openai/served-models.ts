import type { Serving } from './context.ts';
import { Refusal, unsupported } from './refusal.ts';

/** What the server offers, in the form of `/v1/models`. */
export const servedModels = ({ model: { info }, embedder, startedAt }: Serving) => [
  {
    id: info.name,
    object: 'model',
    created: startedAt,
    owned_by: 'lyceum',
    lyceum: {
      does: 'generate',
      ...(info.base !== undefined && { base: info.base }),
      family: info.family,
      parameters: info.parameters,
      context: info.context,
      weights: info.weights,
      chat: info.hasChatTemplate,
      tools: info.takesTools,
      logprobs: true,
      jsonSchema: true,
    },
  },
  ...(embedder ? [{ id: embedder.name, object: 'model', created: startedAt, owned_by: 'lyceum', lyceum: { does: 'embed' } }] : []),
];

/** @throws Refusal for a name that is not served, or not for this */
export const requireModel = (serving: Serving, name: string, does: 'generate' | 'embed'): void => {
  const fitting = servedModels(serving).filter(({ lyceum }) => lyceum.does === does);
  if (fitting.some(({ id }) => id === name)) return;
  const names = fitting.map(({ id }) => JSON.stringify(id)).join(', ') || 'none';
  throw new Refusal(404, `model: expected ${names}, got ${JSON.stringify(name.slice(0, 200))}; use a name that /v1/models lists`, {
    code: 'model_not_found',
    param: 'model',
  });
};

/** @throws Refusal for a request that says what a guard does with it, where that is not its to say */
export const requireGuardChoice = ({ guardChoice }: Serving, asked: string | undefined): void => {
  if (asked === undefined || guardChoice) return;
  throw unsupported('lyceum.guard', 'none, because requests have no say in the guard of this server', asked, 'leave it out');
};
