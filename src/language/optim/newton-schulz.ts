import { NanobardError } from '../../engine/errors.ts';
import { matmul } from '../../engine/ops/matmul/matmul.ts';
import { normalizeGrams, symmetricMatmul, symmetricPolynomial } from '../../engine/ops/muon/muon.ts';
import { slice, transpose } from '../../engine/ops/views/views.ts';
import type { Tensor } from '../../engine/tensor/tensor.ts';

/** One iteration X ← a · X + b · (X Xᵀ) X + c · (X Xᵀ)² X. */
export type Coefficients = readonly [a: number, b: number, c: number];

/** Matrices (k, r, c), each to be multiplied by its scale (k). */
export interface Scaled {
  readonly directions: Tensor;
  readonly scales: Tensor;
}

/** How much rounding errors in the Gram matrix may be magnified: see `newtonSchulz`. */
const LARGEST_GAIN = 1500;

/**
 * The nearest semi-orthogonal matrix U Vᵀ of each matrix U Σ Vᵀ, roughly: a Newton–Schulz iteration from
 * X / (‖X‖ + 10⁻⁷) for each of the coefficients brings the singular values that are not tiny close to 1. Takes
 * stacks (k, r, c) of matrices of one shape.
 * Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
 *
 * Each iteration multiplies X by a polynomial P of the Gram matrix A = X Xᵀ of its smaller side, so the product Q
 * of the polynomials is found from A alone, P ← a I + b A + c A², Q ← P Q, A ← P A P, and meets X only at the
 * end. All of these commute and are symmetric, which halves the work: for square matrices it is as much as the
 * iteration on X with symmetric X Xᵀ and A² takes, for 4 : 1 less than half of that. Gram matrices of one size
 * are iterated upon together, from whichever stacks they are.
 *
 * Rounding errors in A, 10⁻⁷ of its trace, grow by a² in each iteration but the last, and must stay well below 1.
 *
 * @throws {NanobardError} code `argument` if there are no coefficients, or so many that they would not.
 */
export function newtonSchulz(stacks: readonly Tensor[], coefficients: readonly Coefficients[]): Scaled[] {
  const gain = coefficients.slice(0, -1).reduce((product, [a]) => product * Math.abs(a), 1);
  if (coefficients.length === 0 || gain > LARGEST_GAIN) {
    throw new NanobardError('argument', `newtonSchulz: cannot do ${coefficients.length} iterations`, {
      hint: 'Five are usual; the product of their first coefficients, the last left out, must stay below 1,500.',
    });
  }
  const results = new Map<Tensor, Scaled>();
  for (const group of groupBy(stacks, ({ shape }) => Math.min(shape[1]!, shape[2]!))) {
    const { grams, scales } = normalizeGrams(group.map(gram));
    const q = iterate(grams, coefficients);
    let end = 0;
    for (const x of group) {
      const start = end;
      end += x.shape[0]!;
      const factor = slice(q, 0, start, end);
      results.set(x, {
        directions: isTall(x) ? matmul(x, factor) : matmul(factor, x),
        scales: slice(scales, 0, start, end),
      });
    }
  }
  return stacks.map((stack) => results.get(stack)!);
}

const isTall = ({ shape }: Tensor): boolean => shape[1]! > shape[2]!;

function gram(x: Tensor): Tensor {
  const y = transpose(x, 1, 2);
  return isTall(x) ? symmetricMatmul(y, x) : symmetricMatmul(x, y);
}

/** The polynomial Q of the Gram matrices A (N, r, r) with which the iterations multiply. */
function iterate(grams: Tensor, coefficients: readonly Coefficients[]): Tensor {
  let a = grams;
  let q: Tensor | undefined;
  for (const [i, [alpha, beta, gamma]] of coefficients.entries()) {
    const p = symmetricPolynomial(a, { alpha, beta, gamma });
    q = q ? symmetricMatmul(p, q) : p;
    if (i < coefficients.length - 1) a = symmetricMatmul(symmetricMatmul(p, a), p);
  }
  return q!;
}

/** Lists of the items with the same key, in order of appearance. */
export function groupBy<T, K>(items: Iterable<T>, key: (item: T) => K): T[][] {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}
