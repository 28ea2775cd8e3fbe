// How tensors are printed: the rules of PyTorch's `torch/_tensor_str.py`, with the shape at the end.

import type { DType } from './dtype.ts';
import { formatShape, type Shape, sizeOf, stridesOf } from './shape.ts';

interface Printed {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly data: ArrayLike<number>;
}

/** Above this number of elements only the edges are shown. */
const THRESHOLD = 1000;
/** Entries at each end of a dimension that is cut. */
const EDGE = 3;
/** Characters in a line. */
const WIDTH = 80;

/** `tensor([[…], […]], shape (2, 3))`, rounded to four decimals; large tensors without their middle. */
export function formatTensor({ shape, dtype, data }: Printed): string {
  const cut = sizeOf(shape) > THRESHOLD;
  const indices = (extent: number): (number | undefined)[] =>
    cut && extent > 2 * EDGE
      ? [0, 1, 2, undefined, extent - 3, extent - 2, extent - 1]
      : Array.from({ length: extent }, (_, i) => i);
  const strides = stridesOf(shape);
  const shown: number[] = [];
  const collect = (dim: number, offset: number): void => {
    if (dim === shape.length) shown.push(data[offset]!);
    else
      for (const i of indices(shape[dim]!)) if (i !== undefined) collect(dim + 1, offset + i * strides[dim]!);
  };
  collect(0, 0);
  const format = numberFormat(shown, dtype);
  const width = Math.max(0, ...shown.map((value) => format(value).length));

  const prefix = 'tensor(';
  const render = (dim: number, offset: number): string => {
    if (dim === shape.length) return format(data[offset]!).padStart(width);
    const items = indices(shape[dim]!).map((i) =>
      i === undefined ? '...' : render(dim + 1, offset + i * strides[dim]!),
    );
    const indent = ' '.repeat(prefix.length + dim + 1);
    if (dim < shape.length - 1) return `[${items.join(`,${'\n'.repeat(shape.length - 1 - dim)}${indent}`)}]`;
    return `[${wrap(items, width, indent)}]`;
  };
  return `${prefix}${render(0, 0)}, shape ${formatShape(shape)})`;
}

/** Numbers of one row, in as many lines as they need. */
function wrap(items: readonly string[], width: number, indent: string): string {
  const perLine = Math.max(1, Math.floor((WIDTH - indent.length) / (width + 2)));
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += perLine) lines.push(items.slice(i, i + perLine).join(', '));
  return lines.join(`,\n${indent}`);
}

/** One way to write all of these numbers: whole, with four decimals, or with exponents where they differ a lot. */
function numberFormat(values: readonly number[], dtype: Printed['dtype']): (value: number) => string {
  if (dtype === 'i32') return String;
  const sizes = values.filter((value) => Number.isFinite(value) && value !== 0).map(Math.abs);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const finite = (write: (value: number) => string) => (value: number) =>
    Number.isFinite(value) ? write(value) : Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  if (sizes.length === 0) return finite((value) => `${value}.`);
  if (sizes.every(Number.isInteger) && most < 1e8) return finite((value) => `${value}.`);
  if (most / least > 1000 || most > 1e8 || least < 1e-4) return finite((value) => value.toExponential(4));
  return finite((value) => value.toFixed(4));
}
