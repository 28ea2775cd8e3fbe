import { expect, it } from 'vitest';
import { run } from '../main.ts';
import { FakeEngine, fakeIo } from '../testing/fakes.ts';

it('eval prints loss, perplexity and bits', async () => {
  const io = fakeIo();
  const engine = new FakeEngine();
  expect(await run(['eval', 'runs/a', '--threads', '2'], { io, engine })).toBe(0);
  expect(engine.asked).toEqual([{ run: 'runs/a', device: 'auto', threads: 2, blas: 'off' }]);
  expect(io.stdout.text).toBe(
    [
      'runs/a/best.safetensors, after step 2,000',
      'loss        1.8857 nats per token',
      'perplexity  6.591',
      'bits        2.7205 per character',
      'whole validation split, 111,539 tokens in 2.1 s',
      '',
    ].join('\n'),
  );
});

it('eval --json prints one object', async () => {
  const io = fakeIo();
  await run(['eval', '--json'], { io, engine: new FakeEngine() });
  expect(JSON.parse(io.stdout.text)).toMatchObject({
    type: 'eval',
    loss: 1.8857,
    iter: 2000,
    tokens: 111_539,
  });
});
