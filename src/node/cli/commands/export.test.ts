import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plays } from '../../../language/data/plays.ts';
import { recipes } from '../../../language/recipes/recipes.ts';
import { loadModel, openModel } from '../../load-model.ts';
import { RunFolder } from '../../runs/run-folder.ts';
import { TrainingRun } from '../../runs/training.ts';
import { run } from '../main.ts';
import { type TestIo, testIo } from '../testing/test-io.ts';

let parent: string;
let folder: string;
let text: string;
let count = 0;

const fixture = new URL('../../../language/formats/huggingface/fixtures/plain/', import.meta.url).pathname;
const machine = { device: 'cpu', threads: 1 } as const;

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nanobard-'));
  folder = join(parent, 'run');
  text = join(parent, 'text.txt');
  await writeFile(text, plays({ characters: 3000, seed: 1 }));
  const { recipe } = recipes['shakespeare-char-cpu'];
  const size = { nLayer: 1, nHead: 2, nEmbd: 16, blockSize: 16, batchSize: 4, bias: true };
  const training = await TrainingRun.create({
    ...{ recipe: { ...recipe, ...size }, folder, data: text, maxIters: 30, evalInterval: 30, evalIters: 1 },
    ...machine,
  });
  for await (const _ of training.events());
});

afterAll(async () => {
  await rm(parent, { recursive: true });
});

async function call(...args: string[]): Promise<TestIo & { code: number }> {
  const io = testIo();
  return Object.assign(io, { code: await run(args, io) });
}

const newPlace = (): string => join(parent, `out-${count++}`);

/** What a model writes, taking the likeliest. */
async function writes(source: string, prompt = ''): Promise<string> {
  const model = await loadModel(source, machine);
  try {
    return await model.write(prompt, { tokens: 64, temperature: 0 });
  } finally {
    await model.dispose();
  }
}

describe('export', () => {
  it.each([
    [
      'hf',
      'f32',
      [
        'config.json',
        'generation_config.json',
        'model.safetensors',
        'tokenizer.json',
        'tokenizer_config.json',
      ],
    ],
    ['nanogpt', 'f32', ['from_nanobard.py', 'model.safetensors', 'to_nanobard.py']],
    ['nanobard', 'q8', ['model.safetensors']],
  ])('to %s, %s, writes a folder that the same model is read from', async (to, dtype, names) => {
    const out = newPlace();
    const result = await call('export', folder, '--to', to, '--dtype', dtype, '--out', out);
    expect([result.code, result.stderr.text]).toEqual([0, '']);
    expect((await readdir(out)).sort()).toEqual(names);
    const written = await writes(out);
    expect(result.stdout.text).toContain(`read back, always the likeliest:\n`);
    expect(result.stdout.text.endsWith(`${written}\n`)).toBe(true);
    if (dtype === 'f32') expect(written).toBe(await writes(folder));
    for (const name of names) expect(result.stdout.text).toContain(`  ${name} `);
    const sampled = await call('sample', out, '--tokens', '64', '--temperature', '0');
    expect(sampled.stdout.text.trimEnd()).toBe(written.trimEnd());
  });

  it('says with --json what it wrote', async () => {
    const out = newPlace();
    const { stdout } = await call('export', folder, '--to', 'hf', '--out', out, '--json');
    expect(JSON.parse(stdout.text)).toMatchObject({ type: 'export', to: 'hf', path: out });
  });

  it('touches nothing that is there, and leaves nothing behind', async () => {
    const out = newPlace();
    await mkdir(out);
    await writeFile(join(out, 'mine'), 'x');
    const refused = await call('export', folder, '--to', 'hf', '--out', out);
    expect([refused.code, refused.stderr.text]).toEqual([1, expect.stringContaining(`${out} is not empty`)]);
    expect(refused.stderr.text).toContain('See --out.');
    expect(await readFile(join(out, 'mine'), 'utf8')).toBe('x');
    const wrong = await call('export', folder, '--to', 'hf', '--dtype', 'q8', '--out', newPlace());
    expect([wrong.code, wrong.stderr.text]).toEqual([
      2,
      expect.stringContaining("hf has no weights of the type 'q8'"),
    ]);
    expect((await readdir(parent)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('import', () => {
  it('makes a model file of a folder of Hugging Face, with a shorter block if asked', async () => {
    const out = newPlace();
    const { code, stdout } = await call('import', fixture, '--out', out, '--block-size', '5');
    expect(code).toBe(0);
    const model = await openModel(out);
    expect(model.spec).toMatchObject({ blockSize: 5, activation: 'gelu_tanh' });
    expect(model.tensors.get('transformer.wpe.weight')!.shape).toEqual([5, 12]);
    expect(stdout.text.endsWith(`${await writes(out)}\n`)).toBe(true);
    const longer = await call('import', fixture, '--out', newPlace(), '--block-size', '13');
    expect([longer.code, longer.stderr.text]).toEqual([
      1,
      expect.stringContaining('reads 12 tokens, not 13'),
    ]);
  });

  it('is not needed to measure such a folder, if a text is given', async () => {
    const measured = await call('eval', fixture, '--data', text, '--json');
    expect(JSON.parse(measured.stdout.text).loss).toBeGreaterThan(0);
    const alone = await call('eval', fixture);
    expect([alone.code, alone.stderr.text]).toEqual([2, expect.stringContaining('See --data.')]);
  });
});

describe('train --init-from', () => {
  const flags = ['--max-iters', '2', '--eval-interval', '2', '--eval-iters', '1', '--threads', '1', '--data'];

  it('goes on from the weights, with their tokenizer and a shorter block, and remembers that', async () => {
    const out = newPlace();
    const rate = ['--learning-rate', '1e-12', '--min-lr', '0', '--weight-decay', '0'];
    const { code, stderr } = await call(
      'train',
      '--init-from',
      fixture,
      ...flags,
      text,
      ...rate,
      '--block-size',
      '8',
      '--out',
      out,
    );
    expect([code, stderr.text]).toEqual([0, '']);
    const { config, tokenizer } = await RunFolder.open(out);
    expect(config.recipe).toMatchObject({ model: 'gpt', nLayer: 2, nEmbd: 12, blockSize: 8, bias: true });
    expect(config.recipe).toMatchObject({ activation: 'gelu_tanh', maxIters: 2, batchSize: 12 });
    expect(config.initFrom).toBe(fixture.replace(/\/$/, ''));
    const before = await openModel(fixture);
    expect(tokenizer.toJSON()).toEqual(before.tokenizer.toJSON());
    // At a rate of next to nothing the weights are still those.
    const { tensors } = await openModel(out);
    for (const [name, { data }] of tensors)
      expect(
        Math.max(...[...data].map((x, i) => Math.abs(x - before.tensors.get(name)!.data[i]!))),
      ).toBeLessThan(1e-9);
    expect(existsSync(join(out, 'checkpoints', 'last.safetensors'))).toBe(true);
    expect((await call('train', '--resume', '--out', out, '--max-iters', '3', '--threads', '1')).code).toBe(
      0,
    );
  });

  it.each([
    ['another recipe', ['fast'], text, 1, 'the recipe trains a modern model, but the weights are of a gpt'],
    ['another shape', ['--n-layer', '3'], text, 1, 'nLayer 1, which cannot become 3'],
    ['a longer block', ['--block-size', '17'], text, 1, 'blockSize 16, which cannot become 17'],
    ['characters that the tokenizer lacks', [], 'foreign', 1, "'永' (U+6C38)"],
    ['what is not there', ['--init-from', '/nowhere'], text, 1, 'there is no model at /nowhere'],
    ['a run that is resumed', ['--resume'], text, 2, "cannot be used with option '--resume'"],
  ])('is refused with %s', async (_, args, data, expectedCode, message) => {
    const foreign = join(parent, 'foreign.txt');
    await writeFile(foreign, '永'.repeat(500));
    const given = data === 'foreign' ? foreign : text;
    const place = newPlace();
    const { code, stderr } = await call(
      'train',
      '--init-from',
      folder,
      ...args,
      ...flags,
      given,
      '--out',
      place,
    );
    expect([code, stderr.text]).toEqual([expectedCode, expect.stringContaining(message)]);
    expect(existsSync(place)).toBe(false);
  });
});
