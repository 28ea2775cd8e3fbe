import { NanobardError } from '../../engine/errors.ts';
import { quantizeRow } from '../../engine/tensor/quantize.ts';
import { formatShape, sameShape } from '../../engine/tensor/shape.ts';
import type { StoredTensor } from './load-parameters.ts';
import type { SafetensorsTensor } from './safetensors.ts';

// Weights in 8 bits: of a matrix or table (rows, columns) the elements as int8, −127 to 127, and under the name with
// `.scale` behind it, f32 (rows), what one step is worth in each row: its largest magnitude / 127. So an element is off
// by half a step at most. Vectors, which are few and sensitive, stay f32.

const SCALE = '.scale';

/** The tensors that a file holds for the weight `name`. */
export function quantized(name: string, { shape, data }: StoredTensor): [string, SafetensorsTensor][] {
  const floats = Float32Array.from(data);
  if (shape.length !== 2) return [[name, { dtype: 'F32', shape, data: floats }]];
  const [rows, columns] = shape as [number, number];
  const steps = new Int8Array(floats.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const range = [row * columns, (row + 1) * columns] as const;
    scales[row] = quantizeRow(floats.subarray(...range), steps.subarray(...range));
  }
  return [
    [name, { dtype: 'I8', shape, data: steps }],
    [`${name}${SCALE}`, { dtype: 'F32', shape: [rows], data: scales }],
  ];
}

/** Whether a tensor holds the scales of another. */
export const isScale = (name: string, tensors: ReadonlyMap<string, SafetensorsTensor>): boolean =>
  name.endsWith(SCALE) && tensors.get(name.slice(0, -SCALE.length))?.dtype === 'I8';

/**
 * The weights of steps and scales.
 *
 * @throws {NanobardError} code `checkpoint` if the scales are missing or not one for each row.
 */
export function dequantized(
  name: string,
  shape: readonly number[],
  steps: Int8Array,
  tensors: ReadonlyMap<string, SafetensorsTensor>,
): Float32Array {
  const scales = tensors.get(`${name}${SCALE}`);
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || scales?.dtype !== 'F32' || !sameShape(scales.shape, [rows])) {
    const message = `the 8-bit tensor ${name} of shape ${formatShape(shape)} has no scale for each row`;
    throw new NanobardError('checkpoint', message, {
      hint: 'The file is damaged; copy or download it again.',
    });
  }
  const floats = new Float32Array(steps.length);
  for (let row = 0; row < rows; row++) {
    const scale = scales.data[row]!;
    for (let i = row * columns; i < (row + 1) * columns; i++) floats[i] = steps[i]! * scale;
  }
  return floats;
}
