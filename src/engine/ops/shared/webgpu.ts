import { BYTES_PER_ELEMENT, type DType } from '../../tensor/dtype.ts';
import type { InPlaceOf, Operation } from '../../tensor/operation.ts';
import { lastOf, type Shape, sizeOf } from '../../tensor/shape.ts';
import type { WgslFunction, wgslSignatures } from '../wgsl.generated.ts';
import type { KernelTraits } from './kernel.ts';
import type { ProductShape, Tile } from './tile.ts';

/** A stretch of memory that becomes one buffer of the GPU; what it holds is the device's business. */
export interface GpuBank {
  readonly bytes: number;
}

/** How elements lie in the GPU's memory. Kernels compute in f32 whatever f16 they read and write. */
export type GpuDType = Exclude<DType, 'q8'> | 'f16';

/** How elements of a type lie there: q8 weights as wide as others. */
export const gpuType = (dtype: DType): GpuDType => (dtype === 'q8' ? 'f32' : dtype);

/** Bytes of an element. */
export function bytesOf(dtype: GpuDType): number {
  return dtype === 'f16' ? 2 : BYTES_PER_ELEMENT;
}

/** What a WebGPU lowering sees: a place in a bank. Offset and strides count elements. */
export interface GpuView {
  readonly bank: GpuBank;
  readonly offset: number;
  readonly dtype: GpuDType;
  readonly shape: Shape;
  readonly strides: readonly number[];
}

type Signatures = typeof wgslSignatures;

/** The functions `fn name(group: u32, lane: u32)` of `*.wgsl`. */
export type WgslKernel = keyof Signatures;

type Given<Key extends string, Names extends readonly string[], T> = Names extends readonly []
  ? { readonly [K in Key]?: undefined }
  : { readonly [K in Key]: { readonly [N in Names[number]]: T } };

/**
 * One dispatch of a kernel. Its text names what it is given: `load_x`, `store_x`, `bits_x`, `set_bits_x` (the 32 bits,
 * whatever the type; of an f16 those of its value as f32) and `load4_x`, `store4_x` (four neighbours from an index on) reach operand `x`; words in capitals
 * are constants; `at_x(i)` is the place of element i, counted in row-major order, of the view given as index `x`.
 */
export type Dispatch<K extends WgslKernel> = {
  /** How many groups of threads there are, */
  readonly groups: number;
  /** and threads in a group: `THREADS`. */
  readonly threads: number;
} & Given<'operands', Signatures[K]['operands'], GpuView> &
  Given<'constants', Signatures[K]['constants'], number> &
  Given<'indices', Signatures[K]['indices'], Pick<GpuView, 'shape' | 'strides'>> &
  (Signatures[K]['applies'] extends true
    ? { /** The function that it calls `apply`. */ readonly apply: WgslFunction }
    : { readonly apply?: undefined });

export interface WebGpuTape {
  /** Appends one dispatch; each sees what those before it have written. */
  emit<K extends WgslKernel>(kernel: K, dispatch: Dispatch<K>): void;
  /**
   * Memory for so many words of 32 bits. It holds its contents until the operation's last kernel has run (the next
   * operation uses the same memory).
   */
  scratch(words: number): GpuView;
  /** Integers that a kernel looks up. */
  table(values: Int32Array<ArrayBuffer>): GpuView;
  /** Threads that work on a row of so many elements together: a power of two. */
  rowThreads(width: number): number;
  /** How to cut a matrix product. The choice changes how long it takes, and not a bit of it. */
  tileFor(product: ProductShape): Tile;
}

/** One call of the operation `Op`. */
export type WebGpuCall<Op> =
  Op extends Operation<infer I, infer O, infer A>
    ? {
        readonly inputs: InPlaceOf<I, GpuView>;
        readonly outputs: InPlaceOf<O, GpuView>;
        readonly attributes: A;
      }
    : never;

/** A kernel of the operation `Op` on the GPU. */
export type WebGpuKernel<Op> =
  Op extends Operation<infer I, infer O, infer A>
    ? KernelTraits & {
        /** Turns one call into dispatches. */
        lower(
          tape: WebGpuTape,
          inputs: InPlaceOf<I, GpuView>,
          outputs: InPlaceOf<O, GpuView>,
          attributes: A,
        ): void;
        /** Turns calls that follow one another, and of which none needs another, into fewer dispatches. */
        lowerAll?(tape: WebGpuTape, calls: readonly WebGpuCall<Op>[]): void;
      }
    : never;

/** Threads of a group where each works on elements of its own. */
const THREADS = 64;

/** A thread for each of `n` things. */
export function each(n: number): { groups: number; threads: number } {
  return { groups: Math.ceil(n / THREADS), threads: THREADS };
}

/** How many rows the last dimension makes of a view, and how wide they are: how most kernels see their operands. */
export function rowsOf({ shape }: Pick<GpuView, 'shape'>): { ROWS: number; WIDTH: number } {
  return { ROWS: sizeOf(shape.slice(0, -1)), WIDTH: lastOf(shape) };
}

/** The first element of each part that the last `dims` dimensions are: a row (1), a matrix (2). */
export function headsOf(view: GpuView, dims: number): Pick<GpuView, 'shape' | 'strides'> {
  return { shape: view.shape.slice(0, -dims), strides: view.strides.slice(0, -dims) };
}

/** Whether two views begin at the same place. */
export function samePlace(a: GpuView, b: GpuView): boolean {
  return a.bank === b.bank && a.offset === b.offset;
}

/** A number as the 32 bits that hold it: infinities and NaN cannot be written in WGSL. */
export function bitsOf(value: number, dtype: GpuDType): number {
  const words = new Uint32Array(1);
  if (dtype === 'i32') words[0] = value;
  else new Float32Array(words.buffer)[0] = value;
  return words[0]!;
}
