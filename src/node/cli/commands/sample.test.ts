import { describe, expect, it } from 'vitest';
import { run } from '../main.ts';
import { FakeEngine, type FakeIo, fakeIo } from '../testing/fakes.ts';

async function sample(args: string[], io = fakeIo()): Promise<{ io: FakeIo; asked: unknown; code: number }> {
  const engine = new FakeEngine();
  const code = await run(['sample', ...args], { io, engine });
  return { io, asked: engine.asked[0], code };
}

const terminal = { columns: 80, rows: 24 };

describe('sample', () => {
  it('asks for the newest run and 500 tokens by default', async () => {
    const { asked } = await sample([]);
    expect(asked).toEqual({
      ...{ run: undefined, prompt: '', tokens: 500, temperature: 0.8, topK: undefined, topP: undefined },
      ...{
        forget: undefined,
        stop: [],
        count: 1,
        seed: expect.any(Number),
        device: 'auto',
        threads: undefined,
        blas: 'off',
      },
    });
  });

  it('asks for what the flags say', async () => {
    const flags =
      '--tokens 9 --temperature 0 --top_k=200 --top-p .9 --forget 3 --stop a --stop b --count 2 --seed 5 --threads 1 --blas auto';
    const { asked } = await sample(['runs/a', '--prompt', '--x_y', ...flags.split(' ')]);
    expect(asked).toEqual({
      ...{ run: 'runs/a', prompt: '--x_y', tokens: 9, temperature: 0, topK: 200, topP: 0.9 },
      ...{ forget: 3, stop: ['a', 'b'], count: 2, seed: 5, device: 'auto', threads: 1, blas: 'auto' },
    });
  });

  it('streams the text behind the prompt, samples apart', async () => {
    const { io, code } = await sample(['--prompt', 'HAMLET: ', '--count', '2']);
    expect([code, io.stderr.text]).toEqual([0, '']);
    expect(io.stdout.text).toBe('HAMLET: To be, or not 0\n---------------\nHAMLET: To be, or not 1\n');
    expect(io.stdout.writes.slice(0, 3)).toEqual(['HAMLET: To be,', ' or', ' not 0']);
  });

  it('reads the prompt from standard input, cut anywhere', async () => {
    const bytes = new TextEncoder().encode('Gr\u00fc\u00dfe, \u{1f600}');
    const stdin = [...bytes].map((byte) => Uint8Array.of(byte));
    const { asked } = await sample(['--prompt', '-'], fakeIo({ stdin }));
    expect(asked).toMatchObject({ prompt: 'Gr\u00fc\u00dfe, \u{1f600}' });
  });

  it('refuses a prompt that is not text', async () => {
    const { io, code, asked } = await sample(['--prompt', '-'], fakeIo({ stdin: [Uint8Array.of(0xff)] }));
    expect([code, asked]).toEqual([1, undefined]);
    expect(io.stderr.text).toMatch(/^error: the prompt on standard input is not UTF-8 text\n/);
  });

  it('with --json prints one object a line', async () => {
    const { io } = await sample(['--json', '--prompt', 'a\nb', '--seed', '3']);
    const lines = io.stdout.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toHaveLength(4);
    expect(lines[0]).toEqual({ type: 'token', index: 0, text: 'To be,' });
    expect(lines[3]).toMatchObject({
      type: 'sample',
      text: 'To be, or not 0',
      prompt: 'a\nb',
      seed: 3,
      tokens: 3,
    });
  });

  it('lets no control characters through to a terminal, and all of them to a pipe', async () => {
    const prompt = 'a\u001b[2Jb\nc';
    const shown = await sample(['--prompt', prompt], fakeIo({ terminal, env: { NO_COLOR: '1' } }));
    expect(shown.io.stdout.text).toBe('a\u241b[2Jb\ncTo be, or not 0\n');
    const piped = await sample(['--prompt', prompt]);
    expect(piped.io.stdout.text).toBe(`${prompt}To be, or not 0\n`);
  });
});
