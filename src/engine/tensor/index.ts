// What tensors are made of, for everything that stands on them.

export * from './constant.ts';
export * from './dtype.ts';
export * from './generator.ts';
export * from './layout.ts';
export * from './operation.ts';
export * from './quantize.ts';
export * from './shape.ts';
export * from './tensor.ts';
