import { NanobardError } from '../../errors.ts';
import { bytesOf, type GpuBank, type GpuView } from '../../ops/shared/webgpu.ts';
import { ALIGNMENT } from '../../program/plan-memory.ts';
import { BYTES_PER_ELEMENT, sizeOf } from '../../tensor/index.ts';

/** An operand of a kernel, and how its text reaches it: the words before `_x` in `load_x`. */
export interface Operand {
  readonly view: GpuView;
  readonly accessors: readonly string[];
}

/** A stretch of a bank that a kernel sees as one array, of words or f16, each by itself or in vectors of four. */
export interface Binding {
  readonly bank: GpuBank;
  /** In bytes. */
  readonly offset: number;
  readonly size: number;
  readonly vectors: boolean;
  readonly f16: boolean;
}

interface Range {
  readonly bank: GpuBank;
  readonly start: number;
  readonly end: number;
  readonly f16: boolean;
  readonly operands: readonly string[];
}

/**
 * At most `limit` bindings that show all operands. WebGPU forbids that two of them overlap where one is written, so
 * operands that share memory share a binding; of what is still too much, neighbours in one bank are joined that
 * are closest.
 */
export function bind(
  operands: Readonly<Record<string, Operand>>,
  limit: number,
): { readonly bindings: readonly Binding[]; readonly bindingOf: ReadonlyMap<string, number> } {
  let ranges = join(
    Object.entries(operands).map(([name, { view }]) => ({ ...rangeOf(view), operands: [name] })),
    (a, b) => b.start < a.end,
  );
  while (ranges.length > limit) {
    const gaps = ranges
      .slice(1)
      .map((range, i) =>
        range.bank === ranges[i]!.bank && range.f16 === ranges[i]!.f16
          ? range.start - ranges[i]!.end
          : Infinity,
      );
    const smallest = Math.min(...gaps);
    if (smallest === Infinity)
      throw new NanobardError('internal', `a kernel needs ${ranges.length} storage buffers of ${limit}`);
    const at = gaps.indexOf(smallest);
    const [a, b] = ranges.slice(at, at + 2) as [Range, Range];
    ranges = ranges.toSpliced(at, 2, union(a, b));
  }
  const bindings = ranges.map(({ bank, start, end, f16, operands: names }) => {
    const vectors = canBeVectors(
      names.map((name) => operands[name]!),
      start,
    );
    const unit = vectors ? 4 * bytesOf(f16 ? 'f16' : 'f32') : BYTES_PER_ELEMENT;
    return { bank, offset: start, size: Math.ceil((end - start) / unit) * unit, vectors, f16 };
  });
  return {
    bindings,
    bindingOf: new Map(ranges.flatMap((range, i) => range.operands.map((name) => [name, i] as const))),
  };
}

/** The bytes that a view's elements lie in, from where a binding may begin. */
function rangeOf({ bank, offset, dtype, shape, strides }: GpuView): Omit<Range, 'operands'> {
  const last =
    sizeOf(shape) === 0 ? 0 : shape.reduce((sum, extent, d) => sum + (extent - 1) * strides[d]!, 0);
  const bytes = bytesOf(dtype);
  const start = Math.floor((bytes * offset) / ALIGNMENT) * ALIGNMENT;
  return { bank, start, end: bytes * (offset + last + 1), f16: dtype === 'f16' };
}

/** The ranges by bank and place, those in one that `belong` together. */
function join(ranges: readonly Range[], belong: (a: Range, b: Range) => boolean): Range[] {
  const banks = [...new Set(ranges.map(({ bank }) => bank))];
  return banks.flatMap((bank) => {
    const own = ranges.filter((range) => range.bank === bank).sort((a, b) => a.start - b.start);
    const joined: Range[] = [];
    for (const range of own) {
      const before = joined.at(-1);
      if (before && belong(before, range)) joined[joined.length - 1] = union(before, range);
      else joined.push(range);
    }
    return joined;
  });
}

function union(a: Range, b: Range): Range {
  return {
    bank: a.bank,
    f16: a.f16,
    start: a.start,
    end: Math.max(a.end, b.end),
    operands: [...a.operands, ...b.operands],
  };
}

/**
 * Whether an array of vectors serves all these operands: one is reached by fours, each of them begins and strides by
 * whole vectors, and none is written word by word.
 */
function canBeVectors(operands: readonly Operand[], start: number): boolean {
  const byFours = ({ accessors }: Operand): boolean => accessors.some((name) => name.endsWith('4'));
  const written = ({ accessors }: Operand): boolean =>
    accessors.includes('store') || accessors.includes('set_bits');
  const aligned = ({ view: { offset, dtype, shape, strides } }: Operand): boolean =>
    (bytesOf(dtype) * offset - start) % (4 * bytesOf(dtype)) === 0 &&
    strides.every((stride, d) => shape[d] === 1 || stride === 1 || stride % 4 === 0);
  return operands.some(byFours) && operands.every((operand) => aligned(operand) && !written(operand));
}

/** WGSL: the bindings, and for each operand the functions by which a kernel's text reaches it. */
export function accessors(
  operands: Readonly<Record<string, Operand>>,
  { bindings, bindingOf }: ReturnType<typeof bind>,
): string {
  const lines = bindings.map(({ vectors, f16 }, i) => {
    const type = f16 ? 'f16' : 'u32';
    return `@group(0) @binding(${i}) var<storage, read_write> b${i}: array<${vectors ? `vec4<${type}>` : type}>;`;
  });
  for (const [name, { view, accessors }] of Object.entries(operands)) {
    const binding = bindingOf.get(name)!;
    const { offset, vectors } = bindings[binding]!;
    const base = view.offset - offset / bytesOf(view.dtype);
    const at = base === 0 ? 'i' : `i + ${base}u`;
    if (view.dtype === 'f16') {
      const texts = halfAccessors(name, `b${binding}`, at, vectors);
      for (const accessor of accessors) lines.push(texts[accessor]!);
      continue;
    }
    const type = view.dtype;
    const b = `b${binding}`;
    const word = vectors ? `${b}[(${at}) / 4u][(${at}) % 4u]` : `${b}[${at}]`;
    const [w0, w1, w2, w3] = [0, 1, 2, 3].map((k) => `${b}[${base === 0 ? 'i' : `i + ${base}u`} + ${k}u]`);
    const texts: Readonly<Record<string, string>> = {
      load: `fn load_${name}(i: u32) -> ${type} { return bitcast<${type}>(${word}); }`,
      bits: `fn bits_${name}(i: u32) -> u32 { return ${word}; }`,
      store: `fn store_${name}(i: u32, value: ${type}) { ${word} = bitcast<u32>(value); }`,
      set_bits: `fn set_bits_${name}(i: u32, value: u32) { ${word} = value; }`,
      load4: vectors
        ? `fn load4_${name}(i: u32) -> vec4<${type}> { return bitcast<vec4<${type}>>(${b}[(${at}) / 4u]); }`
        : `fn load4_${name}(i: u32) -> vec4<${type}> { return bitcast<vec4<${type}>>(vec4<u32>(${w0}, ${w1}, ${w2}, ${w3})); }`,
      store4: vectors
        ? `fn store4_${name}(i: u32, value: vec4<${type}>) { ${b}[(${at}) / 4u] = bitcast<vec4<u32>>(value); }`
        : `fn store4_${name}(i: u32, value: vec4<${type}>) { let bits = bitcast<vec4<u32>>(value); ${w0} = bits.x; ${w1} = bits.y; ${w2} = bits.z; ${w3} = bits.w; }`,
    };
    for (const accessor of accessors) lines.push(texts[accessor]!);
  }
  return lines.join('\n');
}

/** WGSL: the functions that reach an operand of f16 elements, place `at` of array `b`, as f32. */
function halfAccessors(
  name: string,
  b: string,
  at: string,
  vectors: boolean,
): Readonly<Record<string, string>> {
  const element = vectors ? `${b}[(${at}) / 4u][(${at}) % 4u]` : `${b}[${at}]`;
  const four = [0, 1, 2, 3].map((k) => `${b}[${at} + ${k}u]`);
  const half4 = 'vec4<f16>(halfOf(value.x), halfOf(value.y), halfOf(value.z), halfOf(value.w))';
  return {
    load: `fn load_${name}(i: u32) -> f32 { return f32(${element}); }`,
    bits: `fn bits_${name}(i: u32) -> u32 { return bitcast<u32>(f32(${element})); }`,
    store: `fn store_${name}(i: u32, value: f32) { ${element} = halfOf(value); }`,
    set_bits: `fn set_bits_${name}(i: u32, value: u32) { ${element} = halfOf(bitcast<f32>(value)); }`,
    load4: vectors
      ? `fn load4_${name}(i: u32) -> vec4<f32> { return vec4<f32>(${b}[(${at}) / 4u]); }`
      : `fn load4_${name}(i: u32) -> vec4<f32> { return vec4<f32>(vec4<f16>(${four.join(', ')})); }`,
    store4: vectors
      ? `fn store4_${name}(i: u32, value: vec4<f32>) { ${b}[(${at}) / 4u] = ${half4}; }`
      : `fn store4_${name}(i: u32, value: vec4<f32>) { let half = ${half4}; ${four.map((place, k) => `${place} = half[${k}];`).join(' ')} }`,
  };
}

/** WGSL leaves open what becomes of numbers beyond f16: they are infinite here, and NaN stays NaN. */
export const HALF_OF = `fn halfOf(value: f32) -> f16 {
  let bits = bitcast<u32>(value);
  let size = bits & 0x7fffffffu;
  if (size < 0x477ff000u) { return f16(value); }
  let half = ((bits >> 16u) & 0x8000u) | select(0x7c00u, 0x7e00u, size > 0x7f800000u);
  return bitcast<vec2<f16>>(half).x;
}`;
