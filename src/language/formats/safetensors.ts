import * as v from 'valibot';
import { NanobardError } from '../../engine/errors.ts';
import { formatShape, type Shape, sizeOf } from '../../engine/tensor/shape.ts';
import { bfloat16ToFloat32, float16ToFloat32 } from './half-precision.ts';

export { float16ToFloat32, float32ToFloat16 } from './half-precision.ts';

// Format: https://github.com/huggingface/safetensors#format
//
//   8 bytes   N, length of the header, little-endian
//   N bytes   JSON {"name": {"dtype", "shape", "data_offsets": [begin, end]}, …, "__metadata__": {…}},
//             starts with "{", may end in spaces
//   the rest  the tensors, row-major, little-endian like WebAssembly's memory; offsets count from here

/** The array that holds each dtype. F16 and BF16 are kept as bits (see `toFloat32`), BOOL as 0 and 1. */
const ARRAYS = {
  F64: Float64Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type SafetensorsDType = keyof typeof ARRAYS;

/** A tensor as it lies in a file: `data` has one element for each of `shape`, row-major. */
export type SafetensorsTensor = {
  [D in SafetensorsDType]: {
    readonly dtype: D;
    readonly shape: Shape;
    readonly data: (typeof ARRAYS)[D]['prototype'];
  };
}[SafetensorsDType];

/** The contents of a safetensors file; the tensors are in the order in which their data is stored. */
export interface Safetensors {
  readonly tensors: Map<string, SafetensorsTensor>;
  readonly metadata: Record<string, string>;
}

const LENGTH_BYTES = 8;
/** The limit of the reference implementation, so that a damaged length cannot ask for gigabytes of JSON. */
const MAX_HEADER_BYTES = 100_000_000;
const METADATA = '__metadata__';

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const TensorEntry = v.object({
  dtype: v.picklist(
    Object.keys(ARRAYS) as SafetensorsDType[],
    (issue) => `${issue.received} is not a type that nanobard reads`,
  ),
  shape: v.array(Count),
  data_offsets: v.strictTuple([Count, Count]),
});

type TensorEntry = v.InferOutput<typeof TensorEntry>;

/**
 * The bytes of a safetensors file. Every tensor is copied once, into the result.
 *
 * Wider elements are stored first, so that each tensor is aligned for its type; among equally wide
 * ones the order of `tensors` is kept.
 *
 * @throws NanobardError `shape` if a tensor's data does not fill its shape,
 *   `argument` for a tensor called `__metadata__`, a name that the format reserves.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, SafetensorsTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const { header, order, dataBytes } = layOut(tensors, metadata);
  const bytes = new Uint8Array(header.length + dataBytes);
  bytes.set(header);
  let offset = header.length;
  for (const [name, { shape, data }] of order) {
    checkFilled(name, shape, data);
    bytes.set(bytesOf(data), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/** A tensor whose elements are read when they are asked for. */
export interface LazyTensor {
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  readonly read: () => Promise<SafetensorsTensor['data']>;
}

/**
 * The same bytes as `encodeSafetensors` in pieces, one for each tensor: a file that is larger than what memory has left.
 *
 * @throws NanobardError as `encodeSafetensors` does.
 */
export async function* safetensorsChunks(
  tensors: ReadonlyMap<string, LazyTensor>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array, void, void> {
  const { header, order } = layOut(tensors, metadata);
  yield header;
  for (const [name, { shape, read }] of order) {
    const data = await read();
    checkFilled(name, shape, data);
    yield bytesOf(data);
  }
}

/** The header, the order of the tensors' data, and how much of that there is. */
function layOut<T extends { readonly dtype: SafetensorsDType; readonly shape: Shape }>(
  tensors: ReadonlyMap<string, T>,
  metadata: Readonly<Record<string, string>>,
): { readonly header: Uint8Array; readonly order: readonly [string, T][]; readonly dataBytes: number } {
  const widthOf = ({ dtype }: T): number => ARRAYS[dtype].BYTES_PER_ELEMENT;
  const order = [...tensors].sort(([, a], [, b]) => widthOf(b) - widthOf(a));
  // The members are joined by hand: an object would move names that look like numbers to the front.
  const members = Object.keys(metadata).length > 0 ? [`"${METADATA}":${JSON.stringify(metadata)}`] : [];
  let dataBytes = 0;
  for (const [name, tensor] of order) {
    if (name === METADATA) {
      throw new NanobardError('argument', `safetensors: a tensor cannot be called ${METADATA}`, {
        hint: 'The format reserves this name; choose another.',
      });
    }
    const { dtype, shape } = tensor;
    const end = dataBytes + sizeOf(shape) * widthOf(tensor);
    members.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [dataBytes, end] })}`,
    );
    dataBytes = end;
  }
  const json = new TextEncoder().encode(`{${members.join(',')}}`);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(LENGTH_BYTES + headerBytes).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(headerBytes), true);
  header.set(json, LENGTH_BYTES);
  return { header, order, dataBytes };
}

function checkFilled(name: string, shape: Shape, { length }: SafetensorsTensor['data']): void {
  if (length === sizeOf(shape)) return;
  const message = `safetensors: the ${length} elements of tensor ${JSON.stringify(name)} do not fill its shape ${formatShape(shape)}`;
  throw new NanobardError('shape', message);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: SafetensorsTensor['data']): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/**
 * Reads a safetensors file. Tensors are views into `bytes`, not copies, wherever `bytes` lies in its
 * buffer such that they are aligned for their type.
 *
 * @throws NanobardError `checkpoint` if the file departs from the format in any way: cut short, a header
 *   that is not the JSON it should be, an unknown dtype, a shape that does not account for the tensor's
 *   bytes, tensors that overlap or leave bytes unused.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  const { header, data } = splitFile(bytes);
  const { [METADATA]: metadata = {}, ...described } = header;
  checkMetadata(metadata);
  const entries = Object.entries(described).map(([name, value]) => [name, readEntry(name, value)] as const);
  entries.sort(([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1]);
  const tensors = new Map<string, SafetensorsTensor>();
  let position = 0; // tensors must follow one another from the first byte to the last
  for (const [name, entry] of entries) {
    checkPlace(`tensor ${JSON.stringify(name)}`, entry, position, data.length);
    tensors.set(name, readTensor(data, entry));
    position = entry.data_offsets[1];
  }
  check(position === data.length, `the last ${data.length - position} bytes of the file belong to no tensor`);
  return { tensors, metadata };
}

/**
 * The elements of a floating-point tensor in single precision: exact for F16 and BF16, rounded for F64,
 * and the tensor's own memory for F32.
 *
 * @throws NanobardError `checkpoint` for a tensor of integers, which weights never are.
 */
export function toFloat32(tensor: SafetensorsTensor): Float32Array {
  switch (tensor.dtype) {
    case 'F32':
      return tensor.data;
    case 'F64':
      return Float32Array.from(tensor.data);
    case 'F16':
      return float16ToFloat32(tensor.data);
    case 'BF16':
      return bfloat16ToFloat32(tensor.data);
    default: {
      const message = `safetensors: a tensor of ${tensor.dtype} and shape ${formatShape(tensor.shape)} does not hold floating-point numbers`;
      throw new NanobardError('checkpoint', message, {
        hint: 'Weights must be stored as F32, F64, F16 or BF16.',
      });
    }
  }
}

function splitFile(bytes: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  const { length } = bytes;
  check(length >= LENGTH_BYTES, `the file ends after ${length} bytes, within the length of its header`);
  const headerBytes = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  check(
    headerBytes <= MAX_HEADER_BYTES,
    `the header claims to have ${headerBytes} bytes, more than the ${MAX_HEADER_BYTES} allowed`,
  );
  const dataStart = LENGTH_BYTES + headerBytes;
  check(dataStart <= length, `the header should end at byte ${dataStart}, but the file has ${length}`);
  check(bytes[LENGTH_BYTES] === 0x7b, 'the header does not begin with "{"');
  try {
    // A copy, because browsers do not decode shared memory; of a Node Buffer, `slice` would be a view.
    const json = new Uint8Array(bytes.subarray(LENGTH_BYTES, dataStart));
    const header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
    return { header, data: bytes.subarray(dataStart) };
  } catch (cause) {
    throw damaged(`the header is not JSON (${(cause as Error).message})`, cause);
  }
}

/** Not valibot's record(), which drops keys such as "constructor". */
function checkMetadata(value: unknown): asserts value is Record<string, string> {
  const fine = typeof value === 'object' && value !== null && !Array.isArray(value);
  check(fine, `${METADATA} is not an object`);
  for (const [key, text] of Object.entries(value as object))
    check(typeof text === 'string', `${METADATA}: ${JSON.stringify(key)} is not a string`);
}

function readEntry(name: string, value: unknown): TensorEntry {
  const result = v.safeParse(TensorEntry, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  const problem = `tensor ${JSON.stringify(name)}${path === null ? '' : `, ${path}`}: ${issue.message}`;
  if (path !== 'dtype' || typeof issue.input !== 'string') throw damaged(problem);
  throw new NanobardError('checkpoint', `safetensors: ${problem}`, {
    hint: `Convert it to one of ${Object.keys(ARRAYS).join(', ')} with the tool that wrote the file.`,
  });
}

/** Whether a tensor begins where the one before it ended, and has as many bytes as its shape takes. */
function checkPlace(where: string, entry: TensorEntry, position: number, dataBytes: number): void {
  const { dtype, shape } = entry;
  const [begin, end] = entry.data_offsets;
  check(end >= begin, `${where} ends at byte ${end}, before it begins at ${begin}`);
  check(end <= dataBytes, `${where} ends at byte ${end} of the data, but the file has only ${dataBytes}`);
  check(
    begin >= position,
    `${where} begins at byte ${begin}, within the tensor before it, which ends at ${position}`,
  );
  check(begin === position, `bytes ${position} to ${begin}, before ${where}, belong to no tensor`);
  const needed = sizeOf(shape) * ARRAYS[dtype].BYTES_PER_ELEMENT;
  check(
    end - begin === needed,
    `${where} has ${end - begin} bytes, but ${dtype} of shape ${formatShape(shape)} needs ${needed}`,
  );
}

function readTensor(data: Uint8Array, { dtype, shape, data_offsets }: TensorEntry): SafetensorsTensor {
  const array = ARRAYS[dtype] as {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBufferLike, byteOffset: number, length: number): SafetensorsTensor['data'];
  };
  const stored = data.subarray(...data_offsets);
  const { buffer, byteOffset } =
    stored.byteOffset % array.BYTES_PER_ELEMENT === 0 ? stored : new Uint8Array(stored);
  const elements = new array(buffer, byteOffset, stored.length / array.BYTES_PER_ELEMENT);
  return { dtype, shape, data: elements } as SafetensorsTensor;
}

function check(fine: boolean, problem: string): void {
  if (!fine) throw damaged(problem);
}

function damaged(problem: string, cause?: unknown): NanobardError {
  return new NanobardError('checkpoint', `safetensors: ${problem}`, {
    hint: 'The file is damaged, cut short or not a safetensors file; copy or download it again.',
    cause,
  });
}
