// The child process that renders chat templates: it may read its own program, and neither write nor start anything.
import { UnsupportedError } from '../../core/index.ts';
import { bounded } from '../bounded.ts';
import { type ChatVariables, type Rendered, renderTemplate } from './chat-template-render.ts';

export interface RenderRequest {
  readonly template: string;
  readonly variables: ChatVariables;
  readonly nowMs: number;
  readonly timeoutMs: number;
  /** Most UTF-16 units of the text. */
  readonly lengthLimit: number;
}

export type RenderAnswer = Rendered | { readonly type: 'time' | 'size' };

const answer = ({ template, variables, nowMs, timeoutMs, lengthLimit }: RenderRequest): RenderAnswer => {
  try {
    const rendered = bounded(() => renderTemplate(template, variables, new Date(nowMs)), timeoutMs, 'chat template');
    return rendered.type === 'text' && rendered.text.length > lengthLimit ? { type: 'size' } : rendered;
  } catch (error) {
    if (error instanceof UnsupportedError) return { type: 'time' };
    return { type: 'failed', message: String(error).slice(0, 200) };
  }
};

process.on('SIGINT', () => {}); // Ctrl-C reaches the whole group; what it means is the parent's to say
process.on('disconnect', () => process.exit(0));
process.on('message', (request: RenderRequest) => process.send?.(answer(request)));
process.send?.({ type: 'ready' });
