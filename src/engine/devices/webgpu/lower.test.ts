// What every recipe becomes on a GPU, as far as that can be told without one.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createModel } from '../../../language/models/create.ts';
import { recipes } from '../../../language/recipes/recipes.ts';
import { TrainingStep } from '../../../language/train/step.ts';
import { referenceKernels } from '../../ops/kernels.reference.generated.ts';
import { webgpuKernels } from '../../ops/kernels.webgpu.generated.ts';
import { type ProductShape, type Tile, tiles, usualTile } from '../../ops/shared/tile.ts';
import { compile } from '../../program/compile.ts';
import { layOut } from '../../program/lay-out.ts';
import type { CompiledProgram } from '../../program/program.ts';
import type { Executable } from '../device.ts';
import { ReferenceDevice } from '../reference/reference-device.ts';
import { Banks } from './banks.ts';
import { halve } from './halve.ts';
import { type LabelledDispatch, lower, traitsOf } from './lower.ts';
import { findPlaces } from './places.ts';

/** WebGPU's default limits. */
const limits = { storageBuffers: 8, groups: 65_535, bindingBytes: 128 << 20 };

/** Keeps the programs that it is to load. */
class Listener extends ReferenceDevice {
  readonly programs: CompiledProgram[] = [];
  override async load(compiled: CompiledProgram): Promise<Executable> {
    this.programs.push(compiled);
    const nothing = await super.load(compile({}));
    return Object.assign(nothing, { program: layOut(compiled.program, traitsOf) });
  }
}

/** A GPU, by default with WebGPU's smallest limits and the usual tiles. */
interface Conditions {
  readonly software?: boolean;
  readonly subgroup?: number;
  readonly bankBytes?: number;
  readonly tile?: Tile;
  /** Whether activations are stored as f16. */
  readonly f16?: boolean;
}

function dispatchesOf(
  { program, variables }: CompiledProgram,
  { software = false, subgroup = 0, bankBytes = limits.bindingBytes, tile, f16 = false }: Conditions = {},
): LabelledDispatch[] {
  const stored = f16 ? halve(program) : { program, halves: new Set<number>() };
  const placed = layOut(stored.program, traitsOf, bankBytes);
  const banks = new Banks(bankBytes);
  const homes = variables.map(({ name, size }) => banks.allocate(4 * size, name));
  const { locate } = findPlaces(placed, homes, bankBytes, stored.halves);
  const tileFor = (product: ProductShape): Tile => tile ?? usualTile(product, { software });
  return lower(placed, locate, { software, subgroup, tileFor }).dispatches.flat();
}

async function programsOf(name: keyof typeof recipes): Promise<CompiledProgram[]> {
  const { recipe } = recipes[name];
  const device = new Listener();
  const model = createModel({ ...recipe, vocabSize: 65 });
  await TrainingStep.create(model, device, recipe);
  return device.programs;
}

const all = await Promise.all(
  (Object.keys(recipes) as (keyof typeof recipes)[]).map(
    async (name) => [name, await programsOf(name)] as const,
  ),
);

it('has a kernel for every operation', () => {
  expect(Object.keys(webgpuKernels).sort()).toEqual(Object.keys(referenceKernels).sort());
});

it.each(all)('%s keeps to the limits that every adapter has', (_name, programs) => {
  const conditions = [{ software: true }, { software: false }, { f16: true }];
  for (const condition of conditions) {
    for (const { label, bindings, groups } of programs.flatMap((program) =>
      dispatchesOf(program, condition),
    )) {
      expect(bindings.length, label).toBeLessThanOrEqual(limits.storageBuffers);
      for (const { size } of bindings) expect(size, label).toBeLessThanOrEqual(limits.bindingBytes);
      for (const count of groups) expect(count, label).toBeLessThanOrEqual(limits.groups);
    }
  }
});

it.each(all)('%s updates and measures all parameters at once', (name, programs) => {
  for (const program of programs) {
    const counts = new Map<string, number>();
    for (const { label } of dispatchesOf(program, { bankBytes: 2 ** 30 }))
      counts.set(label, (counts.get(label) ?? 0) + 1);
    // An arena of 2.4 GiB takes three banks. Where Muon updates matrices, AdamW has three learning rates for the rest.
    const banks = name === 'shakespeare-char' ? 3 : 1;
    expect(counts.get('sumSquares') ?? 0).toBeLessThanOrEqual(banks);
    expect(counts.get('adamw') ?? 0).toBeLessThanOrEqual(counts.has('muonUpdate') ? 3 : banks);
    for (const kernel of ['muonMomentum', 'muonUpdate'])
      expect(counts.get(kernel) ?? 0, kernel).toBe(counts.has('muonUpdate') ? 4 : 0); // matrices of four shapes
  }
});

it.each(all)('%s starts few more kernels than it has instructions', (name, programs) => {
  for (const program of programs) {
    const { length: instructions } = program.program.instructions;
    const { length: dispatches } = dispatchesOf(program, { bankBytes: 2 ** 30 });
    expect(dispatches / instructions).toBeGreaterThan(1);
    expect(dispatches / instructions).toBeLessThan(/bigram/.test(name) ? 2 : 1.3);
  }
});

it('attention by tiles reads all that it takes four elements at a time', () => {
  const [, programs] = all.find(([name]) => name === 'shakespeare-char')!;
  const dispatches = programs.flatMap((program) => dispatchesOf(program, { bankBytes: 2 ** 30 }));
  for (const kernel of ['attentionTiles', 'attentionGradientQueryTiles', 'attentionGradientKeyTiles']) {
    const codes = dispatches.filter(({ label }) => label === kernel).map(({ code }) => code);
    expect(codes.length, kernel).toBeGreaterThan(0);
    const read = kernel === 'attentionTiles' ? ['q', 'k', 'v'] : ['q', 'k', 'v', 'dy'];
    for (const code of codes)
      for (const name of read)
        expect(code, kernel).toMatch(new RegExp(`fn load4_${name}\\(.*\\[\\(.*\\) / 4u\\]\\)`));
  }
});

it('takes subgroups only where a group is made of whole ones', () => {
  const [, programs] = all.find(([name]) => name === 'shakespeare-char')!;
  const labelsOf = (subgroup: number): Set<string> =>
    new Set(
      programs
        .flatMap((program) => dispatchesOf(program, { subgroup }))
        .filter(({ code }) => code.startsWith('enable subgroups;'))
        .map(({ label }) => label),
    );
  expect(labelsOf(0).size).toBe(0);
  // Rows of 65 logits take 64 threads, of 384 columns 256.
  expect([...labelsOf(64)]).toEqual(
    expect.arrayContaining(['layerNorm', 'layerNormGradient', 'crossEntropyRows', 'sumSquares']),
  );
  expect([...labelsOf(128)]).not.toContain('crossEntropyRows');
  expect([...labelsOf(128)]).toContain('layerNorm');
});

// Dawn's adapter that only validates: without a GPU, with WebGPU's default limits. `npm --prefix gpu ci` installs it.
const dawn = fileURLToPath(new URL('../../../../gpu/node_modules/webgpu/index.js', import.meta.url));

// In f32 and in f16: that takes long where the machine has more to do.
it.skipIf(!existsSync(dawn))(
  'every kernel of every recipe compiles',
  async () => {
    const { create } = await import(dawn);
    const gpu: GPU = create(['backend=null']);
    const device = await (await gpu.requestAdapter())!.requestDevice({
      requiredFeatures: ['subgroups', 'shader-f16'],
    });
    const codes = new Map<string, string>();
    for (const [, programs] of all)
      for (const program of programs)
        for (const software of [true, false])
          for (const subgroup of [0, software ? 4 : 32])
            for (const { label, code } of dispatchesOf(program, { software, subgroup }))
              codes.set(code, label);
    for (const [, programs] of all)
      for (const program of programs)
        for (const { label, code } of dispatchesOf(program, { subgroup: 32, f16: true }))
          codes.set(code, label);
    for (const tile of tiles)
      for (const program of all.at(-1)![1])
        for (const { label, code } of dispatchesOf(program, { tile })) codes.set(code, label);
    const problems = await Promise.all(
      [...codes].map(async ([code, label]) => {
        const module = device.createShaderModule({ code });
        const pipeline = device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
        return pipeline.then(
          () => [],
          (error: Error) => [`${label}: ${error.message}`],
        );
      }),
    );
    expect(problems.flat()).toEqual([]);
    expect(codes.size).toBeGreaterThan(100);
    expect([...codes.keys()].filter((code) => code.startsWith('enable f16;')).length).toBeGreaterThan(50);
    device.destroy();
  },
  90_000,
);
