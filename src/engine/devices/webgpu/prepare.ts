import type { GpuBank } from '../../ops/shared/webgpu.ts';
import type { PlacedProgram } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, type DType, sizeOf, type TypedArray } from '../../tensor/index.ts';
import { type Place, requireFits } from './banks.ts';
import { lower, type Target } from './lower.ts';
import type { Buffers, GpuMemory } from './memory.ts';
import type { Pipelines } from './pipelines.ts';
import { findPlaces } from './places.ts';

/** A dispatch that is ready to be encoded. */
export interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly groups: readonly [x: number, y: number];
}

/** Where an output's values lie. */
export interface Region {
  readonly dtype: DType;
  readonly length: number;
  readonly buffer: GPUBuffer;
  /** In bytes. */
  readonly offset: number;
}

/** All that a program needs to run. */
export interface Parts {
  /** By instruction. */
  readonly steps: readonly (readonly Step[])[];
  /** What `input` gives out: parts of `upload`, which goes to one buffer at once. */
  readonly inputs: ReadonlyMap<string, TypedArray>;
  readonly upload: { readonly values: Float32Array<ArrayBuffer>; readonly buffer: GPUBuffer | undefined };
  readonly outputs: ReadonlyMap<string, Region>;
  readonly buffers: Buffers;
}

export interface Means extends Target {
  readonly memory: GpuMemory;
  readonly pipelines: Pipelines;
  readonly bankBytes: number;
  /** Buffers whose elements are f16; by default none. */
  readonly halves?: ReadonlySet<number>;
}

/** Finds places for all that a program needs, lowers it, compiles its kernels, and makes buffers and bind groups. */
export async function prepare(
  program: PlacedProgram,
  variables: readonly { readonly place: Place; readonly buffers: Buffers }[],
  { memory, pipelines, bankBytes, halves, ...target }: Means,
): Promise<Parts> {
  const { arena, inputBank, inputPlaces, constants, contents, locate } = findPlaces(
    program,
    variables.map(({ place }) => place),
    bankBytes,
    halves,
  );
  const lowered = lower(program, locate, target);
  requireFits(Math.max(inputBank.bytes, lowered.scratch.bytes), bankBytes, 'the program');
  for (const { offset, values } of lowered.contents)
    contents.push({ place: { bank: lowered.tables, offset }, values });
  const banks = [...arena, inputBank, ...constants, lowered.scratch, lowered.tables];
  const buffers = await memory.allocate('the tensors of the program', banks);
  try {
    for (const { place, values } of contents) memory.write(buffers.of(place.bank), place.offset, values);
    const owners = [buffers, ...new Set(variables.map((variable) => variable.buffers))];
    const bufferOf = (bank: GpuBank): GPUBuffer => {
      const owner = owners.find((candidate) => candidate.find(bank));
      return (owner ?? buffers).of(bank);
    };
    const steps = await memory.validated('the program', () =>
      Promise.all(
        lowered.dispatches.map((dispatches) =>
          Promise.all(
            dispatches.map(async ({ label, code, bindings, groups }): Promise<Step> => {
              const pipeline = await pipelines.get(label, code, bindings.length);
              const entries = bindings.map(({ bank, offset, size }, binding) => ({
                binding,
                resource: { buffer: bufferOf(bank), offset, size },
              }));
              const layout = pipelines.layout(bindings.length);
              return { pipeline, group: memory.device.createBindGroup({ label, layout, entries }), groups };
            }),
          ),
        ),
      ),
    );
    const upload = {
      values: new Float32Array(inputBank.bytes / BYTES_PER_ELEMENT),
      buffer: buffers.find(inputBank),
    };
    const inputs = program.inputs.map(({ name, dtype, shape }, i) => {
      const Type = dtype === 'f32' ? Float32Array : Int32Array;
      return [name, new Type(upload.values.buffer, inputPlaces[i], sizeOf(shape))] as const;
    });
    const outputs = program.outputs.map(({ name, view }) => {
      const { bank, offset, shape } = locate(view);
      const region = { dtype: view.dtype, length: sizeOf(shape), offset: BYTES_PER_ELEMENT * offset };
      return [name, { ...region, buffer: bufferOf(bank) }] as const;
    });
    return { steps, inputs: new Map(inputs), upload, outputs: new Map(outputs), buffers };
  } catch (error) {
    buffers.destroy();
    throw error;
  }
}
