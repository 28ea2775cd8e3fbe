import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createStyle } from '../style.ts';
import { fakeEvents } from '../testing/fakes.ts';
import { frame } from './frame.ts';
import { Progress } from './run-status.ts';
import { displayWidth } from './terminal-text.ts';

async function progressAt(until: (progress: Progress) => boolean, iters = 2000): Promise<Progress> {
  const progress = new Progress(250);
  for await (const event of fakeEvents({ iters })) {
    progress.update(event);
    if (until(progress)) break;
  }
  return progress;
}

const style = createStyle(false);
const atStep = (iter: number): Promise<Progress> => progressAt((p) => p.iter === iter);
const lines = (progress: Progress, columns: number, rows: number): string[] =>
  frame(progress, { columns, rows, style }).split('\n');

describe('frame', () => {
  it('on 80 columns', async () => {
    expect(`\n${frame(await atStep(1160), { columns: 80, rows: 40, style })}\n`).toMatchSnapshot();
  });

  it('on 40 columns', async () => {
    expect(`\n${frame(await atStep(1160), { columns: 40, rows: 40, style })}\n`).toMatchSnapshot();
  });

  it('before the first step', async () => {
    const progress = await progressAt((p) => p.start !== undefined);
    expect(lines(progress, 80, 24)).toEqual(['', `${'─'.repeat(38)}  0%  0/2,000  starting…`]);
  });

  it('says what is going on', async () => {
    const phases = [
      [await atStep(100), /1 min 59 s left$/],
      [await atStep(250), /evaluating…$/],
      [await atStep(2000), /evaluating…$/],
      [await progressAt((p) => p.evals.at(-1)?.iter === 2000), /finishing…$/],
      [await progressAt(() => false), /100% {2}2,000\/2,000 {2}done$/],
    ] as const;
    for (const [progress, phase] of phases) expect(lines(progress, 80, 24)[1]).toMatch(phase);
  });

  it('names the best evaluation where the last is not it', async () => {
    const progress = await atStep(600);
    progress.update({ type: 'eval', iter: 600, train: 1, val: 9, valFull: 9, best: false, ms: 1 });
    expect(lines(progress, 100, 24).join('\n')).toContain(
      'val 9.0000 at 600 · train 1.0000 · whole val 9.0000',
    );
    expect(lines(progress, 100, 24).join('\n')).toMatch(/best val 2\.\d{4} at 500/);
  });

  it('says that it is stopping', async () => {
    const progress = await atStep(1160);
    progress.stopping = true;
    expect(lines(progress, 80, 40).at(-1)).toBe(
      'Stopping after this step, then saving. Ctrl-C again quits at once.',
    );
  });

  it('fits every terminal, in colours and without', async () => {
    const stages = [
      await progressAt((p) => p.start !== undefined),
      await atStep(1),
      await atStep(5),
      await atStep(1160),
    ];
    stages.push(await progressAt(() => false));
    for (const progress of stages) {
      progress.stopping = true;
      for (let columns = 40; columns <= 130; columns += 7) {
        for (const rows of [14, 20, 24, 50]) {
          const plain = lines(progress, columns, rows);
          expect(plain.length).toBeLessThan(rows);
          expect(Math.max(...plain.map(displayWidth))).toBeLessThan(columns);
          const coloured = frame(progress, { columns, rows, style: createStyle(true) });
          expect(coloured).toContain('\u001b[');
          expect(stripVTControlCharacters(coloured)).toBe(plain.join('\n'));
        }
      }
    }
  });

  it('leaves out what does not fit where rows are few', async () => {
    const progress = await atStep(1160);
    const shows = (rows: number): boolean[] =>
      ['MENENIUS', '┤'].map((part) => lines(progress, 80, rows).join().includes(part));
    expect([40, 20, 14, 10].map(shows)).toEqual([
      [true, true],
      [false, true],
      [true, false],
      [false, false],
    ]);
  });

  it('draws no control characters of the sample', async () => {
    const progress = await atStep(1160);
    progress.update({ type: 'sample', iter: 1160, text: '\u001b[2Jgone' });
    expect(lines(progress, 80, 40).at(-1)).toBe('│ ␛[2Jgone');
  });
});
