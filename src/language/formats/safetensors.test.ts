import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NanobardError } from '../../engine/errors.ts';
import { sizeOf } from '../../engine/tensor/shape.ts';
import { thrownBy } from '../../testing/thrown.ts';
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor, toFloat32 } from './safetensors.ts';

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });

/** A tensor of random bits (so NaNs and infinities too) or, where bits are not free, random values. */
const tensor: fc.Arbitrary<SafetensorsTensor> = shape.chain((shape) => {
  const exactly = (length: number) => ({ minLength: length, maxLength: length });
  const size = sizeOf(shape);
  const bytes = (width: number) => fc.uint8Array(exactly(size * width)).map((array) => array.buffer);
  return fc.oneof(
    bytes(8).map((buffer) => ({ dtype: 'F64' as const, shape, data: new Float64Array(buffer) })),
    bytes(8).map((buffer) => ({ dtype: 'I64' as const, shape, data: new BigInt64Array(buffer) })),
    bytes(8).map((buffer) => ({ dtype: 'U64' as const, shape, data: new BigUint64Array(buffer) })),
    bytes(4).map((buffer) => ({ dtype: 'F32' as const, shape, data: new Float32Array(buffer) })),
    bytes(4).map((buffer) => ({ dtype: 'I32' as const, shape, data: new Int32Array(buffer) })),
    bytes(4).map((buffer) => ({ dtype: 'U32' as const, shape, data: new Uint32Array(buffer) })),
    bytes(2).map((buffer) => ({ dtype: 'F16' as const, shape, data: new Uint16Array(buffer) })),
    bytes(2).map((buffer) => ({ dtype: 'BF16' as const, shape, data: new Uint16Array(buffer) })),
    bytes(2).map((buffer) => ({ dtype: 'I16' as const, shape, data: new Int16Array(buffer) })),
    bytes(2).map((buffer) => ({ dtype: 'U16' as const, shape, data: new Uint16Array(buffer) })),
    bytes(1).map((buffer) => ({ dtype: 'I8' as const, shape, data: new Int8Array(buffer) })),
    bytes(1).map((buffer) => ({ dtype: 'U8' as const, shape, data: new Uint8Array(buffer) })),
    bytes(1).map((buffer) => ({ dtype: 'BOOL' as const, shape, data: new Uint8Array(buffer) })),
  );
});

/** Names that objects treat specially, besides ordinary and random ones. */
const name = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('transformer.wte.weight', '__proto__', 'constructor', '0', ''),
);
const tensors = fc
  .array(fc.tuple(name, tensor), { maxLength: 6 })
  .map((entries) => new Map(entries.filter(([name]) => name !== '__metadata__')));
const metadata = fc
  .array(fc.tuple(name, fc.string({ unit: 'binary' })), { maxLength: 3 })
  .map((entries) => Object.fromEntries(entries));

/** A file with the header exactly as given. */
function fileOf(header: unknown, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function f32(begin: number, end: number, shape = [(end - begin) / 4]): unknown {
  return { dtype: 'F32', shape, data_offsets: [begin, end] };
}

/** Decodes, and lets only the error through that decoding is allowed to throw. */
function decodeOrRefuse(bytes: Uint8Array): void {
  try {
    decodeSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof NanobardError) || error.code !== 'checkpoint') throw error;
  }
}

describe('encodeSafetensors and decodeSafetensors', () => {
  it('give back what was stored', () => {
    fc.assert(
      fc.property(tensors, metadata, (tensors, metadata) => {
        const decoded = decodeSafetensors(encodeSafetensors(tensors, metadata));
        expect(Object.entries(decoded.metadata)).toEqual(Object.entries(metadata));
        expect(decoded.tensors.size).toBe(tensors.size);
        for (const [name, { dtype, shape, data }] of tensors) {
          const found = decoded.tensors.get(name)!;
          expect(found.dtype).toBe(dtype);
          expect(found.shape).toEqual(shape);
          expect(found.data.constructor).toBe(data.constructor);
          // Bytes, because two NaNs may differ.
          const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => [
            ...new Uint8Array(buffer, byteOffset, byteLength),
          ];
          expect(bytesOf(found.data)).toEqual(bytesOf(data));
        }
      }),
    );
  });

  it('keep the order of tensors of one width and store wider ones first', () => {
    const data = Uint8Array.of(1);
    const encoded = encodeSafetensors(
      new Map<string, SafetensorsTensor>([
        ['z', { dtype: 'U8', shape: [1], data }],
        ['10', { dtype: 'F32', shape: [1], data: Float32Array.of(1) }],
        ['9', { dtype: 'F32', shape: [], data: Float32Array.of(2) }],
        ['a', { dtype: 'BOOL', shape: [1], data }],
      ]),
    );
    expect([...decodeSafetensors(encoded).tensors.keys()]).toEqual(['10', '9', 'z', 'a']);
  });

  it('lay a file out byte for byte as the format says', () => {
    const encoded = encodeSafetensors(
      new Map([['w', { dtype: 'F32', shape: [1, 2], data: Float32Array.of(1, -2) }]]),
      { by: 'é' },
    );
    const json = '{"__metadata__":{"by":"é"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}';
    const padded = new TextEncoder().encode(`${json}     `);
    expect(padded.length).toBe(88);
    expect([...encoded]).toEqual([88, 0, 0, 0, 0, 0, 0, 0, ...padded, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  });

  it('view the file where alignment allows and copy where it does not', () => {
    const encoded = encodeSafetensors(
      new Map([['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]),
    );
    expect(decodeSafetensors(encoded).tensors.get('w')!.data.buffer).toBe(encoded.buffer);

    const shifted = new Uint8Array(encoded.length + 1).subarray(1);
    shifted.set(encoded);
    // A Buffer, because its `slice` is a view.
    for (const bytes of [shifted, Buffer.from(shifted.buffer, 1)]) {
      const { data } = decodeSafetensors(bytes).tensors.get('w')!;
      expect(data).toEqual(Float32Array.of(1, 2));
      expect(data.buffer).not.toBe(shifted.buffer);
    }
  });

  it('accept tensors and files in shared memory', () => {
    const data = new Float32Array(new SharedArrayBuffer(8));
    data.set([3, 4]);
    const encoded = encodeSafetensors(new Map([['w', { dtype: 'F32', shape: [2], data }]]));
    const shared = new Uint8Array(new SharedArrayBuffer(encoded.length));
    shared.set(encoded);
    expect([...decodeSafetensors(shared).tensors.get('w')!.data]).toEqual([3, 4]);
  });

  it('refuse to write what could not be read', () => {
    const data = new Float32Array(5);
    const misshapen = () => encodeSafetensors(new Map([['w', { dtype: 'F32', shape: [2, 3], data }]]));
    expect(thrownBy(misshapen)).toMatchObject({
      code: 'shape',
      message: 'safetensors: the 5 elements of tensor "w" do not fill its shape (2, 3)',
    });
    const reserved = () => encodeSafetensors(new Map([['__metadata__', { dtype: 'F32', shape: [5], data }]]));
    expect(thrownBy(reserved).code).toBe('argument');
  });
});

describe('decodeSafetensors refuses', () => {
  const beyond = fileOf({});
  beyond[0] = 200;
  const enormous = fileOf({});
  enormous[6] = 1;
  const notUtf8 = fileOf('{"a":1}');
  notUtf8[10] = 0xff;

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /ends after 0 bytes/],
    ['a file that ends in the length', new Uint8Array(7), /ends after 7 bytes/],
    ['a header beyond the file', beyond, /should end at byte 208, but the file has 10/],
    ['a header of terabytes', enormous, /claims to have 281474976710658 bytes/],
    ['a header of no bytes', new Uint8Array(8), /does not begin with "{"/],
    ['a header that is a list', fileOf('[]'), /does not begin with "{"/],
    ['a header that is not JSON', fileOf('{"a":'), /header is not JSON/],
    ['a header that is not UTF-8', notUtf8, /header is not JSON/],
    ['metadata that is a list', fileOf({ __metadata__: ['a'] }), /__metadata__ is not an object/],
    ['metadata that is not text', fileOf({ __metadata__: { n: 1 } }), /__metadata__: "n" is not a string/],
    ['an entry that is not an object', fileOf({ w: 1 }), /tensor "w": .*received 1/],
    ['an entry without a shape', fileOf({ w: { dtype: 'F32', data_offsets: [0, 0] } }), /tensor "w", shape/],
    ['a negative extent', fileOf({ w: f32(0, 4, [-1]) }, 4), /tensor "w", shape\.0/],
    ['a fractional extent', fileOf({ w: f32(0, 4, [1.5]) }, 4), /tensor "w", shape\.0/],
    ['a negative offset', fileOf({ w: f32(-4, 0) }), /tensor "w", data_offsets\.0/],
    ['an end before the begin', fileOf({ w: f32(4, 0, [1]) }, 4), /ends at byte 0, before it begins at 4/],
    ['a tensor beyond the file', fileOf({ w: f32(0, 8) }, 4), /ends at byte 8 of the data.* only 4/],
    ['tensors that overlap', fileOf({ a: f32(0, 8), b: f32(4, 12) }, 12), /"b" begins at byte 4, within/],
    [
      'a hole between tensors',
      fileOf({ a: f32(0, 4), b: f32(8, 12) }, 12),
      /bytes 4 to 8, before tensor "b"/,
    ],
    ['a hole before the first tensor', fileOf({ a: f32(4, 8) }, 8), /bytes 0 to 4, before tensor "a"/],
    ['bytes after the last tensor', fileOf({ a: f32(0, 4) }, 7), /last 3 bytes of the file belong to no/],
    ['a shape too large', fileOf({ w: f32(0, 4, [2]) }, 4), /has 4 bytes, but F32 of shape \(2\) needs 8/],
    ['a scalar of two elements', fileOf({ w: f32(0, 8, []) }, 8), /F32 of shape \(\) needs 4/],
  ])('%s', (_, bytes, message) => {
    const error = thrownBy(() => decodeSafetensors(bytes));
    expect(error.message).toMatch(message);
    expect(error.code).toBe('checkpoint');
    expect(error.hint).toMatch(/download it again/);
  });

  it('an unknown dtype, saying what to convert it to', () => {
    const entry = { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] };
    const error = thrownBy(() => decodeSafetensors(fileOf({ w: entry }, 1)));
    expect(error.message).toMatch(/tensor "w", dtype: "F8_E4M3" is not a type that nanobard reads/);
    expect(error.hint).toMatch(/F32/);
  });

  it('every truncation', () => {
    fc.assert(
      fc.property(
        tensors,
        metadata,
        fc.double({ min: 0, max: 1, maxExcluded: true }),
        (tensors, metadata, part) => {
          const encoded = encodeSafetensors(tensors, metadata);
          const cut = encoded.subarray(0, Math.floor(part * encoded.length));
          expect(thrownBy(() => decodeSafetensors(cut)).code).toBe('checkpoint');
        },
      ),
    );
  });

  it('damage, if at all, only with a NanobardError', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(tensors, metadata, flips, (tensors, metadata, flips) => {
        const bytes = encodeSafetensors(tensors, metadata);
        for (const [position, mask] of flips) bytes[position % bytes.length]! ^= mask;
        decodeOrRefuse(bytes);
      }),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.json(), fc.nat(16), (json, extra) => decodeOrRefuse(fileOf(json, extra))));
    fc.assert(fc.property(fc.uint8Array(), decodeOrRefuse));
  });
});

describe('toFloat32', () => {
  /** IEEE 754-2019, section 3.4: value of a binary format with 5 exponent and 10 mantissa bits. */
  function float16(bits: number): number {
    const sign = bits >> 15 === 1 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const mantissa = bits & 1023;
    if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15));
  }

  it('is exact for all 65,536 float16 numbers', () => {
    const data = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const floats = toFloat32({ dtype: 'F16', shape: [65536], data });
    expect(floats).toEqual(Float32Array.from(data, float16));
  });

  it('reads the bits of bfloat16 as the upper half of a float32', () => {
    const data = Uint16Array.of(0x3f80, 0xc049, 0x7f80, 0x8000, 0x0001);
    const floats = toFloat32({ dtype: 'BF16', shape: [5], data });
    expect(floats).toEqual(Float32Array.of(1, -3.140625, Infinity, -0, 2 ** -133));
  });

  it('rounds F64, hands F32 through and refuses integers', () => {
    const data = Float32Array.of(1);
    expect(toFloat32({ dtype: 'F32', shape: [1], data })).toBe(data);
    expect(toFloat32({ dtype: 'F64', shape: [1], data: Float64Array.of(0.1) })).toEqual(Float32Array.of(0.1));
    const integers = () => toFloat32({ dtype: 'I64', shape: [1], data: BigInt64Array.of(1n) });
    expect(thrownBy(integers).message).toMatch(/a tensor of I64 and shape \(1\)/);
  });
});

// Written by scripts/fixtures/gpt.py, whose writer shares nothing with this one.
describe('a file from PyTorch', () => {
  const file = readFileSync(new URL('../models/fixtures/gpt-bias.safetensors', import.meta.url));
  const { tensors, metadata } = decodeSafetensors(file);

  it('has its metadata, shapes and dtypes', () => {
    expect(JSON.parse(metadata.config!)).toEqual({
      vocabSize: 17,
      blockSize: 8,
      nLayer: 2,
      nHead: 2,
      nEmbd: 16,
      dropout: 0,
      bias: true,
    });
    expect(tensors.get('transformer.h.1.attn.c_attn.weight')).toMatchObject({
      dtype: 'F32',
      shape: [48, 16],
    });
    expect(tensors.get('inputs')).toMatchObject({ dtype: 'I32', shape: [10, 3, 8] });
    expect(tensors.get('loss')).toMatchObject({ dtype: 'F32', shape: [] });
    expect(tensors.get('f64.logits')).toMatchObject({ dtype: 'F64', shape: [3, 8, 17] });
  });
});
