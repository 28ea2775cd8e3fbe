// Writes, for each device, the table of its kernels by operation. Then compiles the AssemblyScript kernels
// to WebAssembly and writes more TypeScript files: the kernels' opcodes, and the binaries (plain, relaxed and wide
// SIMD). Compiling is skipped when nothing has changed since the last time. Last comes the text of the CPU
// device's workers.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const OPS = 'src/engine/ops/';
const OPCODES = `${OPS}opcodes.generated.ts`;
const BINARIES = 'src/engine/devices/cpu/binaries.generated.ts';
const WIDE = 'src/engine/devices/cpu/wide.generated.ts';
const WORKER = 'src/engine/devices/cpu/worker.ts';

const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

const files = (readdirSync(`${root}/src`, { recursive: true }) as string[])
  .map((path) => `src/${path.replaceAll('\\', '/')}`)
  .sort();

for (const device of ['reference', 'cpu']) writeTable(device);

const sources = files.filter((path) => path.endsWith('.wasm.ts'));

const hash = createHash('sha256');
for (const path of [...sources, 'scripts/build-kernels.ts', 'package-lock.json'])
  hash.update(path).update(read(path));
const stamp = `// Made by scripts/build-kernels.ts from sources with SHA-256 ${hash.digest('hex')}\n`;

const current = [OPCODES, BINARIES, WIDE].every(
  (path) => existsSync(`${root}/${path}`) && read(path).startsWith(stamp),
);
if (!current) await build();
writeWorker();

/**
 * The kernels of one device by operation, from what `*.<device>.ts` export: `layerNormCpu` computes the operation
 * 'layer-norm'; a family exports its members' kernels, by operation, as one record `…CpuKernels`.
 */
function writeTable(device: string): void {
  const Device = `${device[0]!.toUpperCase()}${device.slice(1)}`;
  const KERNEL = new RegExp(`^export const (\\w+)${Device}(Kernels)?\\b`, 'gm');
  const imports: string[] = [];
  const rows: string[] = [];
  for (const path of files.filter((path) => path.endsWith(`.${device}.ts`))) {
    const kernels = [...read(path).matchAll(KERNEL)].map(([, name, family]) => {
      const variable = `${name}${Device}${family ?? ''}`;
      const operation = name!.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      rows.push(family ? `  ...${variable},` : `  '${operation}': ${variable},`);
      return variable;
    });
    if (kernels.length > 0)
      imports.push(`import { ${kernels.join(', ')} } from './${path.slice(OPS.length)}';`);
  }
  const table = [
    '// Made by scripts/build-kernels.ts\n',
    ...imports,
    `\n/** The ${device} device's kernels by operation. */`,
    `export const ${device}Kernels = {`,
    ...rows,
    '};\n',
  ].join('\n');
  const path = `${OPS}kernels.${device}.generated.ts`;
  if (!existsSync(`${root}/${path}`) || read(path) !== table) writeFileSync(`${root}/${path}`, table);
}

async function build(): Promise<void> {
  const KERNEL = /^export function (\w+)\(args: usize, thread: i32, threads: i32\): void/gm;
  const kernels = sources.flatMap((path) =>
    [...read(path).matchAll(KERNEL)].map((match) => ({ path, name: match[1]! })),
  );
  const entry = [
    ...kernels.map(({ path, name }) => `import { ${name} } from './${path.slice(4, -3)}';`),
    "export { abandon, dismiss, runAsCaller, runAsWorker } from './engine/devices/cpu/tape.wasm';",
    "import { setDispatch } from './engine/devices/cpu/tape.wasm';",
    'function dispatch(opcode: i32, args: usize, thread: i32, threads: i32): void {',
    '  switch (opcode) {',
    ...kernels.map(({ name }, opcode) => `    case ${opcode}: ${name}(args, thread, threads); return;`),
    '    default: unreachable();',
    '  }',
    '}',
    'setDispatch(dispatch);',
  ].join('\n');
  const opcodes = kernels.map(({ name }, opcode) => `  ${name}: ${opcode},`).join('\n');
  writeFileSync(
    `${root}/${OPCODES}`,
    `${stamp}export const opcodes = {\n${opcodes}\n} as const;\n\nexport type KernelName = keyof typeof opcodes;\n`,
  );
  const binaries = {
    simd128: await compile(entry, ['--use', 'WIDE=0']),
    relaxed: await compile(entry, ['--use', 'WIDE=0', '--enable', 'relaxed-simd']),
    wide: await compile(entry, ['--use', 'WIDE=1', '--enable', 'relaxed-simd']),
  };
  const { wide, ...others } = binaries;
  for (const [path, part] of Object.entries({ [BINARIES]: others, [WIDE]: { wide } })) {
    const texts = Object.entries(part).map(
      ([name, binary]) => `export const ${name} =\n  '${binary.toString('base64')}';\n`,
    );
    writeFileSync(`${root}/${path}`, stamp + texts.join(''));
  }
  const sizes = Object.entries(binaries).map(([name, { length }]) => `${length} bytes (${name})`);
  console.log(`kernels: ${kernels.length}, ${sizes.join(', ')}`);
}

/** The text of the CPU device's workers, which start from no file. */
function writeWorker(): void {
  const { outputFiles } = buildSync({
    entryPoints: [`${root}/${WORKER}`],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    external: ['node:*'],
    minify: true,
  });
  const text = `export const workerSource = ${JSON.stringify(outputFiles[0]!.text)};\n`;
  const path = `${root}/${WORKER.replace('.ts', '.generated.ts')}`;
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

async function compile(entry: string, flags: string[]): Promise<Buffer> {
  let binary: Uint8Array | undefined;
  const options = [
    'src/entry.ts', '--outFile', 'kernels.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--sharedMemory',
    '--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '1024', '--enable', 'threads', '--enable', 'simd',
    ...flags,
  ]; // biome-ignore format: one option after another
  const { error, stderr } = await asc.main(options, {
    readFile: (name, base) => {
      const path = name.replace(/^\.\//, '');
      if (path === 'src/entry.ts') return entry;
      const file = `${base === '.' ? root : base}/${path}`;
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    writeFile: (_name, contents) => {
      binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`kernels do not compile:\n${stderr.toString()}`);
  return Buffer.from(binary);
}
