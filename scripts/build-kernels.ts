// Writes, for each device, the table of its kernels by operation. Then compiles the AssemblyScript kernels
// to WebAssembly and writes more TypeScript files: the kernels' signatures, and the binaries (relaxed and wide
// SIMD). Compiling is skipped when nothing has changed since the last time. Last comes the text of the CPU
// device's workers.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateRawSync } from 'node:zlib';
import asc from 'assemblyscript/asc';
import { buildSync } from 'esbuild';
import { isFused } from '../src/engine/devices/cpu/unfuse.ts';
import { dispatchSource, findKernels, signaturesSource } from './kernel-signatures.ts';
import { wgslSource } from './wgsl.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const OPS = 'src/engine/ops/';
const SIGNATURES = `${OPS}signatures.generated.ts`;
const SCRIPTS = ['scripts/build-kernels.ts', 'scripts/kernel-signatures.ts'];
const BINARIES = 'src/engine/devices/cpu/binaries.generated.ts';
/** Those of pages, where no engine joins vectors: tsdown.config.ts puts them in place of the others. */
const PAGE_BINARIES = 'src/engine/devices/cpu/page-binaries.generated.ts';
const PIECE = 8192;
const WORKER = 'src/engine/devices/cpu/worker.ts';

const read = (path: string): string => readFileSync(`${root}/${path}`, 'utf8');

const files = (readdirSync(`${root}/src`, { recursive: true }) as string[])
  .map((path) => `src/${path.replaceAll('\\', '/')}`)
  .sort();

const sources = new Map(
  files
    .filter((path) => path.endsWith('.wasm.ts') || path.endsWith('/constants.ts'))
    .map((path) => [path, read(path)]),
);
const kernels = findKernels(sources);
for (const device of ['reference', 'cpu', 'webgpu']) writeTable(device);
writeWgsl();

const hash = createHash('sha256');
for (const path of [...sources.keys(), ...SCRIPTS, 'package-lock.json']) hash.update(path).update(read(path));
const stamp = `// Made by scripts/build-kernels.ts from sources with SHA-256 ${hash.digest('hex')}\n`;

const current = [SIGNATURES, BINARIES, PAGE_BINARIES].every(
  (path) => existsSync(`${root}/${path}`) && read(path).startsWith(stamp),
);
if (!current) await build();
writeWorker();

/**
 * The kernels of one device by operation, from what `*.<device>.ts` export: `layerNormCpu` computes the operation
 * 'layer-norm'; a family exports its members' kernels, by operation, as one record `…CpuKernels`. On the CPU a
 * function of one vector, or its gradient, in `*.wasm.ts` is enough.
 */
function writeTable(device: string): void {
  const Device = device === 'webgpu' ? 'WebGpu' : `${device[0]!.toUpperCase()}${device.slice(1)}`;
  const KERNEL = new RegExp(`^export const (\\w+)${Device}(Kernels)?\\b`, 'gm');
  const imports: string[] = [];
  const rows: string[] = [];
  for (const path of files.filter((path) => path.endsWith(`.${device}.ts`))) {
    const names = [...read(path).matchAll(KERNEL)].map(([, name, family]) => {
      const variable = `${name}${Device}${family ?? ''}`;
      rows.push(family ? `  ...${variable},` : `  '${operationOf(name!)}': ${variable},`);
      return variable;
    });
    if (names.length > 0) imports.push(`import { ${names.join(', ')} } from './${path.slice(OPS.length)}';`);
  }
  if (device === 'cpu') {
    imports.push("import { map, mapGradient } from './elementwise/elementwise.cpu.ts';");
    for (const { name, row } of kernels)
      if (row?.loop === 'map' || row?.loop === 'mapGradient')
        rows.push(`  '${operationOf(name)}': ${row.loop}('${name}'),`);
  }
  const table = [
    '// Made by scripts/build-kernels.ts\n',
    ...imports,
    `\n/** The ${device} device's kernels by operation. */`,
    `export const ${device}Kernels = {`,
    ...rows,
    '};\n',
  ].join('\n');
  writeChanged(`${OPS}kernels.${device}.generated.ts`, table);
}

/** The kernels of the WebGPU device, as text. */
function writeWgsl(): void {
  const sources = new Map(files.filter((path) => path.endsWith('.wgsl')).map((path) => [path, read(path)]));
  writeChanged(`${OPS}wgsl.generated.ts`, wgslSource(sources));
}

function writeChanged(path: string, text: string): void {
  if (!existsSync(`${root}/${path}`) || read(path) !== text) writeFileSync(`${root}/${path}`, text);
}

/** 'layer-norm' of layerNorm. */
function operationOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

async function build(): Promise<void> {
  const entry = [
    dispatchSource(kernels),
    "export { abandon, dismiss, runAsCaller, runAsWorker, runPiece } from './engine/devices/cpu/tape.wasm';",
    "import { setDispatch } from './engine/devices/cpu/tape.wasm';",
    'setDispatch(dispatch);',
  ].join('\n');
  writeFileSync(`${root}/${SIGNATURES}`, stamp + signaturesSource(kernels));
  const relaxed = await compile(entry, 'WIDE=0');
  const wide = await compile(entry, 'WIDE=1');
  console.log(`kernels: ${kernels.length}`);
  writeBinaries(BINARIES, { relaxed, wide });
  writeBinaries(PAGE_BINARIES, { relaxed });
}

function writeBinaries(path: string, binaries: Readonly<Record<string, Buffer>>): void {
  const lengths = Object.entries(binaries).map(([name, { length }]) => `${name}: ${length}`);
  const packed = pack(Object.values(binaries)).toString('base64');
  writeFileSync(
    `${root}/${path}`,
    `${stamp}/** Bytes of each build. */\nexport const lengths = { ${lengths.join(', ')} } as const;\n\n` +
      `/** All builds, ${PIECE} bytes of each in turn, deflated, in base64. */\n` +
      `export const PIECE = ${PIECE};\nexport const packed =\n  '${packed}';\n`,
  );
  console.log(`${path}: ${lengths.join(', ')} bytes, ${packed.length} packed`);
}

/** The builds are much alike: side by side, within reach of deflate's window, all take little more than one. */
function pack(binaries: readonly Buffer[]): Buffer {
  const longest = Math.max(...binaries.map(({ length }) => length));
  const pieces: Buffer[] = [];
  for (let at = 0; at < longest; at += PIECE)
    for (const binary of binaries) pieces.push(binary.subarray(at, at + PIECE));
  return deflateRawSync(Buffer.concat(pieces), { level: 9 });
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

async function compile(entry: string, constant: string): Promise<Buffer> {
  let binary: Uint8Array | undefined;
  let text = '';
  const options = [
    'src/entry.ts', '--outFile', 'kernels.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--importMemory', '--sharedMemory',
    '--initialMemory', '1', '--maximumMemory', '65536', '--memoryBase', '1024', '--enable', 'threads', '--enable', 'simd',
    '--enable', 'relaxed-simd', '--use', constant, '--textFile', 'kernels.wat',
  ]; // biome-ignore format: one option after another
  const { error, stderr } = await asc.main(options, {
    readFile: (name, base) => {
      const path = name.replace(/^\.\//, '');
      if (path === 'src/entry.ts') return entry;
      const file = `${base === '.' ? root : base}/${path}`;
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    },
    writeFile: (name, contents) => {
      if (typeof contents === 'string') text = contents;
      else if (name === 'kernels.wasm') binary = contents;
    },
    listFiles: () => [],
  });
  if (error || !binary) throw new Error(`kernels do not compile:\n${stderr.toString()}`);
  // What unfuse.ts looks for must be there where instructions are fused, and nowhere else.
  const fused = text.match(/f32x4\.relaxed_n?madd/g)?.length;
  const found = binary.filter((_, at, bytes) => isFused(bytes, at)).length;
  if (fused !== found || fused !== text.match(/relaxed_/g)?.length)
    throw new Error(`${fused} instructions are fused, ${found} places look like one`);
  return Buffer.from(binary);
}
