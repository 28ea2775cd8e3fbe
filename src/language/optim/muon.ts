import { NanobardError } from '../../engine/errors.ts';
import { scalar } from '../../engine/ops/constant/constant.ts';
import { muonMomentum, muonUpdate } from '../../engine/ops/muon/muon.ts';
import type { Assignment } from '../../engine/program/compile.ts';
import { formatShape } from '../../engine/tensor/shape.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import { type Coefficients, groupBy, newtonSchulz } from './newton-schulz.ts';

export interface MuonOptions {
  /**
   * Newton–Schulz iterations, 5 by default: how many with Keller Jordan's coefficients, or the coefficients of
   * each, for instance those of Amsel et al., "The Polar Express", 2025.
   */
  readonly iterations?: number | readonly Coefficients[];
  /** Share of a matrix, times the learning rate, that each update takes away; 0 by default. */
  readonly weightDecay?: number;
}

/** What changes from one update to the next: scalars. */
export interface MuonOperands {
  readonly learningRate: Tensor;
  /** Decay rate of the running mean of gradients; 0.95 is usual. */
  readonly momentum: Tensor | number;
  /** Multiplies all gradients, to clip them: see `clipScale`. */
  readonly gradientScale: Tensor;
}

/** Quintic with the steepest rise that keeps singular values within about 0.7 … 1.2. */
const KELLER_JORDAN: Coefficients = [3.4445, -4.775, 2.0315];

/**
 * Nesterov momentum whose direction is made orthogonal by Newton–Schulz iterations, so that it moves all
 * singular directions of a matrix (out, in) alike: W ← (1 − η λ) W − η √max(1, out / in) O. For hidden
 * matrices; embeddings, the output layer and vectors belong to `AdamW`.
 * Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024, in the form of their code,
 * where the mean is m ← μ m + (1 − μ) g.
 */
export class Muon {
  /** The running mean of each parameter's gradients, `muon.m.<name>`, zero at first. */
  readonly state: ReadonlyMap<string, Variable>;
  private readonly parameters: ReadonlyMap<string, Variable>;
  private readonly coefficients: readonly Coefficients[];
  private readonly weightDecay: number;

  /** @throws {NanobardError} code `argument` if a parameter is not a matrix. */
  constructor(parameters: ReadonlyMap<string, Variable>, options: MuonOptions = {}) {
    for (const [name, { shape }] of parameters) {
      if (shape.length === 2) continue;
      throw new NanobardError(
        'argument',
        `Muon: the parameter ${name} ${formatShape(shape)} is not a matrix`,
        {
          hint: 'Give it to AdamW.',
        },
      );
    }
    const { iterations = 5, weightDecay = 0 } = options;
    this.parameters = parameters;
    this.coefficients =
      typeof iterations === 'number' ? Array.from({ length: iterations }, () => KELLER_JORDAN) : iterations;
    this.weightDecay = weightDecay;
    this.state = new Map(
      [...parameters].map(([parameter, { shape }]) => {
        const name = `muon.m.${parameter}`;
        return [name, new Variable(shape, { name })];
      }),
    );
  }

  /**
   * One update of all parameters and their state, for `compile` to assign. Parameters of one shape are updated
   * together.
   *
   * @throws {NanobardError} code `argument` if a parameter has no gradient.
   */
  update(gradients: ReadonlyMap<string, Tensor>, operands: MuonOperands): Assignment[] {
    const { learningRate, gradientScale } = operands;
    const momentum = typeof operands.momentum === 'number' ? scalar(operands.momentum) : operands.momentum;
    const matrices = [...this.parameters].map(([name, parameter]) => {
      const gradient = gradients.get(name);
      if (!gradient) throw new NanobardError('argument', `Muon: the parameter ${name} was given no gradient`);
      return { parameter, gradient, m: this.state.get(`muon.m.${name}`)! };
    });
    const groups = groupBy(matrices, ({ parameter }) => formatShape(parameter.shape)).map((group) => ({
      parameters: group.map(({ parameter }) => parameter),
      means: group.map(({ m }) => m),
      ...muonMomentum(
        group.map(({ m }) => m),
        group.map(({ gradient }) => gradient),
        { momentum, gradientScale },
      ),
    }));
    const orthogonal = newtonSchulz(
      groups.map(({ directions }) => directions),
      this.coefficients,
    );
    return groups.flatMap(({ parameters, means, moments }, i): Assignment[] => {
      const [rows, columns] = parameters[0]!.shape as [number, number];
      const factor = Math.sqrt(Math.max(1, rows / columns));
      const { weightDecay } = this;
      const updated = muonUpdate(parameters, { ...orthogonal[i]!, learningRate }, { weightDecay, factor });
      return [
        ...parameters.map((parameter, k): Assignment => [parameter, updated[k]!]),
        ...means.map((m, k): Assignment => [m, moments[k]!]),
      ];
    });
  }
}
