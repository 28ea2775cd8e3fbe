import { expect, it } from 'vitest';
import { recipes } from '../../language/recipes/recipes.ts';
import { profileRecipe } from './profile.ts';

it('accounts for every operation of an update', async () => {
  const small = { nLayer: 2, nHead: 2, nEmbd: 16, blockSize: 8, batchSize: 2, gradientAccumulationSteps: 2 };
  const recipe = { ...recipes['shakespeare-char-cpu'].recipe, ...small };
  const { stepMs, peakGflops, operations } = await profileRecipe({
    recipe,
    data: 'plays',
    device: 'cpu',
    threads: 1,
  });
  expect(stepMs).toBeGreaterThan(0);
  expect(peakGflops).toBeGreaterThan(0);
  const calls = new Map(operations.map((operation) => [operation.op, operation.calls]));
  // Two layers with four linear maps each, two of which add to the residual stream, and the head, in each of the two
  // batches.
  expect(calls.get('linear')).toBe(2 * (2 * 2 + 1));
  expect(calls.get('linear-add')).toBe(2 * (2 * 2));
  expect(calls.get('attention')).toBe(2 * 2);
  // One for each parameter, once: wte, wpe, 2 × (ln_1, c_attn, c_proj, ln_2, c_fc, c_proj), ln_f.
  expect(calls.get('adamw')).toBe(2 + 2 * 6 + 1);
  expect(operations.every(({ ms }) => ms >= 0)).toBe(true);
});
