import { manyTensors } from '../shared/tensors.ts';
import { bitsOf, samePlace, type WebGpuCall, type WebGpuKernel, type WebGpuTape } from '../shared/webgpu.ts';
import type { adamwOperation } from './adamw.ts';

type Call = WebGpuCall<typeof adamwOperation>;

/** Elements for each group of threads. */
const BLOCK = 1024;
const THREADS = 256;

/** ln β; where β is 0 a number so low that its power is 0. */
const logOf = (beta: number): number => Math.max(-1e4, Math.log(beta));

export const adamwWebGpu: WebGpuKernel<typeof adamwOperation> = {
  inPlace: [0, 2, 3],
  lower: (tape, inputs, outputs, attributes) => updateAll(tape, [{ inputs, outputs, attributes }]),
  lowerAll(tape, calls) {
    for (let open = calls; open.length > 0; open = open.filter((call) => !alike(call, open[0]!)))
      updateAll(
        tape,
        open.filter((call) => alike(call, open[0]!)),
      );
  },
};

/** Whether two updates differ in nothing but the tensors, and how much of them decays. */
function alike(a: Call, b: Call): boolean {
  const [, , , , ...scalarsOfA] = a.inputs;
  const [, , , , ...scalarsOfB] = b.inputs;
  return (
    scalarsOfA.every((scalar, i) => samePlace(scalar, scalarsOfB[i]!)) &&
    (['beta1', 'beta2', 'epsilon'] as const).every((name) => a.attributes[name] === b.attributes[name])
  );
}

/** Updates that are alike, in one dispatch. */
function updateAll(tape: WebGpuTape, calls: readonly Call[]): void {
  const [, , , , learningRate, step, gradientScale] = calls[0]!.inputs;
  const { beta1, beta2, epsilon: EPSILON } = calls[0]!.attributes;
  const decay = { BETA1: beta1, BETA2: beta2, LOG_BETA1: logOf(beta1), LOG_BETA2: logOf(beta2) };
  const lists = {
    parameter: calls.map(({ inputs }) => inputs[0]),
    gradient: calls.map(({ inputs }) => inputs[1]),
    m: calls.map(({ inputs }) => inputs[2]),
    v: calls.map(({ inputs }) => inputs[3]),
    newParameter: calls.map(({ outputs }) => outputs[0]),
    newM: calls.map(({ outputs }) => outputs[1]),
    newV: calls.map(({ outputs }) => outputs[2]),
  };
  const weightDecay = (i: number): number[] => [bitsOf(calls[i]!.attributes.weightDecay, 'f32')];
  for (const { operands, constants, groups } of manyTensors(tape, lists, BLOCK, weightDecay))
    tape.emit('adamw', {
      operands: { ...operands, learningRate, step, gradientScale },
      constants: { ...constants, ...decay, EPSILON },
      ...{ groups, threads: THREADS },
    });
}
