import { NanobardError } from '../../engine/errors.ts';
import { rowAdaGrad, rowGradients } from '../../engine/ops/lookup/lookup.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import type { Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { type Gradients, Optimizer, type OptimizerOptions, type UpdateOperands } from './optimizer.ts';

export interface RowAdaGradOptions extends OptimizerOptions {
  /** Keeps the divisor from 0; 1e-10 by default. */
  readonly epsilon?: number;
}

/**
 * AdaGrad for embedding tables (R, C), with one accumulator per row. Only the rows that a batch has looked up
 * are read and written, and no gradient of a table's size is ever made: an update costs what its lookups cost,
 * however large the table. See `rowAdaGrad`. Its state is `adagrad.<name>`.
 */
export class RowAdaGrad extends Optimizer {
  /** For each row of a parameter the sum of its gradients' mean squares (R). */
  private readonly squares = this.remember('adagrad', ({ shape }) => shape.slice(0, 1));
  private readonly epsilon: number;

  /** @throws {NanobardError} code `argument` if a parameter is not a matrix. */
  constructor(parameters: Iterable<Variable>, options: RowAdaGradOptions = {}) {
    super(parameters, options);
    this.requireMatrices('RowAdaGrad', 'table');
    this.epsilon = options.epsilon ?? 1e-10;
  }

  /**
   * The gradients are those that `grad` builds for tables that are looked up by one `embedding` each: of them only
   * the operands are used.
   *
   * @throws {NanobardError} code `argument` if a gradient is of another kind.
   */
  override assignments(gradients: Gradients, { learningRate }: UpdateOperands): Assignment[] {
    return this.parameters.flatMap((table): Assignment[] => {
      const rows = rowGradients(this.gradientOf(table, gradients, 'RowAdaGrad'));
      if (!rows) {
        throw new NanobardError(
          'argument',
          `RowAdaGrad: the gradient of the parameter ${table.name} is not that of one embedding`,
          {
            hint: 'Look the table up exactly once, with all indices in one tensor, and pass what grad() returns; or give it to AdamW.',
          },
        );
      }
      const squares = this.squares.get(table)!;
      const updated = rowAdaGrad({ table, squares, ...rows, learningRate }, { epsilon: this.epsilon });
      return [
        [table, updated.table],
        [squares, updated.squares],
      ];
    });
  }

  override get tables(): readonly Variable[] {
    return this.parameters;
  }

  /** None: a norm over whole tables would cost more than their updates. */
  protected override counted(): Tensor[] {
    return [];
  }
}
