import type { CompiledFunction } from '../../engine/devices/compiled-function.ts';
import type { Device } from '../../engine/devices/device.ts';
import { add, mul, sub } from '../../engine/ops/elementwise/elementwise.ts';
import { assign } from '../../engine/program/trace.ts';
import { Variable } from '../../engine/tensor/tensor.ts';
import { type Peers, sumVariables } from './peers.ts';

/** The outer optimizer of the paper: Nesterov momentum. */
const LEARNING_RATE = 0.7;
const MOMENTUM = 0.9;

/**
 * Ranks that train for themselves for some steps, and then make one step together, from where they were together before
 * towards the mean of where they have come: for networks that are too slow for an exchange at each step. With Δ = θ₀ − θ̄,
 * m ← 0.9 m + Δ, θ ← θ₀ − 0.7 (Δ + 0.9 m).
 * Douillard et al., "DiLoCo: Distributed Low-Communication Training of Language Models", 2023, Algorithm 1.
 */
export class OuterStep {
  /** What checkpoints must hold beside the parameters: `outer.m.<name>`. */
  readonly state: ReadonlyMap<string, Variable>;
  /** Where all ranks were after the last step together. */
  readonly start: readonly Variable[];
  private readonly parameters: readonly Variable[];
  private readonly device: Device;
  private readonly peers: Peers;
  private readonly begin: CompiledFunction<void>;
  private readonly update: CompiledFunction<void>;

  constructor(parameters: readonly Variable[], device: Device, peers: Peers) {
    this.parameters = parameters;
    this.device = device;
    this.peers = peers;
    const like = (prefix: string): Variable[] =>
      parameters.map(({ shape, name }) => new Variable(shape, { name: `${prefix}.${name}` }));
    this.start = like('outer.start');
    const momenta = like('outer.m');
    this.state = new Map(momenta.map((m) => [m.name, m]));
    this.begin = device.compile(() => {
      for (const [i, parameter] of parameters.entries()) assign(this.start[i]!, parameter);
    });
    this.update = device.compile(() => {
      for (const [i, parameter] of parameters.entries()) {
        const start = this.start[i]!;
        const delta = sub(start, mul(parameter, 1 / peers.size)); // it holds the sum
        const m = add(mul(momenta[i]!, MOMENTUM), delta);
        const next = sub(start, mul(add(delta, mul(m, MOMENTUM)), LEARNING_RATE));
        assign(momenta[i]!, m);
        assign(parameter, next);
        assign(start, next);
      }
    });
  }

  /** @throws {NanobardError} code `memory` if the programs do not fit. */
  async load(): Promise<void> {
    await this.begin.load();
    await this.update.load();
  }

  /** Remembers where all ranks are, before they train for themselves for the first time. */
  async remember(): Promise<void> {
    await this.begin.run();
  }

  async run(): Promise<void> {
    await sumVariables(this.device, this.parameters, this.peers);
    await this.update.run();
  }

  dispose(): void {
    this.begin.dispose();
    this.update.dispose();
  }
}
