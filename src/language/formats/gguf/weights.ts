import { float16ToFloat32, float32ToFloat16 } from '../half-precision.ts';
import { type TensorType, tensorTypes } from './format.ts';

const BLOCK = tensorTypes.q8_0.block;
const BLOCK_BYTES = tensorTypes.q8_0.bytes;

/** The bytes of weights; of q8_0 the number of elements must be a multiple of 32. */
export function encodeWeights(data: Float32Array, type: TensorType): Uint8Array {
  switch (type) {
    case 'f32':
      return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    case 'f16':
      return new Uint8Array(float32ToFloat16(data).buffer);
    case 'q8_0':
      return encodeBlocks(data);
  }
}

/** What `encodeWeights` has written, from any place in memory. */
export function decodeWeights(bytes: Uint8Array, type: TensorType): Float32Array<ArrayBuffer> {
  const { buffer } = new Uint8Array(bytes); // a copy: aligned
  switch (type) {
    case 'f32':
      return new Float32Array(buffer);
    case 'f16':
      return float16ToFloat32(new Uint16Array(buffer));
    case 'q8_0':
      return decodeBlocks(buffer);
  }
}

/** The largest of each block stands at ±127. */
function encodeBlocks(data: Float32Array): Uint8Array {
  const count = data.length / BLOCK;
  const exact = Float32Array.from({ length: count }, (_, i) =>
    data.subarray(i * BLOCK, (i + 1) * BLOCK).reduce((max, value) => Math.max(max, Math.abs(value) / 127), 0),
  );
  const halves = float32ToFloat16(exact);
  const scales = float16ToFloat32(halves);
  const bytes = new Uint8Array(count * BLOCK_BYTES);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const at = i * BLOCK_BYTES;
    view.setUint16(at, halves[i]!, true);
    if (scales[i] === 0) continue;
    for (let j = 0; j < BLOCK; j++) {
      const value = Math.round(data[i * BLOCK + j]! / scales[i]!);
      view.setInt8(at + 2 + j, Math.max(-127, Math.min(127, value)));
    }
  }
  return bytes;
}

function decodeBlocks(buffer: ArrayBuffer): Float32Array<ArrayBuffer> {
  const view = new DataView(buffer);
  const count = buffer.byteLength / BLOCK_BYTES;
  const scales = float16ToFloat32(
    Uint16Array.from({ length: count }, (_, i) => view.getUint16(i * BLOCK_BYTES, true)),
  );
  const data = new Float32Array(count * BLOCK);
  for (let i = 0; i < count; i++) {
    const at = i * BLOCK_BYTES + 2;
    for (let j = 0; j < BLOCK; j++) data[i * BLOCK + j] = scales[i]! * view.getInt8(at + j);
  }
  return data;
}
