import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createStyle } from '../style.ts';
import { recordRun } from '../testing/recorded-run.ts';
import { frame } from './frame.ts';
import { RunStatus } from './run-status.ts';
import { displayWidth } from './terminal-text.ts';

const { events } = await recordRun();

function statusAt(until: (status: RunStatus) => boolean): RunStatus {
  const status = new RunStatus(250);
  for (const event of events) {
    status.update(event);
    if (until(status)) break;
  }
  return status;
}

const style = createStyle(false);
const atStep = (step: number): RunStatus => statusAt((p) => p.stepsDone === step);
const lines = (status: RunStatus, columns: number, rows: number): string[] =>
  frame(status, { columns, rows, style }).split('\n');

describe('frame', () => {
  it('on 80 columns', async () => {
    expect(`\n${frame(atStep(1160), { columns: 80, rows: 40, style })}\n`).toMatchSnapshot();
  });

  it('on 40 columns', async () => {
    expect(`\n${frame(atStep(1160), { columns: 40, rows: 40, style })}\n`).toMatchSnapshot();
  });

  it('before the first step', async () => {
    const status = statusAt((p) => p.start !== undefined);
    expect(lines(status, 80, 24)).toEqual(['', `${'─'.repeat(38)}  0%  0/2,000  starting…`]);
  });

  it('says what is going on', async () => {
    const phases = [
      [atStep(100), /1 min 59 s left$/],
      [atStep(250), /evaluating…$/],
      [atStep(2000), /evaluating…$/],
      [statusAt((p) => p.evals.at(-1)?.step === 2000), /finishing…$/],
      [statusAt(() => false), /100% {2}2,000\/2,000 {2}done$/],
    ] as const;
    for (const [status, phase] of phases) expect(lines(status, 80, 24)[1]).toMatch(phase);
  });

  it('names the best evaluation where the last is not it', async () => {
    const status = atStep(600);
    status.update({
      type: 'eval',
      step: 600,
      train: 1,
      val: 9,
      valFull: 9,
      bitsPerByte: null,
      best: false,
      ms: 1,
    });
    expect(lines(status, 100, 24).join('\n')).toContain(
      'val 9.0000 at 600 · train 1.0000 · whole val 9.0000',
    );
    expect(lines(status, 100, 24).join('\n')).toMatch(/best val 2\.\d{4} at 500/);
  });

  it('says that it is stopping', async () => {
    const status = atStep(1160);
    status.stopping = true;
    expect(lines(status, 80, 40).at(-1)).toBe(
      'Stopping after this step, then saving. Ctrl-C again quits at once.',
    );
  });

  it('fits every terminal, in colours and without', async () => {
    const stages = [statusAt((p) => p.start !== undefined), atStep(1), atStep(5), atStep(1160)];
    stages.push(statusAt(() => false));
    for (const status of stages) {
      status.stopping = true;
      for (let columns = 40; columns <= 130; columns += 7) {
        for (const rows of [14, 20, 24, 50]) {
          const plain = lines(status, columns, rows);
          expect(plain.length).toBeLessThan(rows);
          expect(Math.max(...plain.map(displayWidth))).toBeLessThan(columns);
          const coloured = frame(status, { columns, rows, style: createStyle(true) });
          expect(coloured).toContain('\u001b[');
          expect(stripVTControlCharacters(coloured)).toBe(plain.join('\n'));
        }
      }
    }
  });

  it('leaves out the chart where rows are few', () => {
    const status = atStep(1160);
    const chart = (rows: number): boolean => lines(status, 80, rows).join().includes('┤');
    expect([40, 20, 14, 10].map(chart)).toEqual([true, true, false, false]);
  });
});
