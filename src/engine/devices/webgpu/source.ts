import type { Dispatch, GpuView, WgslKernel } from '../../ops/shared/webgpu.ts';
import { declarations } from '../../ops/wgsl.generated.ts';
import { type Shape, sizeOf } from '../../tensor/index.ts';
import { accessors, type Binding, bind, HALF_OF, type Operand } from './bindings.ts';

/** Storage buffers that every adapter lets a kernel see. */
const STORAGE_BUFFERS = 8;
/** Groups that every adapter lets a dispatch have in one dimension. */
const MOST_GROUPS = 65_535;

/** What threads find out together, and the same with fewer barriers where a group is made of whole subgroups. */
const bySubgroups: Readonly<Record<string, string>> = {
  sumLanes: 'sumLanesBySubgroups',
  maxLanes: 'maxLanesBySubgroups',
};

/** The largest number of f32: WGSL has no constants beyond. */
const LARGEST = 3.4028234663852886e38;

/** A dispatch as WebGPU takes it. */
export interface Assembled {
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly groups: readonly [x: number, y: number];
}

/**
 * The whole text of a kernel for one dispatch: constants, accessors, all that it uses, and where threads begin.
 * `subgroup` is the number of threads that a subgroup has at most; 0 where there are none.
 */
export function assemble<K extends WgslKernel>(
  kernel: K,
  dispatch: Dispatch<K>,
  subgroup: number,
): Assembled {
  const {
    groups,
    threads,
    apply,
    operands: views = {},
    constants = {},
    indices = {},
  }: Loose = dispatch as Loose;
  const whole = subgroup > 0 && threads >= subgroup;
  const body = link([kernel, ...(apply === undefined ? [] : [apply])], whole ? bySubgroups : {});
  const inSubgroups = /\bsubgroupLane\b/.test(body);
  const operands: Record<string, Operand> = {};
  for (const [name, view] of Object.entries(views))
    operands[name] = { view, accessors: accessorsOf(name, body) };
  const bound = bind(operands, STORAGE_BUFFERS);
  const halves = bound.bindings.some(({ f16 }) => f16);
  const width = Math.min(groups, MOST_GROUPS);
  const height = Math.ceil(groups / Math.max(1, width));
  const code = [
    ...(halves ? ['enable f16;'] : []),
    ...(inSubgroups ? ['enable subgroups;', `const SUBGROUP = ${subgroup}u;`] : []),
    ...(halves ? [HALF_OF] : []),
    ...Object.entries({ THREADS: threads, ...constants }).map(
      ([name, value]) => `const ${name} = ${Math.max(-LARGEST, Math.min(LARGEST, value))};`,
    ),
    accessors(operands, bound),
    ...Object.entries(indices).map(([name, { shape, strides }]) => indexFunction(name, shape, strides)),
    apply === undefined ? body : body.replace(/\bapply\(/g, `${apply}(`),
    `@compute @workgroup_size(${threads})`,
    'fn main(@builtin(workgroup_id) id: vec3<u32>, @builtin(local_invocation_index) lane: u32',
    ...(inSubgroups
      ? [
          ', @builtin(subgroup_invocation_id) ownLane: u32, @builtin(subgroup_size) lanesOfOwn: u32) {',
          'subgroupLane = ownLane;',
          'subgroupLanes = lanesOfOwn;',
        ]
      : [') {']),
    ...(height === 1
      ? [`${kernel}(id.x, lane);`]
      : [`let group = id.x + id.y * ${width}u;`, `if (group < ${groups}u) { ${kernel}(group, lane); }`]),
    '}',
  ].join('\n');
  return { code, bindings: bound.bindings, groups: [width, height] };
}

/** A dispatch of any kernel, as `Dispatch` gives it for one. */
interface Loose {
  readonly groups: number;
  readonly threads: number;
  readonly apply?: string;
  readonly operands?: Readonly<Record<string, GpuView>>;
  readonly constants?: Readonly<Record<string, number>>;
  readonly indices?: Readonly<Record<string, Pick<GpuView, 'shape' | 'strides'>>>;
}

/** These declarations and all that they use, some of it replaced. */
function link(names: readonly string[], replaced: Readonly<Record<string, string>>): string {
  const linked = new Set(names); // a set walks what is added on the way
  for (const name of linked)
    for (const other of declarations[name]!.uses) linked.add(replaced[other] ?? other);
  return [...linked]
    .map((name) => declarations[name]!.text.replace(/\b\w+(?=\()/g, (called) => replaced[called] ?? called))
    .join('\n');
}

function accessorsOf(operand: string, body: string): string[] {
  const names = ['load', 'load4', 'store', 'store4', 'bits', 'set_bits'];
  return names.filter((name) => new RegExp(`\\b${name}_${operand}\\b`).test(body));
}

/** Where element i of a view lies, as few divisions as its strides allow. */
function indexFunction(name: string, shape: Shape, strides: readonly number[]): string {
  const loops = collapse(shape, strides);
  const terms: string[] = [];
  let size = sizeOf(loops.map(({ extent }) => extent));
  for (const [d, { extent, stride }] of loops.entries()) {
    size /= extent;
    if (stride === 0) continue;
    const quotient = size === 1 ? 'i' : `i / ${size}u`;
    const position = d === 0 ? quotient : `(${quotient}) % ${extent}u`;
    terms.push(stride === 1 ? position : `(${position}) * ${stride}u`);
  }
  return `fn at_${name}(i: u32) -> u32 { return ${terms.join(' + ') || '0u'}; }`;
}

/** Dimensions that are walked without a jump become one; those of extent 1 are left out. */
function collapse(shape: Shape, strides: readonly number[]): { extent: number; stride: number }[] {
  const loops: { extent: number; stride: number }[] = [];
  for (const [d, extent] of shape.entries()) {
    const stride = strides[d]!;
    const outer = loops.at(-1);
    if (extent === 1) continue;
    if (outer && outer.stride === extent * stride)
      loops[loops.length - 1] = { extent: outer.extent * extent, stride };
    else loops.push({ extent, stride });
  }
  return loops;
}
