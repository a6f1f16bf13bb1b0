/** One event of a stream: fields by name. */
export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** Splits a stream of server-sent events; keeps what is not complete for the next piece. */
export function eventParser(onEvent: (event: StreamEvent) => void): (text: string) => void {
  let rest = '';
  return (text) => {
    rest += text;
    for (;;) {
      const end = rest.indexOf('\n\n');
      if (end < 0) return;
      const lines = rest.slice(0, end).split('\n');
      rest = rest.slice(end + 2);
      const field = (name: string) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).replace(/^ /, ''));
      const data = field('data').join('\n');
      if (data) onEvent({ event: field('event')[0] ?? 'message', data });
    }
  };
}
