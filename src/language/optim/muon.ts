import { scalar } from '../../engine/ops/constant/constant.ts';
import { muonMomentum, muonUpdate } from '../../engine/ops/muon/muon.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import { formatShape, type Tensor, type Variable } from '../../engine/tensor/index.ts';
import { type Coefficients, groupBy, newtonSchulz } from './newton-schulz.ts';
import { type Gradients, Optimizer, type OptimizerOptions, type UpdateOperands } from './optimizer.ts';

export interface MuonOptions extends OptimizerOptions {
  /**
   * Newton–Schulz iterations, 5 by default: how many with Keller Jordan's coefficients, or the coefficients of
   * each, for instance those of Amsel et al., "The Polar Express", 2025.
   */
  readonly iterations?: number | readonly Coefficients[];
  /** Share of a matrix, times the learning rate, that each update takes away; 0 by default. */
  readonly weightDecay?: number;
  /** Decay rate of the running mean of gradients, a scalar; 0.95 by default. */
  readonly momentum?: Tensor | number;
}

/** Quintic with the steepest rise that keeps singular values within about 0.7 … 1.2. */
const KELLER_JORDAN: Coefficients = [3.4445, -4.775, 2.0315];

/**
 * Nesterov momentum whose direction is made orthogonal by Newton–Schulz iterations, so that it moves all
 * singular directions of a matrix (out, in) alike: W ← (1 − η λ) W − η √max(1, out / in) O. For hidden
 * matrices; embeddings, the output layer and vectors belong to `AdamW`.
 * Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, in the form of their code,
 * where the mean is m ← μ m + (1 − μ) g. Its state is `muon.m.<name>`.
 */
export class Muon extends Optimizer {
  /** The running mean of each parameter's gradients. */
  private readonly m = this.remember('muon.m');
  private readonly coefficients: readonly Coefficients[];
  private readonly weightDecay: number;
  private readonly momentum: Tensor;

  /** @throws {NanobardError} code `argument` if a parameter is not a matrix. */
  constructor(parameters: Iterable<Variable>, options: MuonOptions = {}) {
    super(parameters, options);
    this.requireMatrices('Muon', 'matrix');
    const { iterations = 5, weightDecay = 0, momentum = 0.95 } = options;
    this.coefficients =
      typeof iterations === 'number' ? Array.from({ length: iterations }, () => KELLER_JORDAN) : iterations;
    this.weightDecay = weightDecay;
    this.momentum = typeof momentum === 'number' ? scalar(momentum) : momentum;
  }

  /** Parameters of one shape are updated together. */
  override assignments(gradients: Gradients, { learningRate, gradientScale }: UpdateOperands): Assignment[] {
    const { momentum, weightDecay } = this;
    const groups = groupBy(this.parameters, ({ shape }) => formatShape(shape)).map((parameters) => {
      const means = parameters.map((parameter) => this.m.get(parameter)!);
      const own = parameters.map((parameter) => this.gradientOf(parameter, gradients, 'Muon'));
      return { parameters, means, ...muonMomentum(means, own, { momentum, gradientScale }) };
    });
    const orthogonal = newtonSchulz(
      groups.map(({ directions }) => directions),
      this.coefficients,
    );
    return groups.flatMap(({ parameters, means, moments }, i): Assignment[] => {
      const [rows, columns] = parameters[0]!.shape as [number, number];
      const factor = Math.sqrt(Math.max(1, rows / columns));
      const updated = muonUpdate(parameters, { ...orthogonal[i]!, learningRate }, { weightDecay, factor });
      return [
        ...parameters.map((parameter, k): Assignment => [parameter, updated[k]!]),
        ...means.map((m, k): Assignment => [m, moments[k]!]),
      ];
    });
  }
}
