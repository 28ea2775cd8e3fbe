import type { Device, Executable } from '../../engine/devices/device.ts';
import { add, mul } from '../../engine/ops/elementwise/elementwise.ts';
import { rowGradients, tableGradient } from '../../engine/ops/lookup/lookup.ts';
import { assign } from '../../engine/program/trace.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { type OverlappedSums, type Peers, sumVariables } from './peers.ts';

/** A variable of this rank, and one with those of all ranks one after another. */
type Gathered = readonly [own: Variable, all: Variable];

/** The gradient of a table's rows that were looked up, and which rows these are. */
interface Rows {
  readonly gradient: Gathered;
  readonly indices: Gathered;
}

/**
 * Where gradients are kept between the program that adds them up, batch after batch, and the one that updates from them,
 * and where ranks exchange them. Of tables of which a batch looks up few rows, these rows are exchanged, not the table.
 */
export class Gradients {
  private readonly optimizer: Optimizer;
  private readonly peers: Peers;
  /** Parameters of which rows are exchanged. */
  private readonly tables: ReadonlySet<Variable>;
  /** One for each parameter that is no such table, as large as it. */
  private readonly sums = new Map<Variable, Variable>();
  private readonly rows = new Map<Variable, Rows>();
  /** What else is added up over the ranks: a few numbers. */
  private readonly report: Variable;
  private overlapped: OverlappedSums | undefined;

  /** `reports` is how many numbers are exchanged with the gradients. */
  constructor(optimizer: Optimizer, peers: Peers, reports: number) {
    this.optimizer = optimizer;
    this.peers = peers;
    this.tables = new Set(peers.size > 1 ? optimizer.tables : []);
    this.report = new Variable([reports], { name: 'report' });
    for (const parameter of optimizer.parameters) if (!this.tables.has(parameter)) this.sumOf(parameter);
  }

  get variables(): readonly Variable[] {
    const rows = [...this.rows.values()].flatMap(({ gradient, indices }) => [...gradient, ...indices]);
    return [...this.summed, ...rows];
  }

  /** Inside the program of one batch: adds its gradients to `keep` times what is there. */
  add(gradients: readonly Tensor[], keep: Tensor | undefined): void {
    for (const [i, parameter] of this.optimizer.parameters.entries()) {
      const gradient = gradients[i]!;
      const rows = this.tables.has(parameter) ? rowGradients(gradient) : undefined;
      if (rows) {
        const kept = this.rowsOf(parameter, rows);
        assign(kept.gradient[0], rows.gradient);
        assign(kept.indices[0], rows.indices);
      } else {
        const sum = this.sumOf(parameter);
        assign(sum, keep ? add(mul(sum, keep), gradient) : gradient);
      }
    }
  }

  /** Inside the program of the update: the gradients of all batches and ranks, in the parameters' order. */
  total(): Tensor[] {
    return this.optimizer.parameters.map((parameter) => {
      const rows = this.rows.get(parameter);
      if (!rows) return this.sumOf(parameter);
      return tableGradient(rows.gradient[1], rows.indices[1], parameter.shape[0]!);
    });
  }

  /**
   * Inside the program of the update: what is there when the next batches begin. They multiply it by 0, after which only
   * what is not finite would still be there.
   */
  leave(gradients: readonly Tensor[]): void {
    for (const [i, parameter] of this.optimizer.parameters.entries())
      assign(this.sumOf(parameter), gradients[i]!);
  }

  /** From now on ranks add up, where they can, what the last run of a step has completed while it goes on: see `open`. */
  overlap(program: Executable, device: Device): void {
    this.overlapped = this.peers.overlap?.(program, device, this.summed);
  }

  /** The run that comes next is the last of a step. */
  async open(): Promise<void> {
    await this.overlapped?.open();
  }

  /** Places what is added up over the ranks side by side, so that it is exchanged at once. */
  place(device: Device): Promise<void> {
    return device.alter(this.summed, () => {});
  }

  /** Forgets what has been added up: numbers that are not finite would stay, times `keep` 0. */
  async clear(device: Device): Promise<void> {
    for (const sum of this.summed) await device.write(sum, new Float32Array(sum.size));
  }

  /** Exchanges what all ranks have added up, and numbers to report; returns the sums of these. */
  async exchange(device: Device, report: readonly number[]): Promise<ArrayLike<number>> {
    await device.write(this.report, report);
    await (this.overlapped?.finish() ?? sumVariables(device, this.summed, this.peers));
    for (const { gradient, indices } of this.rows.values()) {
      for (const pair of [gradient, indices])
        await device.alter(pair, ([own, all]) => this.peers.gather(own!, all!));
    }
    return device.read(this.report);
  }

  private get summed(): readonly Variable[] {
    return [this.report, ...this.sums.values()];
  }

  private sumOf(parameter: Variable): Variable {
    const { shape, name } = parameter;
    const sum = this.sums.get(parameter) ?? new Variable(shape, { name: `gradient.${name}` });
    this.sums.set(parameter, sum);
    return sum;
  }

  private rowsOf(table: Variable, { gradient, indices }: Readonly<Record<keyof Rows, Tensor>>): Rows {
    const rows = this.rows.get(table) ?? {
      gradient: this.gathered(`rows.${table.name}`, gradient),
      indices: this.gathered(`indices.${table.name}`, indices),
    };
    this.rows.set(table, rows);
    return rows;
  }

  private gathered(name: string, { shape: [first = 1, ...rest], dtype }: Tensor): Gathered {
    return [
      new Variable([first, ...rest], { name, dtype }),
      new Variable([first * this.peers.size, ...rest], { name: `all.${name}`, dtype }),
    ];
  }
}
