import { expect, it } from 'vitest';
import { recipes } from '../../../language/recipes/recipes.ts';
import { run } from '../main.ts';
import { FakeEngine, fakeIo } from '../testing/fakes.ts';

it('train --profile prints what each operation takes, and asks for nothing else', async () => {
  const io = fakeIo();
  const engine = new FakeEngine();
  expect(await run(['train', '--profile', '--blas', 'auto', '--n-layer', '2'], { io, engine })).toBe(0);
  const recipe = { ...recipes.fast.recipe, nLayer: 2 };
  expect(engine.asked).toEqual([
    { recipe, data: undefined, device: 'auto', threads: undefined, blas: 'auto' },
  ]);
  expect(io.stdout.text).toBe(
    [
      'operation  calls     ms  of step  GFLOP/s  of peak',
      'linear        17  12.50     83 %    100.0     80 %',
      'gelu           4   2.50     17 %     50.0     40 %',
      '',
      'a step takes 14.8 ms (15.0 one operation at a time); a large matrix product reaches 125 GFLOP/s here, the peak',
      '',
    ].join('\n'),
  );
});

it('train --profile --json prints one object', async () => {
  const io = fakeIo();
  await run(['train', '--profile', '--json'], { io, engine: new FakeEngine() });
  expect(JSON.parse(io.stdout.text)).toMatchObject({ type: 'profile', stepMs: 14.8, peakGflops: 125 });
});

it('train --profile is of a recipe, not of a run', async () => {
  const io = fakeIo();
  expect(await run(['train', '--profile', '--resume'], { io, engine: new FakeEngine() })).toBe(2);
  expect(io.stderr.text).toContain("'--profile' cannot be used with option '--resume'");
});
