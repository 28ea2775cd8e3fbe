import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { constant } from '../../engine/ops/constant/constant.ts';
import { mul } from '../../engine/ops/elementwise/elementwise.ts';
import { reshape } from '../../engine/ops/views/views.ts';
import { Input, type Tensor } from '../../engine/tensor/tensor.ts';
import { checkThreads, devices, expectClose, extent, RUNS, reference, values } from '../../testing/check.ts';
import { type Coefficients, newtonSchulz, type Scaled } from './newton-schulz.ts';

const KELLER_JORDAN: Coefficients = [3.4445, -4.775, 2.0315];
const FIVE = new Array<Coefficients>(5).fill(KELLER_JORDAN);
/** Amsel et al., "The Polar Express", 2025, algorithm 1: the first five iterations. */
const POLAR_EXPRESS: readonly Coefficients[] = [
  [8.28721201814563, -23.595886519098837, 17.300387312530933],
  [4.107059111542203, -2.9478499167379106, 0.5448431082926601],
  [3.9486908534822946, -2.908902115962949, 0.5518191394370137],
  [3.3184196573706015, -2.488488024314874, 0.51004894012372],
  [2.300652019954817, -1.6689039845747493, 0.4188073119525673],
];

/**
 * Five iterations magnify what belongs to a small singular value, errors included, by up to 3.4445⁵ = 485: a rounding
 * of 1.2e-7 becomes 6e-5. Polar Express, steeper, magnifies by 1,027.
 */
const TOLERANCE = 1e-4;

/**
 * Where a singular value is 1e-4 of the largest, rounding of the Gram matrix, whose eigenvalues are squares, is of its
 * order, and iterations bring it to 1 all the same. Measured: 7e-4.
 */
const NEARLY_SINGULAR = 2e-3;

type Matrix = number[][];
const transposed = (a: Matrix): Matrix => a[0]!.map((_, j) => a.map((row) => row[j]!));
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const combine = (a: Matrix, f: (x: number, i: number, j: number) => number): Matrix =>
  a.map((row, i) => row.map((x, j) => f(x, i, j)));

/** The iteration as the paper writes it, on the whole matrix. */
function plain(g: Matrix, coefficients: readonly Coefficients[]): Matrix {
  const norm = Math.hypot(...g.flat());
  let x = combine(g, (value) => value / (norm + 1e-7));
  for (const [a, b, c] of coefficients) {
    const gram = product(x, transposed(x));
    const square = product(gram, gram);
    const polynomial = combine(gram, (value, i, j) => b * value + c * square[i]![j]!);
    const step = product(polynomial, x);
    x = combine(x, (value, i, j) => a * value + step[i]![j]!);
  }
  return x;
}

/** A matrix of pseudo-random numbers that float32 holds exactly. */
function random(rows: number, columns: number, seed: number): Matrix {
  const { data } = values([rows, columns], seed);
  return Array.from({ length: rows }, (_, i) => Array.from(data).slice(i * columns, (i + 1) * columns));
}

const fround = (a: Matrix): Matrix => combine(a, Math.fround);

/** A constant (k, r, c) of the matrices. */
function stackOf(...matrices: Matrix[]): Tensor {
  const [head] = matrices;
  const shape = [matrices.length, head!.length, head![0]!.length];
  return constant(Float32Array.from(matrices.flat(2)), shape);
}

const whole = ({ directions, scales }: Scaled): Tensor =>
  mul(directions, reshape(scales, [scales.size, 1, 1]));

/** Holds all devices against the plain iteration. */
async function check(
  stacks: readonly Matrix[][],
  coefficients: readonly Coefficients[],
  tolerance: number,
): Promise<void> {
  const results = newtonSchulz(
    stacks.map((matrices) => stackOf(...matrices)),
    coefficients,
  );
  for (const [i, matrices] of stacks.entries()) {
    const expected = matrices.flatMap((matrix) => plain(matrix, coefficients).flat());
    for (const device of devices) {
      const { data } = await device.evaluate(whole(results[i]!));
      expectClose(data, expected, device === reference ? 1e-11 : tolerance, `${device.name} stack ${i}`);
    }
  }
}

/** Rows of the orthogonal cosine transform. */
const cosines = (n: number): Matrix =>
  Array.from({ length: n }, (_, i) =>
    Array.from(
      { length: n },
      (_, j) => Math.sqrt((i === 0 ? 1 : 2) / n) * Math.cos((Math.PI * i * (j + 0.5)) / n),
    ),
  );

describe('newtonSchulz', () => {
  it('brings all singular values close to 1 and leaves the singular vectors', async () => {
    const [r, c] = [12, 20];
    const [u, v] = [cosines(r), cosines(c).slice(0, r)];
    const sigma = u.map((_, i) => 3 * 0.02 ** (i / (r - 1))); // 3 … 0.06
    const wide = fround(
      product(
        transposed(u),
        combine(v, (x, i) => sigma[i]! * x),
      ),
    );
    const results = newtonSchulz([stackOf(wide), stackOf(transposed(wide))], FIVE);
    for (const device of devices) {
      const [o, t] = await Promise.all(
        results.map(async (result) => Array.from((await device.evaluate(whole(result))).data)),
      );
      const inside = (flat: number[], width: number): Matrix =>
        Array.from({ length: flat.length / width }, (_, i) => flat.slice(i * width, (i + 1) * width));
      for (const square of [
        product(product(u, inside(o!, c)), transposed(v)),
        product(product(v, inside(t!, r)), transposed(u)),
      ]) {
        for (const [i, row] of square.entries()) {
          for (const [j, x] of row.entries()) {
            if (i !== j) expect(Math.abs(x)).toBeLessThan(1e-4);
            else expect(Math.abs(x - 0.95)).toBeLessThan(0.35);
          }
        }
      }
    }
  });

  it('is the iteration on whole matrices, for wide, tall and square ones of the same Gram size', async () => {
    const stacks = [
      [random(9, 16, 1), random(9, 16, 2)],
      [random(16, 9, 3)],
      [random(7, 30, 4)],
      [random(30, 9, 5), random(30, 9, 6), random(30, 9, 7)],
      [random(1, 5, 8), random(1, 5, 9)],
      [random(5, 1, 10)],
    ];
    await check(stacks, FIVE, TOLERANCE);
    // Without a safety factor these are steep at 1, where the one singular value of a row lies.
    await check(stacks.slice(0, 4), POLAR_EXPRESS, TOLERANCE);
    await check(stacks, FIVE.slice(0, 1), 1e-6);
  });

  it('is the same where matrices are all but singular', async () => {
    const [r, c] = [30, 50];
    const one = product(random(r, 1, 1), random(1, c, 2));
    const noise = random(r, c, 3);
    const nearly = [0, 1e-5, 1e-3, 1e-2].map((share) =>
      fround(combine(one, (x, i, j) => x + share * noise[i]![j]!)),
    );
    const tiny = combine(noise, (x) => Math.fround(1e-12 * x));
    for (const matrix of [...nearly, tiny, fround(product(random(r, 5, 1), random(5, c, 2)))]) {
      await check([[matrix], [transposed(matrix)]], FIVE, NEARLY_SINGULAR);
    }
    // 8.3 · 4.1 · 3.9 · 3.3 · 2.3 is twice 3.4445⁵, measured 2.7e-3.
    await check([nearly], POLAR_EXPRESS, 6e-3);
  });

  it('makes zero of a zero gradient', async () => {
    const zero = combine(random(4, 6, 1), () => 0);
    const [result] = newtonSchulz([stackOf(random(4, 6, 1), zero)], FIVE);
    for (const device of devices) {
      const { data } = await device.evaluate(whole(result!));
      expect(data.subarray(24).every((x) => x === 0)).toBe(true);
      expect(data.subarray(0, 24).every((x) => x !== 0 && Number.isFinite(x))).toBe(true);
    }
  });

  it('is the same on every device, for all shapes', async () => {
    await fc.assert(
      fc.asyncProperty(extent, extent, extent, async (a, b, c) => {
        // Square ones may be nearly singular.
        await check([[random(a, b, 1), random(a, b, 2)]], FIVE, a === b ? NEARLY_SINGULAR : TOLERANCE);
        await check(
          [[random(a, b, 4)], [random(b, c, 3)]],
          FIVE,
          a === b || b === c ? NEARLY_SINGULAR : TOLERANCE,
        );
      }),
      RUNS,
    );
  });

  it('gives the same bits for any number of threads', async () => {
    const stacks = [stackOf(random(20, 50, 1), random(20, 50, 2)), stackOf(random(70, 20, 3))];
    await checkThreads(...newtonSchulz(stacks, FIVE).map(whole));
  });

  it('refuses iterations that would magnify rounding errors beyond measure', () => {
    const x = new Input('x', [1, 2, 3]);
    expect(() => newtonSchulz([x], [])).toThrow('newtonSchulz: cannot do 0 iterations');
    expect(() => newtonSchulz([x], new Array(6).fill(KELLER_JORDAN))).not.toThrow();
    expect(() => newtonSchulz([x], new Array(7).fill(KELLER_JORDAN))).toThrow('cannot do 7 iterations');
  });
});
