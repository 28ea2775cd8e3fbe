// The operations that models are written in.

export { attention } from './attention/attention.ts';
export { cacheWrite } from './cache-write/cache-write.ts';
export { arange, constant, ones, scalar, tensor, zeros } from './constant/constant.ts';
export { dropout } from './dropout/dropout.ts';
export {
  add,
  causalMask,
  div,
  exp,
  gelu,
  geluTanh,
  log,
  maskedFill,
  mul,
  neg,
  relu,
  reluSquared,
  sigmoid,
  sqrt,
  square,
  sub,
  tanh,
  tril,
} from './elementwise/elementwise.ts';
export { clipScale, globalNorm, unscale } from './global-norm/global-norm.ts';
export { grad } from './grad.ts';
export { embedding, ngram, rowAdaGrad } from './lookup/lookup.ts';
export { linear, matmul } from './matmul/matmul.ts';
export { layerNorm, rmsNorm } from './norm/norm.ts';
export { broadcastTo } from './reduce/broadcast.ts';
export { max, mean, sum } from './reduce/reduce.ts';
export { rotary } from './rotary/rotary.ts';
export { crossEntropy, softmax } from './softmax/softmax.ts';
export { split } from './views/split.ts';
export { concat, contiguous, pad, permute, reshape, shift, slice, stack, transpose } from './views/views.ts';
