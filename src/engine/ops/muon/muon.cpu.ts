import { sizeOf } from '../../tensor/shape.ts';
import { type CpuLowering, type CpuView, floatBits } from '../shared/kernel.ts';
import { EPSILON, type MuonUpdateAttributes } from './muon.ts';

const addresses = (views: readonly CpuView[]): number[] => views.map(({ address }) => address);

export const muonMomentumCpu: CpuLowering = (tape, inputs, outputs) => {
  const [directions, ...means] = outputs;
  const count = means.length;
  const table = means.flatMap((m, i) => addresses([inputs[2 + i]!, inputs[2 + count + i]!, m]));
  const scalars = addresses(inputs.slice(0, 2));
  tape.emit('muonMomentum', directions!.address, ...scalars, sizeOf(means[0]!.shape), count, ...table);
};

export const normalizeGramsCpu: CpuLowering = (tape, inputs, [grams, scales]) => {
  const table = inputs.flatMap(({ address, shape }) => [address, shape[0]!]);
  tape.emit(
    'normalizeGrams', grams!.address, scales!.address, grams!.shape[1]!, floatBits(EPSILON), inputs.length, ...table,
  ); // biome-ignore format: the kernel's argument list
};

export const muonUpdateCpu: CpuLowering<MuonUpdateAttributes> = (tape, inputs, outputs, attributes) => {
  const operands = addresses(inputs.slice(0, 3));
  const numbers = [attributes.weightDecay, attributes.factor].map(floatBits);
  const table = outputs.flatMap((parameter, i) => addresses([inputs[3 + i]!, parameter]));
  tape.emit('muonUpdate', ...operands, ...numbers, sizeOf(outputs[0]!.shape), outputs.length, ...table);
};
