import { combine } from '../shared/elementwise.cpu.ts';

export const arithmeticCpuKernels = {
  add: combine('add', 'addIntegers'),
  sub: combine('sub'),
  mul: combine('mul', 'mulIntegers'),
  div: combine('div'),
};
