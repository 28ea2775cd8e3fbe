import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { plays } from '../language/data/plays.ts';

const run = promisify(execFile);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nanobard-'));
  for (const format of ['esm', 'cjs'] as const) {
    await build({
      entryPoints: { node: 'src/node.ts', cli: 'src/node/cli/cli.ts' },
      ...{ bundle: true, platform: 'node', format, outdir: join(folder, format), logLevel: 'silent' },
      ...(format === 'esm' && { external: ['commander'], splitting: true }),
      // The command line awaits at its top level, which CommonJS cannot.
      ...(format === 'cjs' && { entryPoints: { node: 'src/node.ts' } }),
    });
  }
}, 60_000);

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const program = `
  const run = await TrainingRun.create({
    recipe: 'bigram', maxIters: 2, evalIters: 1, threads: 1, folder: process.argv[2],
    data: { text: 'to be or not to be '.repeat(20) },
  });
  for await (const event of run.events()) if (event.type === 'end') console.log(event.reason);
  const model = await loadModel(process.argv[2], { threads: 1 });
  for await (const piece of model.generate('to', { tokens: 5 })) void piece;
  await model.dispose();
`;

it('a CommonJS bundle trains and writes: nothing is asked of the place it was bundled from', async () => {
  const main = join(folder, 'main.cjs');
  await writeFile(
    main,
    `const { loadModel, TrainingRun } = require('./cjs/node.js'); (async () => {${program}})();`,
  );
  expect((await run(process.execPath, [main, join(folder, 'run-cjs')])).stdout).toBe('finished\n');
});

it('a user without a home folder trains and writes', async () => {
  const homeless = join(folder, 'homeless.mjs');
  await writeFile(
    homeless,
    `import os from 'node:os';
     import { syncBuiltinESMExports } from 'node:module';
     os.homedir = os.userInfo = () => { throw new Error('uv_os_homedir returned ENOENT'); };
     syncBuiltinESMExports();`,
  );
  const main = join(folder, 'main.mjs');
  await writeFile(
    main,
    `import { loadCorpus, loadModel, TrainingRun } from './esm/node.js'; ${program}
    // Its downloads are kept in the folder for temporary files.
    const source = { url: 'data:text/plain,To%20be', sha256: '${'0'.repeat(64)}' };
    await loadCorpus('tinyshakespeare', { source }).catch(({ code }) => console.log(code));`,
  );
  const args = ['--import', pathToFileURL(homeless).href, main, join(folder, 'run-esm')];
  expect((await run(process.execPath, args)).stdout).toBe('finished\nchecksum\n');
});

it.each(['\n', '\r\n'])(
  'a text of 30 MB with line ends %j is not copied more often than it must be',
  async (end) => {
    const text = join(folder, 'large.txt');
    const lines = `${plays({ characters: 100_000, seed: 1 }).replaceAll('\n', end)}${end}`;
    await writeFile(text, lines.repeat(Math.ceil(30e6 / lines.length)));
    const main = join(folder, 'large.mjs');
    await writeFile(
      main,
      `import { TrainingRun } from './esm/node.js';
     const before = process.resourceUsage().maxRSS;
     const data = process.argv[2];
     const options = { recipe: 'bigram', maxIters: 1, evalIters: 1, threads: 1 };
     const run = await TrainingRun.create({ ...options, data, folder: data + '-run-' + process.pid });
     await run.dispose();
     console.log(process.resourceUsage().maxRSS - before);`,
    );
    const { stdout } = await run(process.execPath, [main, text]);
    // The bytes, the text, and a token of four bytes for each character; and what else a run takes.
    expect(Number(stdout) / 1024).toBeLessThan(6 * 30 + 80);
  },
  30_000,
);
