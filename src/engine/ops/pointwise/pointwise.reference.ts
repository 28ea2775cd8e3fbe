import type { ReferenceKernel } from '../shared/kernel.ts';

const map =
  (f: (x: number) => number): ReferenceKernel =>
  ([x], [y]) => {
    for (let i = 0; i < x!.data.length; i++) y!.data[i] = f(x!.data[i]!);
  };

export const negReference = map((x) => -x);
export const expReference = map(Math.exp);
export const logReference = map(Math.log);
export const sqrtReference = map(Math.sqrt);
export const tanhReference = map(Math.tanh);
export const reluReference = map((x) => Math.max(x, 0));
export const reluSquaredReference = map((x) => Math.max(x, 0) ** 2);
export const sigmoidReference = map((x) => 1 / (1 + Math.exp(-x)));
export const squareReference = map((x) => x * x);

export const reluGradientReference: ReferenceKernel = ([x, dy], [dx]) => {
  for (let i = 0; i < x!.data.length; i++) dx!.data[i] = x!.data[i]! > 0 ? dy!.data[i]! : 0;
};

export const reluSquaredGradientReference: ReferenceKernel = ([x, dy], [dx]) => {
  for (let i = 0; i < x!.data.length; i++) dx!.data[i] = 2 * Math.max(x!.data[i]!, 0) * dy!.data[i]!;
};
