import type { Device, Executable } from '../../engine/devices/device.ts';
import { neighbours } from '../../engine/devices/neighbours.ts';
import { add, mul } from '../../engine/ops/elementwise/elementwise.ts';
import { rowGradients, tableGradient } from '../../engine/ops/lookup/lookup.ts';
import { assign } from '../../engine/program/trace.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { type Peers, sumVariables } from './peers.ts';

/** A variable of this rank, and one with those of all ranks one after another. */
type Gathered = readonly [own: Variable, all: Variable];

/** The gradient of a table's rows that were looked up, and which rows these are. */
interface Rows {
  readonly gradient: Gathered;
  readonly indices: Gathered;
}

/**
 * Floats that are exchanged together at least, while the backward pass goes on: 512 KiB take 4 ms over 1 Gbit/s, many times
 * what a message takes by itself.
 */
const GROUP = 2 ** 17;

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
  /** Sums in groups, as a backward pass completes them: the last layer's first. */
  private readonly groups: readonly (readonly Variable[])[];
  /** Whether the device tells, while a batch's program runs, which are complete; and who listens. */
  private told = false;
  private listener: (complete: number) => void = () => {};

  constructor(optimizer: Optimizer, peers: Peers) {
    this.optimizer = optimizer;
    this.peers = peers;
    this.tables = new Set(peers.size > 1 ? optimizer.tables : []);
    for (const parameter of optimizer.parameters) if (!this.tables.has(parameter)) this.sumOf(parameter);
    this.groups = grouped([...this.sums.values()].reverse());
  }

  get variables(): readonly Variable[] {
    const rows = [...this.rows.values()].flatMap(({ gradient, indices }) => [...gradient, ...indices]);
    return [...this.sums.values(), ...rows];
  }

  /** Inside the program of one batch: adds its gradients, times `share`, to `keep` times what is there. */
  add(gradients: readonly Tensor[], share: number, keep: Tensor | undefined): void {
    for (const [i, parameter] of this.optimizer.parameters.entries()) {
      const rows = this.tables.has(parameter) ? rowGradients(gradients[i]!) : undefined;
      if (rows) {
        const kept = this.rowsOf(parameter, rows);
        assign(kept.gradient[0], mul(rows.gradient, share));
        assign(kept.indices[0], rows.indices);
      } else {
        const sum = this.sumOf(parameter);
        const gradient = mul(gradients[i]!, share);
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

  /** Places what is added up over the ranks side by side, so that it is exchanged at once. */
  place(device: Device): Promise<void> {
    return device.alter(this.groups.flat(), () => {});
  }

  /** Listens to the program of a batch, where its device can tell and ranks can exchange gradients while it runs. */
  watch(program: Executable): void {
    if (!this.peers.sumDuring) return;
    this.told = program.watch?.(this.groups, (complete) => this.listener(complete)) ?? false;
  }

  /** Forgets what has been added up: numbers that are not finite would stay, times `keep` 0. */
  async clear(device: Device): Promise<void> {
    for (const sum of this.sums.values()) await device.write(sum, new Float32Array(sum.size));
  }

  /** Runs the program of a step's last batch, and exchanges what all ranks have added up: while it runs, or afterwards. */
  async sum(device: Device, run: () => Promise<void> | void): Promise<void> {
    const { peers, groups, told } = this;
    if (told && peers.sumDuring) {
      const views = groups.map((group) => Promise.all(group.map((sum) => device.view(sum))));
      const floats = (await Promise.all(views)).map((group) => neighbours(group as Float32Array[]));
      await peers.sumDuring((tell) => {
        this.listener = tell;
        return run();
      }, floats);
      this.listener = () => {};
    } else {
      await run();
      await sumVariables(device, groups.flat(), peers);
    }
    for (const { gradient, indices } of this.rows.values()) {
      for (const pair of [gradient, indices])
        await device.alter(pair, ([own, all]) => peers.gather(own!, all!));
    }
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

/** In their order, each group of `GROUP` floats or more, but for the last. */
function grouped(sums: readonly Variable[]): readonly (readonly Variable[])[] {
  const groups: Variable[][] = [];
  let floats = GROUP;
  for (const sum of sums) {
    if (floats >= GROUP) {
      groups.push([]);
      floats = 0;
    }
    groups.at(-1)!.push(sum);
    floats += sum.size;
  }
  return groups;
}
