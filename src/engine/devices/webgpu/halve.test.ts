import { expect, it } from 'vitest';
import { matmul, mul, neg } from '../../ops/index.ts';
import { compile } from '../../program/compile.ts';
import { Input, Variable } from '../../tensor/index.ts';
import { halve } from './halve.ts';

it('takes activations, but no gradient that is scaled back before it is kept', () => {
  const x = new Input('x', [4, 4]);
  const scale = new Input('scale', []);
  const kept = new Variable([4, 4]);
  const gradient = matmul(neg(x), neg(neg(x)));
  const { program } = compile({ outputs: {}, assign: [[kept, mul(gradient, scale)]] });
  const { halves } = halve(program);
  const stored = program.instructions.map(({ op, outputs }) => [op, halves.has(outputs[0]!.buffer)]);
  expect(stored.filter(([op]) => op === 'neg').every(([, half]) => half)).toBe(true);
  expect(stored.filter(([op]) => op !== 'neg')).toEqual([
    ['matmul', false],
    ['mul', false],
  ]);
});
