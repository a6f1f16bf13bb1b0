/** What stands between these marks is read and not obeyed. */
export const documentMarks = { open: '<document>', close: '</document>' } as const;

/** A text as what is not to be obeyed. */
export const asDocument = (text: string): string => `${documentMarks.open}\n${text}\n${documentMarks.close}`;

/** How the answers of tools stand in conversations whose template does not know tools. */
const toolMarks = { open: '<tool_response>', close: '</tool_response>' } as const;
const marks = [documentMarks, toolMarks];

export interface UntrustedSpan {
  /** UTF-16 positions of what stands between the marks. */
  readonly start: number;
  readonly end: number;
}

/**
 * The part of a text between marks: from behind the first opening mark to before the last closing one, or to the end where none closes. A document that writes marks of its own can so make more untrusted and never less; what
 * stands between two documents counts as one of them.
 */
export const untrustedIn = (text: string): UntrustedSpan | undefined => {
  const opens = marks.flatMap(({ open }) => (text.includes(open) ? [text.indexOf(open) + open.length] : []));
  if (opens.length === 0) return undefined;
  const start = Math.min(...opens);
  const close = Math.max(...marks.map(({ close }) => text.lastIndexOf(close)));
  return { start, end: close >= start ? close : text.length };
};

interface Message {
  readonly role: string;
  readonly content: string;
}

export interface UntrustedPart {
  /** Index of the message. */
  readonly message: number;
  readonly span: UntrustedSpan;
  readonly text: string;
}

/** The parts of a conversation that are not to be obeyed: what tools answered, and what stands between marks in what the user wrote. */
export const untrustedParts = (messages: readonly Message[]): UntrustedPart[] =>
  messages.flatMap(({ role, content }, message) => {
    const span = role === 'tool' ? { start: 0, end: content.length } : role === 'user' ? untrustedIn(content) : undefined;
    return span ? [{ message, span, text: content.slice(span.start, span.end) }] : [];
  });

/** The conversation with other texts in these places. */
export const withTexts = <M extends Message>(messages: readonly M[], parts: readonly UntrustedPart[], texts: readonly string[]): M[] =>
  messages.map((message, i) => {
    const at = parts.findIndex((part) => part.message === i);
    if (at < 0) return message;
    const { span } = parts[at]!;
    return { ...message, content: message.content.slice(0, span.start) + texts[at]! + message.content.slice(span.end) };
  });

/** What is asked of the model: the last words of the user outside of documents. */
export const instructionOf = (messages: readonly Message[]): string =>
  messages
    .filter(({ role }) => role === 'user')
    .map(({ content }) => outside(content))
    .findLast((text) => text !== '') ?? '';

const outside = (text: string): string => {
  const span = untrustedIn(text);
  const parts = span ? [text.slice(0, span.start), text.slice(span.end)] : [text];
  const words = marks.flatMap(({ open, close }) => [open, close]);
  return parts
    .map((part) => words.reduce((left, mark) => left.replaceAll(mark, ''), part).trim())
    .join(' ')
    .trim();
};
