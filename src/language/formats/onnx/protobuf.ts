// Protocol buffers, as much as ONNX takes: https://protobuf.dev/programming-guides/encoding
//
//   field   varint of (number · 8 + kind), then the value
//   kind 0  varint: 7 bits a byte, the lowest first; the top bit says that more follow
//   kind 2  varint of a length, then as many bytes: text, raw data, a message of its own
//   kind 5  4 bytes, little-endian: a float

/** A message being written. Pieces are put together once, by `encode`: weights may take gigabytes. */
export class Message {
  byteLength = 0;
  private readonly pieces: Uint8Array[] = [];

  /** A whole number; a negative one as its two's complement of 64 bits. */
  int(field: number, value: number | bigint): this {
    return this.add(varint(field * 8)).add(varint(value));
  }

  float(field: number, value: number): this {
    return this.add(varint(field * 8 + 5)).add(new Uint8Array(new Float32Array([value]).buffer));
  }

  bytes(field: number, data: Uint8Array): this {
    return this.add(varint(field * 8 + 2))
      .add(varint(data.length))
      .add(data);
  }

  text(field: number, text: string): this {
    return this.bytes(field, new TextEncoder().encode(text));
  }

  message(field: number, { pieces, byteLength }: Message): this {
    this.add(varint(field * 8 + 2)).add(varint(byteLength));
    for (const piece of pieces) this.add(piece);
    return this;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.byteLength);
    let at = 0;
    for (const piece of this.pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  private add(piece: Uint8Array): this {
    this.pieces.push(piece);
    this.byteLength += piece.length;
    return this;
  }
}

function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
