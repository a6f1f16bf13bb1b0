/** What a text becomes. */
export interface Pieces {
  readonly ids: number[];
  /** For each id its characters in the text, as UTF-16 units [start, end); absent where the tokenizer changes the text beyond tracing. */
  readonly offsets?: [number, number][];
}
