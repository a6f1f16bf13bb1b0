/** How tokens become text again. */
export interface Decoding {
  /** The bytes a token stands for; none for an id that no token has. */
  readonly bytes: (id: number) => Uint8Array;
  /** A space in front of everything is one that encoding put there. */
  readonly stripFirstSpace: boolean;
}

export interface TextStream {
  /** Takes one more token and gives the text that is certain by now: never half a character. May be empty. */
  push(id: number): string;
  /** What was held back; bytes that never became a character read as U+FFFD. The stream then begins anew. */
  end(): string;
}

/** Decodes token by token. Everything it gave, joined, is what decoding all tokens at once gives. */
export const streamText = ({ bytes, stripFirstSpace }: Decoding): TextStream => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // U+FEFF is text like any other
  let first = stripFirstSpace;
  const strip = (text: string): string => {
    if (!first || text === '') return text;
    first = false;
    return text.startsWith(' ') ? text.slice(1) : text;
  };
  return {
    push: (id) => strip(decoder.decode(bytes(id), { stream: true })),
    end: () => {
      const rest = strip(decoder.decode());
      first = stripFirstSpace;
      return rest;
    },
  };
};
