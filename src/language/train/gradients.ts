import type { Device, Executable } from '../../engine/devices/device.ts';
import { neighbours } from '../../engine/devices/neighbours.ts';
import { add, mul } from '../../engine/ops/elementwise/elementwise.ts';
import { rowGradients, tableGradient } from '../../engine/ops/lookup/lookup.ts';
import { assign } from '../../engine/program/trace.ts';
import type { TypedArray } from '../../engine/tensor/dtype.ts';
import { type Tensor, Variable } from '../../engine/tensor/tensor.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { type Peers, type PendingSums, sumVariables } from './peers.ts';

/** A variable of this rank, and one with those of all ranks one after another. */
type Gathered = readonly [own: Variable, all: Variable];

/** The gradient of a table's rows that were looked up, and which rows these are. */
interface Rows {
  readonly gradient: Gathered;
  readonly indices: Gathered;
}

/** Bytes that are worth a sum of their own: 4 ms over 1 Gbit/s, many times what a message takes by itself. */
const WORTH = 2 ** 19;

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
  /** Sums in groups, in the order in which a backward pass completes them: the last layers first. */
  private readonly groups: readonly (readonly Variable[])[];
  /** What else is added up over the ranks: a few numbers. */
  private readonly report: Variable;
  /** Whether the program of a batch tells which groups are complete. */
  private watched = false;
  /** Where the groups lie that have not been sent, while the program of a step's last batch runs. */
  private unsent: (readonly Float32Array[])[] | undefined;

  /** `reports` is how many numbers are exchanged with the gradients. */
  constructor(optimizer: Optimizer, peers: Peers, reports: number) {
    this.optimizer = optimizer;
    this.peers = peers;
    this.tables = new Set(peers.size > 1 ? optimizer.tables : []);
    this.report = new Variable([reports], { name: 'report' });
    for (const parameter of optimizer.parameters) if (!this.tables.has(parameter)) this.sumOf(parameter);
    this.groups = grouped([...this.sums.values()].reverse());
  }

  get variables(): readonly Variable[] {
    const rows = [...this.rows.values()].flatMap(({ gradient, indices }) => [...gradient, ...indices]);
    return [...this.summed, ...rows];
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

  /** The program of a batch sends groups as it completes them from now on, where that can be, after `open`. */
  watch(program: Executable): void {
    const { pending } = this.peers;
    if (!pending) return;
    this.watched = program.watch?.(this.groups, (complete) => this.send(pending, complete)) ?? false;
  }

  /** The program that runs next is that of a step's last batch: what it completes may be sent. */
  async open(device: Device): Promise<void> {
    if (!this.watched) return;
    const views = this.groups.map((group) => Promise.all(group.map((sum) => device.view(sum))));
    this.unsent = (await Promise.all(views)).map((group) => neighbours(group.filter(isFloats)));
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
    await this.sum(device);
    for (const { gradient, indices } of this.rows.values()) {
      for (const pair of [gradient, indices])
        await device.alter(pair, ([own, all]) => this.peers.gather(own!, all!));
    }
    return device.read(this.report);
  }

  private get summed(): readonly Variable[] {
    return [...this.groups.flat(), this.report];
  }

  private send(pending: PendingSums, complete: number): void {
    const { groups, unsent } = this;
    if (!unsent) return;
    while (groups.length - unsent.length < complete)
      for (const values of unsent.shift()!) pending.begin(values);
    pending.look();
  }

  /** Adds up over the ranks what has not been sent yet, and waits for the rest. */
  private async sum(device: Device): Promise<void> {
    const { pending } = this.peers;
    if (!pending || !this.unsent) return sumVariables(device, this.summed, this.peers);
    this.unsent = undefined; // the program has sent all groups
    const report = await device.view(this.report);
    if (isFloats(report)) pending.begin(report);
    await pending.finish();
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

/** Groups of neighbours in this order, of `WORTH` bytes or more each, but for the last. */
function grouped(sums: readonly Variable[]): readonly (readonly Variable[])[] {
  const groups: Variable[][] = [];
  let bytes = WORTH;
  for (const sum of sums) {
    if (bytes >= WORTH) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(sum);
    bytes += Float32Array.BYTES_PER_ELEMENT * sum.size;
  }
  return groups;
}

const isFloats = (values: TypedArray): values is Float32Array => values instanceof Float32Array;
