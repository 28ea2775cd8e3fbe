import { describe, expect, it } from 'vitest';
import { version } from '../../../version.ts';
import { type FakeIo, fakeEvents, fakeIo, fakeSession } from '../testing/fakes.ts';
import { createDisplay, type Display } from './display.ts';
import { jsonDisplay } from './json.ts';
import { liveDisplay } from './live.ts';
import { plainDisplay } from './plain.ts';

const session = fakeSession('shakespeare-char-cpu', fakeEvents);
const terminal = { columns: 80, rows: 40 };
const ESCAPE = '\u001b';

/** Shows a run of `iters` steps, on a clock that moves by `stepMs` with each. */
async function play(make: (now: () => number) => Display, { iters = 2000, stepMs = 50 } = {}): Promise<void> {
  let time = 0;
  const display = make(() => time);
  for await (const event of fakeEvents({ iters, stepMs })) {
    if (event.type === 'step') time += stepMs;
    display.show(event);
  }
  display.close();
}

describe('plain display', () => {
  it('prints whole lines: the run, each evaluation, the speed now and then, the end', async () => {
    const io = fakeIo();
    await play((now) => plainDisplay(session, io, now));
    expect(`\n${io.stdout.text.replace(version, '0.0.0')}`).toMatchSnapshot();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
    expect(io.stdout.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });
});

describe('json display', () => {
  it('gathers the lines of fast steps, whole', async () => {
    const io = fakeIo();
    await play((now) => jsonDisplay(session, io, now), { stepMs: 1, iters: 500 });
    expect(io.stdout.writes.length).toBeLessThan(60);
    for (const write of io.stdout.writes) expect(write).toMatch(/^(\{.*\}\n)+$/);
  });

  it('holds nothing back when steps are slow', async () => {
    const io = fakeIo();
    await play((now) => jsonDisplay(session, io, now), { stepMs: 25, iters: 500 });
    for (const write of io.stdout.writes) expect(write.match(/\n/g)).toHaveLength(1);
  });
});

describe('live display', () => {
  const screen = async (options: { iters: number; stepMs: number }, env = {}): Promise<FakeIo> => {
    const io = fakeIo({ terminal, env });
    await play((now) => liveDisplay(session, io, now), options);
    return io;
  };

  it('draws at most ten times a second however fast the steps are', async () => {
    const draws = async (stepMs: number): Promise<number> =>
      (await screen({ iters: 1000, stepMs })).stdout.writes.length;
    // Beside steps, what is drawn is the run's start and end, and each evaluation with what it brings.
    const others = await draws(1e-6);
    expect(others).toBeLessThan(40);
    expect((await draws(1)) - others).toBeLessThanOrEqual(10);
    expect((await draws(200)) - others).toBeGreaterThan(900);
  });

  it('draws in place, in one write, and shows the cursor again', async () => {
    const { writes } = (await screen({ iters: 1000, stepMs: 50 })).stdout;
    const frames = writes.filter((text) => text.startsWith('\u001b[?25l'));
    for (const [i, text] of frames.entries()) {
      const up = i === 0 ? '' : `${ESCAPE}[${frames[i - 1]!.split('\n').length - 1}A`;
      expect(text).toContain(`\r${up}${ESCAPE}[K\n`);
    }
    expect(writes.at(-2)).toBe('\u001b[?25h');
    expect(writes.at(-1)).toContain('Done');
  });

  it('uses no colours with NO_COLOR', async () => {
    const { text } = (await screen({ iters: 300, stepMs: 50 }, { NO_COLOR: '1' })).stdout;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of colours
    expect(text).not.toMatch(/\u001b\[[\d;]*m/);
  });

  it('ends with the sample, where the run is, and what to do with it', async () => {
    const { writes } = (await screen({ iters: 500, stepMs: 50 }, { NO_COLOR: '1' })).stdout;
    expect(`\n${writes.at(-1)}`).toMatchSnapshot();
  });

  it('tells at once that it is stopping', async () => {
    const io = fakeIo({ terminal });
    const display = liveDisplay(session, io, () => 0);
    display.stopping();
    expect(io.stdout.text).toBe('');
    for await (const event of fakeEvents({ iters: 1 })) {
      if (event.type === 'end') break;
      display.show(event);
    }
    display.stopping();
    expect(io.stdout.writes.at(-1)).toContain('Stopping after this step');
  });
});

describe('createDisplay', () => {
  const written = async (io: FakeIo, json: boolean): Promise<string> => {
    const display = await createDisplay(session, io, json);
    for await (const event of fakeEvents({ iters: 1 })) display.show(event);
    return io.stdout.text;
  };

  it('is JSON if asked for', async () => {
    expect(await written(fakeIo({ terminal }), true)).toMatch(/^\{"type":"start"/);
  });

  it('is live on a terminal', async () => {
    expect(await written(fakeIo({ terminal }), false)).toContain(`${ESCAPE}[?25l`);
  });

  it.each([
    ['on a dumb terminal', fakeIo({ terminal, env: { TERM: 'dumb' } })],
    ['elsewhere', fakeIo()],
  ])('is plain %s', async (_name, io) => {
    const text = await written(io, false);
    expect(text).toMatch(/^nanobard /);
    expect(text).not.toContain(ESCAPE);
  });
});
