// The layers that models are made of.

export { Dropout } from './dropout.ts';
export { Embedding } from './embedding.ts';
export { LayerNorm } from './layer-norm.ts';
export { Linear } from './linear.ts';
export { Module } from './module.ts';
