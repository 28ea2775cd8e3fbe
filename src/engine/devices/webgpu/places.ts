import { bytesOf, type GpuView, gpuType } from '../../ops/shared/webgpu.ts';
import type { PlacedProgram, View } from '../../program/program.ts';
import { BYTES_PER_ELEMENT, sizeOf, type TypedArray } from '../../tensor/index.ts';
import { Bank, Banks, type Place, requireFits } from './banks.ts';

/** Where everything of a program lies. */
export interface Places {
  readonly arena: readonly Bank[];
  readonly inputBank: Bank;
  /** By input, in bytes. */
  readonly inputPlaces: readonly number[];
  readonly constants: readonly Bank[];
  /** What must be written before the first run. */
  readonly contents: { readonly place: Place; readonly values: TypedArray }[];
  readonly locate: (view: View) => GpuView;
}

/**
 * Gives a program its places in banks of at most `bankBytes`; its variables have theirs already. Elements of the
 * buffers `halves` are f16.
 *
 * @throws {NanobardError} code `memory` if a tensor is larger than a bank.
 */
export function findPlaces(
  program: PlacedProgram,
  variables: readonly Place[],
  bankBytes: number,
  halves: ReadonlySet<number> = new Set(),
): Places {
  for (const buffer of program.buffers)
    if (buffer.kind === 'temporary') requireFits(buffer.bytes, bankBytes, 'a tensor of the program');
  const arena = arenaBanks(program.arenaBytes, bankBytes);
  const inputBank = new Bank();
  const constants = new Banks(bankBytes);
  const inputPlaces = program.inputs.map(({ shape }) =>
    inputBank.allocate(BYTES_PER_ELEMENT * sizeOf(shape)),
  );
  const contents: { readonly place: Place; readonly values: TypedArray }[] = [];
  const places = program.buffers.map((buffer, i): Place => {
    if (buffer.kind === 'variable') return variables[buffer.index]!;
    if (buffer.kind === 'input') return { bank: inputBank, offset: inputPlaces[buffer.index]! };
    if (buffer.kind === 'constant') {
      const place = constants.allocate(buffer.data.byteLength, 'a constant of the program');
      contents.push({ place, values: buffer.data });
      return place;
    }
    const offset = program.offsets.get(i) ?? 0;
    const bank = arena[Math.floor(offset / bankBytes)] ?? arena[0]!;
    return { bank, offset: offset % bankBytes };
  });
  const locate = (view: View): GpuView => {
    const { bank, offset } = places[view.buffer]!;
    const dtype = halves.has(view.buffer) ? 'f16' : gpuType(view.dtype);
    return { ...view, dtype, bank, offset: offset / bytesOf(dtype) + view.offset };
  };
  return { arena, inputBank, inputPlaces, constants: constants.all, contents, locate };
}

function arenaBanks(bytes: number, bankBytes: number): Bank[] {
  const banks: Bank[] = [];
  for (let from = 0; from === 0 || from < bytes; from += bankBytes) {
    const bank = new Bank();
    bank.allocate(Math.min(bankBytes, bytes - from));
    banks.push(bank);
  }
  return banks;
}
