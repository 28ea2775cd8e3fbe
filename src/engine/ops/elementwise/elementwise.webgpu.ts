import { sizeOf } from '../../tensor/index.ts';
import { bitsOf, each, type WebGpuKernel } from '../shared/webgpu.ts';
import type { WgslFunction } from '../wgsl.generated.ts';
import type { ArithmeticOperation, maskedFillOperation, PointwiseOperation } from './elementwise.ts';

/** A function of one tensor, by its name in WGSL. */
const map = (apply: WgslFunction): WebGpuKernel<PointwiseOperation> => ({
  lower(tape, [x], [y]) {
    const N = sizeOf(x.shape);
    tape.emit('map', { apply, operands: { x, y }, constants: { N }, ...each(N) });
  },
});

/** The gradient of such a function, computed in one pass. */
const mapGradient = (apply: WgslFunction): WebGpuKernel<ArithmeticOperation> => ({
  lower(tape, [x, dy], [dx]) {
    const N = sizeOf(x.shape);
    tape.emit('mapGradient', { apply, operands: { x, dy, dx }, constants: { N }, ...each(N) });
  },
});

/** A function of two tensors of any strides. */
const combine = (ofFloats: WgslFunction, ofIntegers = ofFloats): WebGpuKernel<ArithmeticOperation> => ({
  strided: 'all',
  lower(tape, [a, b], [y]) {
    const N = sizeOf(y.shape);
    const apply = y.dtype === 'i32' ? ofIntegers : ofFloats;
    tape.emit('combine', { apply, operands: { a, b, y }, indices: { a, b }, constants: { N }, ...each(N) });
  },
});

export const elementwiseWebGpuKernels = {
  add: combine('add', 'addIntegers'),
  sub: combine('sub'),
  mul: combine('mul', 'mulIntegers'),
  div: combine('div'),
  neg: map('neg'),
  exp: map('exponential'),
  log: map('logarithm'),
  sqrt: map('squareRoot'),
  tanh: map('tangent'),
  relu: map('relu'),
  'relu-gradient': mapGradient('reluGradient'),
  'relu-squared': map('reluSquared'),
  'relu-squared-gradient': mapGradient('reluSquaredGradient'),
  gelu: map('gelu'),
  'gelu-gradient': mapGradient('geluGradient'),
  'gelu-tanh': map('geluTanh'),
  'gelu-tanh-gradient': mapGradient('geluTanhGradient'),
  sigmoid: map('sigmoid'),
  square: map('square'),
};

export const maskedFillWebGpu: WebGpuKernel<typeof maskedFillOperation> = {
  strided: 'all',
  lower(tape, [x, mask], [y], { value }) {
    const N = sizeOf(y.shape);
    const constants = { N, VALUE_BITS: bitsOf(value, 'f32') };
    tape.emit('maskedFill', { operands: { x, mask, y }, indices: { x, mask }, constants, ...each(N) });
  },
};
