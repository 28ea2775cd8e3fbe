import type { Shape } from '../../tensor/shape.ts';
import type { CpuView } from './kernel.ts';

/** `U` for each of `T`. */
type Each<T extends readonly unknown[], U> = { readonly [K in keyof T]: U };

/** The loops that visit several views of one shape together, as few as possible. */
interface Nest<T extends readonly unknown[]> {
  /** Outermost first. */
  readonly extents: readonly number[];
  /** For each view its stride in each loop, in elements. */
  readonly strides: Each<T, readonly number[]>;
  /** Where in memory each view starts. */
  readonly addresses: Each<T, number>;
}

/**
 * Merges dimensions that all views walk through without a jump, drops those of extent 1, and pads
 * with outer loops of extent 1 up to `depth`. Undefined if more than `depth` loops remain.
 */
function collapse(
  shape: Shape,
  views: readonly CpuView[],
  depth: number,
): Nest<readonly CpuView[]> | undefined {
  const extents: number[] = [];
  const strides: number[][] = views.map(() => []);
  for (let i = shape.length - 1; i >= 0; i--) {
    const extent = shape[i]!;
    if (extent === 1) continue;
    const inner = extents[0];
    const continues =
      inner !== undefined && views.every((view, v) => view.strides[i] === strides[v]![0]! * inner);
    if (continues) {
      extents[0] = inner * extent;
    } else {
      extents.unshift(extent);
      for (const [v, view] of views.entries()) strides[v]!.unshift(view.strides[i]!);
    }
  }
  if (extents.length > depth) return undefined;
  while (extents.length < depth) {
    // A scalar still needs an innermost loop: its stride does not matter, since it runs once.
    const innermost = extents.length === 0;
    extents.unshift(1);
    for (const s of strides) s.unshift(innermost ? 1 : 0);
  }
  return { extents, strides, addresses: views.map((view) => view.address) };
}

/**
 * The loops that visit views of one shape together. Where more than `depth` are needed, there is a nest for
 * each index of the outermost dimension.
 */
export function nests<const T extends readonly CpuView[]>(views: T, depth: number): Nest<T>[];
export function nests(views: readonly CpuView[], depth: number): Nest<readonly CpuView[]>[] {
  const { shape } = views[0]!;
  const nest = collapse(shape, views, depth);
  if (nest) return [nest];
  const inner = (view: CpuView, i: number): CpuView => ({
    ...view,
    address: view.address + 4 * i * view.strides[0]!,
    shape: shape.slice(1),
    strides: view.strides.slice(1),
  });
  const parts = Array.from({ length: shape[0]! }, (_, i) => views.map((view) => inner(view, i)));
  return parts.flatMap((part) => nests(part, depth));
}

/** The first element of each part that the last `dims` dimensions are: a row (1), a matrix (2). */
export function headsOf(view: CpuView, dims: number): CpuView {
  return { ...view, shape: view.shape.slice(0, -dims), strides: view.strides.slice(0, -dims) };
}
