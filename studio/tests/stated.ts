// What chapters must print with tinyshakespeare, and what is true of them with any text.

import { existsSync, readFileSync } from 'node:fs';
import { plays } from 'nanobard';

const shared = new URL('../../../shared/data/tinyshakespeare.txt', import.meta.url);

/** The lecture's text where it is there. */
export const tinyshakespeare = existsSync(shared) ? readFileSync(shared, 'utf8') : undefined;
export const text = tinyshakespeare ?? plays({ characters: 1_000_000, seed: 1337 });

/** Lines that PyTorch prints, too, from the same generator. */
export const stated: Readonly<Record<string, readonly string[]>> = {
  '1-data': ['length of the text in characters: 1115394', '65', 'train: 1003854 val: 111540'],
  '2-batches': [
    '[24, 43, 58,  5, 57,  1, 46, 43]',
    '[43, 58,  5, 57,  1, 46, 43, 39]',
    "Let's he → et's hea",
  ],
  '3-bigram': ['loss: 4.8786', 'SKIcLT;AcELMoTbvZv C?nq-QE33:CJqkOKH-q;:la!oiywkHjgChzbQ?u!3bLIgwevmyFJGUGp'],
  '4-training': [
    'step 0: train loss 4.7305, val loss 4.7241',
    'step 300: train loss 2.8110, val loss 2.8249',
    'step 600: train loss 2.5434, val loss 2.5682',
    'step 900: train loss 2.4932, val loss 2.5088',
    'step 1200: train loss 2.4863, val loss 2.5035',
    'step 1500: train loss 2.4665, val loss 2.4921',
    'step 1800: train loss 2.4683, val loss 2.4936',
    'step 2100: train loss 2.4696, val loss 2.4846',
    'step 2400: train loss 2.4638, val loss 2.4879',
    'step 2700: train loss 2.4738, val loss 2.4911',
    'MARI he avayokis erceller thour d',
  ],
  '5-attention': [
    '[ 0.1808, -0.0700]',
    'the same as the loop: true',
    'the same again: true',
    'out: [4, 8, 16]',
  ],
};

/** The highest validation loss that a chapter's training may end with, on tinyshakespeare. */
export const losses: Readonly<Record<string, number>> = {
  '6-heads': 2.32,
  '7-block': 2.15,
  '8-gpt': 2.1,
  '9-beyond': 1.75,
};

/** The validation loss of the last line that states one. */
export function lastLoss(output: string): number {
  return Number([...output.matchAll(/val loss (\d+\.\d+)/g)].at(-1)?.[1]);
}
