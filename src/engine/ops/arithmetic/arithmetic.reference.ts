import type { ReferenceKernel } from '../shared/kernel.ts';

const combine =
  (f: (a: number, b: number) => number): ReferenceKernel =>
  ([a, b], [y]) => {
    for (let i = 0; i < y!.data.length; i++) y!.data[i] = f(a!.data[i]!, b!.data[i]!);
  };

export const addReference = combine((a, b) => a + b);
export const subReference = combine((a, b) => a - b);
export const mulReference = combine((a, b) => a * b);
export const divReference = combine((a, b) => a / b);
