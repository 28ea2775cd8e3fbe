import type { ReferenceKernel } from '../shared/kernel.ts';
import { EPSILON, type MuonUpdateAttributes } from './muon.ts';

export const muonMomentumReference: ReferenceKernel = (inputs, outputs) => {
  const count = outputs.length - 1;
  const [momentum, gradientScale] = inputs.slice(-2).map(({ data }) => data[0]!) as [number, number];
  const directions = outputs[count]!.data;
  for (let k = 0; k < count; k++) {
    const [m, g, mean] = [inputs[k]!.data, inputs[count + k]!.data, outputs[k]!.data];
    for (let i = 0; i < m.length; i++) {
      const part = (1 - momentum) * gradientScale * g[i]!;
      mean[i] = momentum * m[i]! + part;
      directions[k * m.length + i] = momentum * mean[i]! + part;
    }
  }
};

export const normalizeGramsReference: ReferenceKernel = (inputs, [grams, scales]) => {
  const r = grams!.shape[1]!;
  let n = 0;
  for (const { data } of inputs) {
    for (let start = 0; start < data.length; start += r * r) {
      let trace = 0;
      for (let i = 0; i < r; i++) trace += data[start + i * r + i]!;
      const scale = 1 / (Math.sqrt(trace) + EPSILON);
      for (let i = 0; i < r * r; i++) grams!.data[n * r * r + i] = scale ** 2 * data[start + i]!;
      scales!.data[n++] = scale;
    }
  }
};

export const muonUpdateReference: ReferenceKernel<MuonUpdateAttributes> = (
  inputs,
  outputs,
  { weightDecay, factor },
) => {
  const [directions, scales, learningRate] = inputs.slice(-3).map(({ data }) => data) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const rate = learningRate[0]!;
  for (const [k, { data }] of outputs.entries()) {
    const parameter = inputs[k]!.data;
    for (let i = 0; i < data.length; i++) {
      const direction = scales[k]! * directions[k * data.length + i]!;
      data[i] = (1 - rate * weightDecay) * parameter[i]! - rate * factor * direction;
    }
  }
};
