// The operations that models are written in.

export { arange } from './arange/arange.ts';
export { attention } from './attention/attention.ts';
export { cacheWrite } from './cache-write/cache-write.ts';
export { constant, ones, scalar, tensor, zeros } from './constant/constant.ts';
export { crossEntropy } from './cross-entropy/cross-entropy.ts';
export { dropout } from './dropout/dropout.ts';
export {
  add,
  causalMask,
  div,
  exp,
  gelu,
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
export { embedding } from './embedding/embedding.ts';
export { clipScale, globalNorm } from './global-norm/global-norm.ts';
export { grad } from './grad.ts';
export { layerNorm } from './layer-norm/layer-norm.ts';
export { linear, matmul } from './matmul/matmul.ts';
export { ngram } from './ngram/ngram.ts';
export { broadcastTo } from './reduce/broadcast.ts';
export { max, mean, sum } from './reduce/reduce.ts';
export { rmsNorm } from './rms-norm/rms-norm.ts';
export { rotary } from './rotary/rotary.ts';
export { rowAdaGrad } from './row-adagrad/row-adagrad.ts';
export { softmax } from './softmax/softmax.ts';
export { split } from './views/split.ts';
export { concat, contiguous, pad, permute, reshape, shift, slice, stack, transpose } from './views/views.ts';
