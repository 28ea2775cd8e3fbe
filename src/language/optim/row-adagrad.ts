import { NanobardError } from '../../engine/errors.ts';
import { rowGradients } from '../../engine/ops/embedding/embedding.ts';
import { rowAdaGrad } from '../../engine/ops/row-adagrad/row-adagrad.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import { formatShape } from '../../engine/tensor/shape.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';

export interface RowAdaGradOptions {
  /** Keeps the divisor from 0; 1e-10 by default. */
  readonly epsilon?: number;
}

/** What changes from one update to the next. */
export interface RowAdaGradUpdateOperands {
  /** Scalar. */
  readonly learningRate: Tensor;
}

/**
 * AdaGrad for embedding tables (R, C), with one accumulator per row. Only the rows that a batch has looked up
 * are read and written, and no gradient of a table's size is ever made: an update costs what its lookups cost,
 * however large the table. See `rowAdaGrad`.
 */
export class RowAdaGrad {
  /** For each row of a parameter the sum of its gradients' mean squares (R), `adagrad.<name>`, zero at first. */
  readonly state: ReadonlyMap<string, Variable>;
  private readonly parameters: ReadonlyMap<string, Variable>;
  private readonly options: RowAdaGradOptions;

  /** @throws {NanobardError} code `argument` if a parameter is not a matrix. */
  constructor(parameters: ReadonlyMap<string, Variable>, options: RowAdaGradOptions = {}) {
    for (const [name, { shape }] of parameters) {
      if (shape.length === 2) continue;
      throw new NanobardError(
        'argument',
        `RowAdaGrad: the parameter ${name} ${formatShape(shape)} is not a table`,
        { hint: 'Give it to AdamW.' },
      );
    }
    this.parameters = parameters;
    this.options = options;
    this.state = new Map(
      [...parameters].map(([parameter, { shape }]) => {
        const name = `adagrad.${parameter}`;
        return [name, new Variable([shape[0]!], { name })];
      }),
    );
  }

  /**
   * One update of all parameters and their state, for `compile` to assign. The gradients are those that `grad`
   * builds for tables that are looked up by one `embedding` each: of them only the operands are used.
   *
   * @throws {NanobardError} code `argument` if a parameter has no gradient or one of another kind.
   */
  update(gradients: ReadonlyMap<string, Tensor>, { learningRate }: RowAdaGradUpdateOperands): Assignment[] {
    return [...this.parameters].flatMap(([name, parameter]): Assignment[] => {
      const whole = gradients.get(name);
      if (!whole)
        throw new NanobardError('argument', `RowAdaGrad: the parameter ${name} was given no gradient`);
      const rows = rowGradients(whole);
      if (!rows) {
        throw new NanobardError(
          'argument',
          `RowAdaGrad: the gradient of the parameter ${name} is not that of one embedding`,
          {
            hint: 'Look the table up exactly once, with all indices in one tensor, and pass what grad() returns; or give it to AdamW.',
          },
        );
      }
      const squares = this.state.get(`adagrad.${name}`)!;
      const updated = rowAdaGrad({ table: parameter, squares, ...rows, learningRate }, this.options);
      return [
        [parameter, updated.table],
        [squares, updated.squares],
      ];
    });
  }
}
