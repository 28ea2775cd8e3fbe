import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plays } from '../../../language/data/plays.ts';
import { TrainingRun } from '../../runs/training.ts';
import { run } from '../main.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';

let parent: string;
let folder: string;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  folder = join(parent, 'run');
  const text = plays({ characters: 2000, seed: 1 });
  const options = { recipe: 'bigram', maxIters: 20, evalInterval: 10, evalIters: 1, folder, threads: 1 };
  const training = await TrainingRun.create({ ...options, data: { text: `${text} \u{1f600}ü\u001b` } });
  for await (const _ of training.events());
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

async function sample(args: string[], io = testIo()): Promise<TestIo & { code: number }> {
  return Object.assign(io, {
    code: await run(['sample', folder, '--threads', '1', '--seed', '5', ...args], io),
  });
}

const lines = (io: TestIo): { type: string; text: string; [key: string]: unknown }[] =>
  io.stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('sample', () => {
  it('writes what it says with --json: pieces that make up the text, the prompt before it', async () => {
    const flags = ['--tokens', '40', '--prompt', 'The ', '--count', '2'];
    const events = lines(await sample([...flags, '--json']));
    const texts = events.filter(({ type }) => type === 'sample');
    expect(texts).toMatchObject([
      { index: 0, prompt: 'The ', seed: 5, tokens: 40, stopped: 'length' },
      { index: 1, prompt: 'The ', tokens: 40 },
    ]);
    for (const { index, text } of texts) {
      const pieces = events.filter((event) => event.type === 'token' && event.index === index);
      expect(pieces.map((piece) => piece.text).join('')).toBe(text);
      expect([...text]).toHaveLength(40);
    }
    expect(texts[0]!.text).not.toBe(texts[1]!.text);
    const { code, stdout, stderr } = await sample(flags);
    expect([code, stderr.text]).toEqual([0, '']);
    const [first, second] = texts.map(({ text }) => `The ${text}${text.endsWith('\n') ? '' : '\n'}`);
    expect(stdout.text).toBe(`${first}---------------\n${second}`);
  });

  it('writes in each of several samples what it writes with the seed of that one alone', async () => {
    const texts = async (...flags: string[]): Promise<unknown[]> =>
      lines(await sample(['--tokens', '30', '--json', ...flags]))
        .filter(({ type }) => type === 'sample')
        .map(({ text, stopped, tokens }) => [text, stopped, tokens]);
    for (const flags of [[], ['--stop', 'e', '--stop', 'th']]) {
      const alone: unknown[] = [];
      for (let i = 0; i < 5; i++) alone.push(...(await texts('--seed', `${5 + i}`, ...flags)));
      expect(await texts('--count', '5', ...flags)).toEqual(alone);
    }
  });

  it('writes 500 tokens unless it is told otherwise', async () => {
    const [last] = lines(await sample(['--json'])).slice(-1);
    expect(last).toMatchObject({ tokens: 500, prompt: '' });
  });

  it('obeys the flags', async () => {
    const whole = lines(await sample(['--tokens', '60', '--json'])).at(-1)!.text;
    const stop = whole.slice(20, 23);
    const cut = lines(await sample(['--tokens', '60', '--stop', stop, '--json'])).at(-1)!;
    expect(cut).toMatchObject({ text: whole.slice(0, whole.indexOf(stop)), stopped: 'stop' });
    const greedy = async (...args: string[]) =>
      lines(await sample(['--tokens', '20', '--json', ...args])).at(-1)!.text;
    expect(await greedy('--temperature', '0')).toBe(await greedy('--top_k=1'));
    const forgetful = await sample(['--forget', '9']);
    expect([forgetful.code, forgetful.stderr.text]).toEqual([
      2,
      expect.stringContaining('from 1 to the block size 8'),
    ]);
  });

  it('reads the prompt from standard input, cut anywhere', async () => {
    const bytes = new TextEncoder().encode('a ü\u{1f600}\r\n');
    const stdin = [...bytes].map((byte) => Uint8Array.of(byte));
    const read = await sample(['--prompt', '-', '--tokens', '1', '--json'], testIo({ stdin }));
    expect(lines(read).at(-1)).toMatchObject({ prompt: 'a ü\u{1f600}\n' });
  });

  it('refuses a prompt that is not text, or that the model cannot read', async () => {
    const bytes = await sample(['--prompt', '-'], testIo({ stdin: [Uint8Array.of(0xff)] }));
    expect(bytes.code).toBe(1);
    expect(bytes.stderr.text).toMatch(/^error: the prompt on standard input is not UTF-8 text\n/);
    const foreign = await sample(['--prompt', '永']);
    expect([foreign.code, foreign.stderr.text]).toEqual([1, expect.stringContaining("'永'")]);
  });

  it('lets no control characters through to a terminal, and all of them to a pipe', async () => {
    const prompt = 'a\u001b\u001ba';
    const flags = ['--prompt', prompt, '--tokens', '1', '--temperature', '0'];
    const shown = await sample(
      flags,
      testIo({ terminal: { columns: 80, rows: 24 }, env: { NO_COLOR: '1' } }),
    );
    expect(shown.stdout.text).toMatch(/^a\u241b\u241ba/);
    expect((await sample(flags)).stdout.text.startsWith(prompt)).toBe(true);
  });
});
