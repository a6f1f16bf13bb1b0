// Protocol buffers, the writing half: varints, fixed32 and length-delimited fields are all that ONNX needs.

/** Fields of one message. Large byte strings are kept by reference until `finish` copies everything once. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];
  #small: number[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 0x80000000) {
      let rest = value;
      while (rest > 127) {
        this.#small.push((rest & 127) | 128);
        rest >>>= 7;
        this.#length++;
      }
      this.#small.push(rest);
      this.#length++;
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value)); // negative numbers take ten bytes, as the format wants
    while (rest > 127n) {
      this.#small.push(Number(rest & 127n) | 128);
      rest >>= 7n;
      this.#length++;
    }
    this.#small.push(Number(rest));
    this.#length++;
  }

  #append(bytes: Uint8Array): void {
    if (bytes.length < 64) for (const byte of bytes) this.#small.push(byte);
    else {
      this.#flush();
      this.#parts.push(bytes);
    }
    this.#length += bytes.length;
  }

  #flush(): void {
    if (this.#small.length === 0) return;
    this.#parts.push(Uint8Array.from(this.#small));
    this.#small = [];
  }

  int(field: number, value: number | bigint): this {
    this.#varint(field << 3);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint((field << 3) | 5);
    this.#append(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2);
    this.#varint(value.length);
    this.#append(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, message: MessageWriter): this {
    this.#varint((field << 3) | 2);
    this.#varint(message.length);
    message.#flush();
    this.#flush();
    for (const part of message.#parts) this.#parts.push(part);
    this.#length += message.length;
    return this;
  }

  finish(): Uint8Array {
    this.#flush();
    const out = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}
