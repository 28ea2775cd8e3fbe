import { afterAll, describe, expect, it } from 'vitest';
import { createDevice } from '../../engine/devices/create.ts';
import { plays } from '../data/plays.ts';
import { createTraining } from './training.ts';

const device = await createDevice({ device: 'cpu', threads: 1 });
afterAll(() => device.dispose());

describe('createTraining', () => {
  it('lets a page answer between its parts', async () => {
    const text = plays({ characters: 200_000, seed: 1 });
    let turns = 0;
    const timer = setInterval(() => {
      turns++;
    });
    await createTraining({ recipe: 'shakespeare-char-cpu', text, device });
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(1);
  });
});
