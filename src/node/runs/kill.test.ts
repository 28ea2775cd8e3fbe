import { expect, it } from 'vitest';
import { survive } from '../../testing/survive.ts';

it('a run that is killed at any moment, again and again, loses nothing and leaves nothing behind', async () => {
  const { kills, pairs } = await survive({ kills: 10, each: 10 });
  expect(kills).toBe(10);
  for (const [killed, whole] of pairs) expect(killed).toEqual(whole);
}, 120_000);
