import { NanobardError } from '../../../engine/errors.ts';
import { formatShape, type Shape } from '../../../engine/tensor/shape.ts';
import {
  ALIGNMENT,
  align,
  MAGIC,
  type TensorType,
  tensorTypes,
  type ValueType,
  VERSION,
  valueTypes,
} from './format.ts';

export type Metadata = number | bigint | boolean | string | readonly Metadata[];

/** A tensor as it lies in the file; `type` is undefined where it is none that nanobard reads. */
export interface FoundTensor {
  /** Outermost dimension first. */
  readonly shape: Shape;
  readonly type: TensorType | undefined;
  /** ggml's number of the type. */
  readonly typeNumber: number;
  readonly bytes: Uint8Array;
}

export interface GGUF {
  readonly metadata: ReadonlyMap<string, Metadata>;
  readonly tensors: ReadonlyMap<string, FoundTensor>;
}

/** The least bytes that an entry of each list takes: more than fit cannot be there. */
const [LEAST_ENTRY, LEAST_TENSOR] = [8 + 4 + 1, 8 + 4 + 4 + 8];
const MAX_RANK = 4; // ggml's
const MAX_ALIGNMENT = 2 ** 16;

/**
 * Reads a GGUF file of version 2 or 3. Tensors are views into `bytes`, not copies.
 *
 * @throws {NanobardError} code `checkpoint` if the file departs from the format in any way: cut short, a count or a
 *   length that it has no room for, lists within lists, something twice, tensors that overlap or lie outside.
 */
export function decodeGGUF(bytes: Uint8Array): GGUF {
  const reader = new Reader(bytes);
  check(bytes.length >= 24 && reader.u32() === MAGIC, 'the file does not begin with "GGUF"');
  const version = reader.u32();
  check(
    version === 2 || version === VERSION,
    `version ${version} is not one that nanobard reads, 2 or 3, little-endian`,
  );
  const tensorCount = reader.count('tensors', LEAST_TENSOR);
  const entryCount = reader.count('metadata entries', LEAST_ENTRY);
  const metadata = new Map<string, Metadata>();
  for (let i = 0; i < entryCount; i++) {
    const key = reader.text();
    check(!metadata.has(key), `the metadata entry ${JSON.stringify(key)} is there twice`);
    metadata.set(key, reader.value());
  }
  const described = Array.from({ length: tensorCount }, () => reader.tensor());
  const start = align(reader.position, alignmentOf(metadata));
  return {
    metadata,
    tensors: placed(described, bytes.subarray(Math.min(start, bytes.length)), alignmentOf(metadata)),
  };
}

interface Described {
  readonly name: string;
  readonly shape: Shape;
  readonly typeNumber: number;
  readonly offset: number;
}

function alignmentOf(metadata: ReadonlyMap<string, Metadata>): number {
  const alignment = metadata.get('general.alignment') ?? ALIGNMENT;
  const fine =
    typeof alignment === 'number' &&
    alignment >= 1 &&
    alignment <= MAX_ALIGNMENT &&
    Number.isInteger(Math.log2(alignment));
  check(fine, `general.alignment is ${alignment}, not a power of two up to ${MAX_ALIGNMENT}`);
  return alignment;
}

/** Where tensors of unknown types end is not known; they end before the next one begins, at the latest. */
function placed(
  described: readonly Described[],
  data: Uint8Array,
  alignment: number,
): Map<string, FoundTensor> {
  const inOrder = [...described].sort((a, b) => a.offset - b.offset);
  const found = new Map<string, FoundTensor>();
  inOrder.forEach(({ name, shape, typeNumber, offset }, i) => {
    const where = `tensor ${JSON.stringify(name)}`;
    const type = (Object.keys(tensorTypes) as TensorType[]).find(
      (key) => tensorTypes[key].number === typeNumber,
    );
    const next = inOrder[i + 1]?.offset ?? data.length;
    const elements = shape.reduce((a, b) => a * b, 1);
    const { block, bytes } = type ? tensorTypes[type] : { block: 1, bytes: 0 };
    check(
      (shape.at(-1) ?? 1) % block === 0,
      `${where} of shape ${formatShape(shape)} has rows that are no whole blocks`,
    );
    const end = offset + (elements / block) * bytes;
    check(offset % alignment === 0, `${where} begins at ${offset}, which is no multiple of ${alignment}`);
    check(
      end <= data.length,
      `${where} ends at byte ${end} of the data, but the file has only ${data.length}`,
    );
    check(end <= next, `${where} ends at byte ${end}, within the next, which begins at ${next}`);
    check(!found.has(name), `${where} is there twice`);
    found.set(name, { shape, type, typeNumber, bytes: data.subarray(offset, end) });
  });
  return found;
}

const typeNames = new Map<number, ValueType>(
  Object.entries(valueTypes).map(([name, number]) => [number, name as ValueType]),
);

/** The least bytes that a value of each type takes. */
const leastBytes: Record<ValueType, number> = {
  ...{ u8: 1, i8: 1, bool: 1, u16: 2, i16: 2, u32: 4, i32: 4, f32: 4 },
  ...{ u64: 8, i64: 8, f64: 8, text: 8, array: 12 },
};

/** What is read next; nothing beyond the end of the file. */
class Reader {
  position = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  u64(what: string): number {
    const value = this.view.getBigUint64(this.take(8), true);
    check(value <= Number.MAX_SAFE_INTEGER, `${what} is ${value}, more than any file has`);
    return Number(value);
  }

  /** How many of something follow, of which each takes so many bytes at least. */
  count(what: string, least: number): number {
    const count = this.u64(`the number of ${what}`);
    const rest = this.bytes.length - this.position;
    check(count * least <= rest, `it claims to have ${count} ${what}, but only ${rest} bytes follow`);
    return count;
  }

  text(): string {
    const length = this.count('bytes of a text', 1);
    const start = this.take(length);
    // A copy, because browsers do not decode shared memory.
    const utf8 = new Uint8Array(this.bytes.subarray(start, start + length));
    return new TextDecoder().decode(utf8);
  }

  value(): Metadata {
    const type = this.type();
    if (type !== 'array') return this.single(type);
    const of = this.type();
    check(of !== 'array', 'a list within a list is nothing that a model needs');
    return Array.from({ length: this.count(`values of a list`, leastBytes[of]) }, () => this.single(of));
  }

  tensor(): Described {
    const name = this.text();
    const rank = this.u32();
    check(rank <= MAX_RANK, `tensor ${JSON.stringify(name)} has ${rank} dimensions, more than ${MAX_RANK}`);
    const shape = Array.from({ length: rank }, () => this.u64('a size of a tensor')).reverse();
    const elements = shape.reduce((a, b) => a * b, 1);
    check(
      Number.isSafeInteger(elements),
      `tensor ${JSON.stringify(name)} has the shape ${formatShape(shape)}`,
    );
    return { name, shape, typeNumber: this.u32(), offset: this.u64('an offset') };
  }

  private type(): ValueType {
    const number = this.u32();
    const type = typeNames.get(number);
    check(type !== undefined, `a metadata entry has the unknown type ${number}`);
    return type;
  }

  private single(type: Exclude<ValueType, 'array'>): Metadata {
    if (type === 'text') return this.text();
    const at = this.take(leastBytes[type]);
    switch (type) {
      case 'u8':
        return this.view.getUint8(at);
      case 'i8':
        return this.view.getInt8(at);
      case 'bool':
        return this.view.getUint8(at) !== 0;
      case 'u16':
        return this.view.getUint16(at, true);
      case 'i16':
        return this.view.getInt16(at, true);
      case 'u32':
        return this.view.getUint32(at, true);
      case 'i32':
        return this.view.getInt32(at, true);
      case 'f32':
        return this.view.getFloat32(at, true);
      case 'u64':
        return this.view.getBigUint64(at, true);
      case 'i64':
        return this.view.getBigInt64(at, true);
      case 'f64':
        return this.view.getFloat64(at, true);
    }
  }

  /** Where so many bytes begin, which are now read. */
  private take(count: number): number {
    const at = this.position;
    check(
      at + count <= this.bytes.length,
      `the file ends after ${this.bytes.length} bytes, within its header`,
    );
    this.position = at + count;
    return at;
  }
}

function check(condition: boolean, problem: string): asserts condition {
  if (condition) return;
  throw new NanobardError('checkpoint', `GGUF: ${problem}`, {
    hint: 'The file is damaged, or not what its name says.',
  });
}
