import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

/** What a template may name. JSON only. */
export type ChatVariables = Readonly<Record<string, unknown>>;

export type Rendered = { readonly type: 'text'; readonly text: string } | { readonly type: 'syntax' | 'raised' | 'failed'; readonly message: string };

const rangeLimit = 100_000;
const messageLimit = 500;

class Raised extends Error {}

/** Renders a template as Hugging Face transformers does: blocks take the line they stand on, `raise_exception`, `strftime_now` and `tojson` exist. Nothing here bounds time or memory. */
export const renderTemplate = (template: string, variables: ChatVariables, now: Date): Rendered => {
  const say = (error: unknown): string => String((error as Error).message).slice(0, messageLimit);
  let program: ReturnType<typeof parse>;
  try {
    program = parse(tokenize(template, { lstrip_blocks: true, trim_blocks: true }));
  } catch (error) {
    return { type: 'syntax', message: say(error) };
  }
  const environment = new Environment();
  const globals: Record<string, unknown> = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    raise_exception: (message: unknown) => {
      throw new Raised(String(message));
    },
    range: (from: number, to?: number, step?: number) => range(to === undefined ? 0 : from, to === undefined ? from : to, typeof step === 'number' ? step : 1),
    strftime_now: (format: string) => formatTime(now, format),
    ...variables,
  };
  try {
    for (const [name, value] of Object.entries(globals)) environment.set(name, value);
    const { value } = new Interpreter(environment).run(program);
    return { type: 'text', text: String(value) };
  } catch (error) {
    return { type: error instanceof Raised ? 'raised' : 'failed', message: say(error) };
  }
};

const range = (from: number, to: number, step: number): number[] => {
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count) || count > rangeLimit) throw new Error(`range() of more than ${rangeLimit} numbers`);
  return Array.from({ length: Math.max(0, count) }, (_, i) => from + i * step);
};

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

/** Local time, English names: what Python gives where no locale is set. Codes that are not known stay as they are. */
const formatTime = (now: Date, format: string): string => {
  const hour = now.getHours();
  const month = months[now.getMonth()]!;
  const day = days[now.getDay()]!;
  const codes: Readonly<Record<string, string>> = {
    Y: String(now.getFullYear()),
    y: two(now.getFullYear() % 100),
    m: two(now.getMonth() + 1),
    d: two(now.getDate()),
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    H: two(hour),
    I: two(hour % 12 || 12),
    p: hour < 12 ? 'AM' : 'PM',
    M: two(now.getMinutes()),
    S: two(now.getSeconds()),
    '%': '%',
  };
  return String(format).replace(/%(.)/gs, (whole, code: string) => (Object.hasOwn(codes, code) ? codes[code]! : whole));
};
