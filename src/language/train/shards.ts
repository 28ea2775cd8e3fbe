import type { Device } from '../../engine/devices/device.ts';
import type { TypedArray } from '../../engine/tensor/dtype.ts';
import type { Variable } from '../../engine/tensor/tensor.ts';
import type { Peers } from './peers.ts';

/** Values of each rank that are collected at once. */
const PIECE = 2 ** 20;

/**
 * Which rank updates which parameters, and holds the optimizer's state of them: whole parameters, the largest first, each
 * to the rank that has least so far. What Muon makes orthogonal is shared out so, too.
 * Rajbhandari et al., "ZeRO: Memory Optimizations Toward Training Trillion Parameter Models", 2020, stage 1.
 */
export class Shards {
  private readonly peers: Peers;
  private readonly parameters: readonly (readonly Variable[])[];
  /** By rank, those in a fixed order. */
  private readonly state: readonly Variable[][];
  /** One rank's parameters, and those of all ranks one after another, each padded to the longest. */
  private readonly own: Float32Array;
  private readonly all: Float32Array;
  /** At rank 0, what other ranks held when it was last collected; undefined, everywhere, once steps have changed it. */
  private held: ReadonlyMap<Variable, TypedArray> | undefined = new Map();

  constructor(parameters: readonly Variable[], peers: Peers) {
    this.peers = peers;
    const shares = Array.from({ length: peers.size }, (): Variable[] => []);
    const loads = new Float64Array(peers.size);
    for (const parameter of [...parameters].sort((a, b) => b.size - a.size)) {
      const least = loads.indexOf(Math.min(...loads));
      shares[least]!.push(parameter);
      loads[least]! += parameter.size;
    }
    this.parameters = shares;
    this.state = shares.map(() => []);
    this.own = new Float32Array(Math.max(...loads));
    this.all = new Float32Array(this.own.length * peers.size);
  }

  /** The rank that updates a parameter; undefined if each rank updates it. */
  ownerOf(parameter: Variable): number | undefined {
    const owner = this.parameters.findIndex((share) => share.includes(parameter));
    return owner < 0 ? undefined : owner;
  }

  /** Takes note of what an optimizer of some rank's parameters remembers. */
  add(owner: number, state: Iterable<Variable>): void {
    this.state[owner]!.push(...state);
  }

  /** After an update: every rank gets the parameters of every other. */
  async exchange(device: Device): Promise<void> {
    const { peers, parameters, own, all } = this;
    this.held = undefined;
    await device.alter(parameters[peers.rank]!, (values) => void pack(values, own));
    await peers.gather(own, all);
    for (const [rank, share] of parameters.entries()) {
      if (rank === peers.rank) continue;
      const from = all.subarray(rank * own.length);
      await device.alter(share, (values) => {
        let start = 0;
        for (const value of values) {
          value.set(from.subarray(start, start + value.length));
          start += value.length;
        }
      });
    }
  }

  /** Lets rank 0 know the state of all, for a checkpoint; all ranks call this. */
  async collect(device: Device): Promise<void> {
    const { peers, state } = this;
    if (this.held) return;
    const mine = await Promise.all(state[peers.rank]!.map((variable) => device.read(variable)));
    const sizes = state.map((share) => share.reduce((sum, { size }) => sum + size, 0));
    const longest = Math.max(...sizes);
    const own = new Float32Array(longest);
    pack(mine, own);
    const whole = sizes.map((_, rank) => new Float32Array(peers.rank === 0 && rank > 0 ? longest : 0));
    for (let start = 0; start < longest; start += PIECE) {
      const piece = own.subarray(start, start + PIECE);
      const all = new Float32Array(piece.length * peers.size);
      await peers.gather(piece, all);
      if (peers.rank > 0) continue;
      for (const [rank, into] of whole.entries())
        if (rank > 0) into.set(all.subarray(rank * piece.length, (rank + 1) * piece.length), start);
    }
    this.held = new Map(state.flatMap((share, rank) => parts(share, whole[rank]!)));
  }

  /** Keeps of a checkpoint's state, which has been written to the device, what is this rank's. */
  async restore(device: Device): Promise<void> {
    const foreign = this.state.flatMap((share, rank) => (rank === this.peers.rank ? [] : share));
    const values = this.peers.rank === 0 ? await Promise.all(foreign.map((each) => device.read(each))) : [];
    this.held = new Map(values.map((value, i) => [foreign[i]!, value]));
    device.release(foreign);
  }

  /** The values of what another rank holds, as far as that is known; undefined for what is here. */
  foreign(variable: Variable): TypedArray | undefined {
    const owner = this.state.findIndex((share) => share.includes(variable));
    if (owner < 0 || owner === this.peers.rank) return undefined;
    return this.held?.get(variable) ?? new Float32Array(variable.size); // zero at first
  }

  /** Whether all that a checkpoint needs is here. */
  get whole(): boolean {
    return this.held !== undefined;
  }
}

function pack(values: readonly TypedArray[], into: Float32Array): void {
  let start = 0;
  for (const value of values) {
    into.set(value, start);
    start += value.length;
  }
}

function parts(variables: readonly Variable[], values: Float32Array): [Variable, TypedArray][] {
  let end = 0;
  if (values.length === 0) return [];
  return variables.map((variable) => {
    const start = end;
    end += variable.size;
    return [variable, values.subarray(start, end)];
  });
}
