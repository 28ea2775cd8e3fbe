/** What a field may be: of others nothing is told. */
type Value = number | boolean | Struct | undefined;

/** A struct: its fields by number; where in the bytes it ends. */
export interface Struct {
  readonly fields: ReadonlyMap<number, Value>;
  readonly end: number;
}

/** No file has structs within more structs, or fields of higher numbers. */
const [MAX_DEPTH, MAX_FIELD] = [32, 2 ** 15 - 1];

/**
 * A struct of Thrift's compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md),
 * as far as Parquet uses it. What is said to be longer than the bytes that there are is refused before anybody makes room
 * for it.
 *
 * @throws {Error} for bytes that are no such struct
 */
export function readStruct(bytes: Uint8Array, at = 0): Struct {
  return new Protocol(bytes, at).struct(0);
}

/**
 * A number of seven bits in a byte, the least significant first, and where it ends. Beyond 2⁵³ it is rounded.
 *
 * @throws {Error} for one that does not end
 */
export function readVarint(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let [value, end] = [0, at];
  for (let scale = 1; scale <= 2 ** 63 && end < bytes.length; scale *= 128) {
    const byte = bytes[end++]!;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, end };
  }
  throw new Error('a number does not end');
}

/** What follows, by the number that says its type. */
const types = {
  stop: 0,
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  double: 7,
  binary: 8,
  list: 9,
  struct: 12,
};

class Protocol {
  private readonly bytes: Uint8Array;
  private at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  struct(depth: number): Struct {
    if (depth > MAX_DEPTH) throw new Error(`structs lie within more than ${MAX_DEPTH} structs`);
    const fields = new Map<number, Value>();
    for (let field = 0; ; ) {
      const head = this.byte();
      const type = head & 15;
      if (type === types.stop) return { fields, end: this.at };
      field = head >> 4 ? field + (head >> 4) : this.zigzag();
      if (field < 0 || field > MAX_FIELD) throw new Error(`there is no field ${field}`);
      fields.set(field, this.value(type, depth)); // of two with one number the last counts
    }
  }

  private value(type: number, depth: number): Value {
    switch (type) {
      case types.true:
        return true; // it lies in the type
      case types.false:
        return false;
      case types.byte:
        return this.skip(1);
      case types.i16:
      case types.i32:
      case types.i64:
        return this.zigzag();
      case types.double:
        return this.skip(8);
      case types.binary:
        return this.skip(this.varint());
      case types.list:
        return this.list(depth + 1);
      case types.struct:
        return this.struct(depth + 1);
      default:
        throw new Error(`there is no type ${type}`);
    }
  }

  private list(depth: number): undefined {
    if (depth > MAX_DEPTH) throw new Error(`lists lie within more than ${MAX_DEPTH} others`);
    const head = this.byte();
    const size = head >> 4 === 15 ? this.varint() : head >> 4;
    const type = head & 15;
    if (size > this.bytes.length - this.at)
      // each takes a byte at least
      throw new Error(
        `a list is said to have ${size} elements, but ${this.bytes.length - this.at} bytes follow`,
      );
    const isBoolean = type === types.true || type === types.false;
    for (let i = 0; i < size; i++) this.value(isBoolean ? types.byte : type, depth);
  }

  private skip(length: number): undefined {
    if (length > this.bytes.length - this.at)
      throw new Error(`${length} bytes are said to follow, but ${this.bytes.length - this.at} do`);
    this.at += length;
  }

  private byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error('a struct does not end');
    return byte;
  }

  private varint(): number {
    const { value, end } = readVarint(this.bytes, this.at);
    this.at = end;
    return value;
  }

  private zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
