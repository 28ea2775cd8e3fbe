import { describe, expect, it } from 'vitest';
import { Input, Variable } from '../../engine/tensor/tensor.ts';
import { Dropout } from './dropout.ts';
import { Embedding } from './embedding.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

class Block extends Module {
  readonly ln = new LayerNorm(3, { bias: true });
  readonly fc = new Linear(3, 3, { bias: false });
  readonly drop = new Dropout(0.5);
}

class Model extends Module {
  readonly config = { width: 3, name: 'model', nothing: null };
  readonly scale = new Variable([1]);
  readonly parts = {
    wte: new Embedding(5, 3),
    h: [new Block(), new Block()],
  };
  readonly head = new Linear(3, 5, { bias: true });

  constructor() {
    super();
    this.parts.wte.weight = this.head.weight;
  }
}

describe('Module', () => {
  it('names parameters by the path that leads to them, in order of definition, tied ones once', () => {
    const model = new Model();
    const parameters = model.namedParameters();
    expect([...parameters.keys()]).toEqual([
      'scale',
      'parts.wte.weight', // is head.weight, too
      'parts.h.0.ln.weight',
      'parts.h.0.ln.bias',
      'parts.h.0.fc.weight',
      'parts.h.1.ln.weight',
      'parts.h.1.ln.bias',
      'parts.h.1.fc.weight',
      'head.bias',
    ]);
    expect(parameters.get('parts.wte.weight')).toBe(model.head.weight);
    for (const [name, variable] of parameters) expect(variable.name).toBe(name);
  });

  it('counts values, shared ones once', () => {
    expect(new Model().parameterCount()).toBe(1 + 5 * 3 + 2 * (3 + 3 + 9) + 5);
  });

  it('lists every part, each before its own parts', () => {
    const paths = [...new Model().namedModules()].map(([path]) => path);
    expect(paths).toEqual([
      '',
      'parts.wte',
      ...['h.0', 'h.0.ln', 'h.0.fc', 'h.0.drop', 'h.1', 'h.1.ln', 'h.1.fc', 'h.1.drop'].map(
        (path) => `parts.${path}`,
      ),
      'head',
    ]);
  });

  it('switches dropout on and off in all parts', () => {
    const model = new Model();
    const { drop } = model.parts.h[1]!;
    const x = new Input('x', [4]);
    const changes = (): boolean => drop.forward(x) !== x;
    expect(changes()).toBe(true); // as it is made
    expect(model.eval()).toBe(model);
    expect(changes()).toBe(false);
    expect([...model.namedModules()].some(([, part]) => part.training)).toBe(false);
    model.train();
    expect(changes()).toBe(true);
    model.train(false);
    expect(changes()).toBe(false);
  });

  it('can be traced in evaluation mode, and stays in the mode in which it was', () => {
    const model = new Model();
    model.parts.h[0]!.drop.training = false;
    const before = [...model.namedModules()].map(([, part]) => part.training);
    expect(model.evaluating(() => [...model.namedModules()].some(([, part]) => part.training))).toBe(false);
    const fail = (): never => {
      throw new Error('not traced');
    };
    expect(() => model.evaluating(fail)).toThrow('not traced');
    expect([...model.namedModules()].map(([, part]) => part.training)).toEqual(before);
  });
});
