import { describe, expect, it } from 'vitest';
import { version } from '../../../version.ts';
import { recordRun } from '../testing/recorded-run.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';
import { createDisplay, type Display } from './display.ts';
import { jsonDisplay } from './json.ts';
import { liveDisplay } from './live.ts';
import { plainDisplay } from './plain.ts';

const { run, events } = await recordRun();
const short = await recordRun({ maxIters: 500 });
const terminal = { columns: 80, rows: 40 };
const ESCAPE = '\u001b';

/** Shows a recorded run on a clock that moves by `stepMs` with each step. */
function play(make: (now: () => number) => Display, { recorded = events, stepMs = 50 } = {}): void {
  let time = 0;
  const display = make(() => time);
  for (const event of recorded) {
    if (event.type === 'step') time += stepMs;
    display.show(event);
  }
  display.close();
}

/** Without what differs from run to run. */
const stable = (text: string): string =>
  text.replaceAll(/\S*nanobard-\w+/g, 'runs').replace(version, '0.0.0');

describe('plain display', () => {
  it('prints whole lines: the run, each evaluation, the speed now and then, the end', async () => {
    const io = testIo();
    play((now) => plainDisplay(run, io, now));
    expect(`\n${stable(io.stdout.text)}`).toMatchSnapshot();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    expect(io.stdout.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('json display', () => {
  it('gathers the lines of fast steps, whole', async () => {
    const io = testIo();
    play((now) => jsonDisplay(run, io, now), { stepMs: 1, recorded: short.events });
    expect(io.stdout.writes.length).toBeLessThan(60);
    for (const write of io.stdout.writes) expect(write).toMatch(/^(\{.*\}\n)+$/);
  });

  it('holds nothing back when steps are slow', async () => {
    const io = testIo();
    play((now) => jsonDisplay(run, io, now), { stepMs: 25, recorded: short.events });
    for (const write of io.stdout.writes) expect(write.match(/\n/g)).toHaveLength(1);
  });
});

describe('live display', () => {
  const screen = (stepMs: number, env = {}): TestIo => {
    const io = testIo({ terminal, env });
    play((now) => liveDisplay(run, io, now), { recorded: short.events, stepMs });
    return io;
  };

  it('draws at most ten times a second however fast the steps are', async () => {
    const draws = (stepMs: number): number => screen(stepMs).stdout.writes.length;
    // Beside steps, what is drawn is the run's start and end, and each evaluation with what it brings.
    const others = draws(1e-6);
    expect(others).toBeLessThan(40);
    expect(draws(1) - others).toBeLessThanOrEqual(5);
    expect(draws(200) - others).toBeGreaterThan(450);
  });

  it('draws in place, in one write, and shows the cursor again', async () => {
    const { writes } = screen(50).stdout;
    const frames = writes.filter((text) => text.startsWith('\u001b[?25l'));
    for (const [i, text] of frames.entries()) {
      const up = i === 0 ? '' : `${ESCAPE}[${frames[i - 1]!.split('\n').length - 1}A`;
      expect(text).toContain(`\r${up}${ESCAPE}[K\n`);
    }
    expect(writes.at(-2)).toBe('\u001b[?25h');
    expect(writes.at(-1)).toContain('Done');
  });

  it('uses no colours with NO_COLOR', async () => {
    const { text } = screen(50, { NO_COLOR: '1' }).stdout;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of colours
    expect(text).not.toMatch(/\u001b\[[\d;]*m/);
  });

  it('ends with the sample, where the run is, and what to do with it', async () => {
    const { writes } = screen(50, { NO_COLOR: '1' }).stdout;
    expect(`\n${stable(writes.at(-1)!)}`).toMatchSnapshot();
  });

  it('tells at once that it is stopping', async () => {
    const io = testIo({ terminal });
    const display = liveDisplay(run, io, () => 0);
    display.stopping();
    expect(io.stdout.text).toBe('');
    for (const event of events.slice(0, 5)) {
      display.show(event);
    }
    display.stopping();
    expect(io.stdout.writes.at(-1)).toContain('Stopping after this step');
  });
});

describe('createDisplay', () => {
  const written = async (io: TestIo, json: boolean): Promise<string> => {
    const display = await createDisplay(run, io, json);
    for (const event of events.slice(0, 5)) display.show(event);
    return io.stdout.text;
  };

  it('is JSON if asked for', async () => {
    expect(await written(testIo({ terminal }), true)).toMatch(/^\{"type":"start"/);
  });

  it('is live on a terminal', async () => {
    expect(await written(testIo({ terminal }), false)).toContain(`${ESCAPE}[?25l`);
  });

  it.each([
    ['on a dumb terminal', testIo({ terminal, env: { TERM: 'dumb' } })],
    ['elsewhere', testIo()],
  ])('is plain %s', async (_name, io) => {
    const text = await written(io, false);
    expect(text).toMatch(/^nanobard /);
    expect(text).not.toContain(ESCAPE);
  });
});

describe('what else there is to tell', () => {
  const warning = { type: 'warning', step: 250, message: 'x cannot be written', path: 'x' } as const;
  const warned = events.flatMap((event) =>
    event.type === 'eval' && event.step === 250 ? [event, warning] : [event],
  );

  it('is shown by every display, and stays', () => {
    const [plain, live, json] = [testIo(), testIo({ terminal }), testIo()];
    play((now) => plainDisplay(run, plain, now), { recorded: warned });
    expect(plain.stdout.text).toContain('\nwarning: x cannot be written\n');
    play((now) => liveDisplay(run, live, now), { recorded: warned });
    expect(live.stdout.text).toContain('x cannot be written\n');
    play((now) => jsonDisplay(run, json, now), { recorded: warned });
    expect(json.stdout.text).toContain(`${JSON.stringify(warning)}\n`);
  });

  it.each([
    [
      'patience',
      'Stopped after 1,200 of 2,000 steps: the validation loss falls no more, best val loss',
      false,
    ],
    ['time', 'Stopped after 1,200 of 2,000 steps, since the time is up; everything is saved.', true],
    ['interrupted', 'Stopped after 1,200 of 2,000 steps; everything is saved.', true],
    ['diverged', 'Diverged after 1,200 steps', false],
  ] as const)('why a run has ended: %s', (reason, words, resumes) => {
    const io = testIo();
    const recorded = events.map((event) => (event.type === 'end' ? { ...event, step: 1200, reason } : event));
    play((now) => plainDisplay(run, io, now), { recorded });
    expect(io.stdout.text).toContain(words);
    expect(io.stdout.text.includes('--resume')).toBe(resumes);
  });
});
