import { traitsOf } from '../engine/devices/cpu/lower.ts';
import { layOut } from '../engine/program/lay-out.ts';
import type { CompiledProgram, PlacedProgram } from '../engine/program/program.ts';

/** The program as the CPU device runs it. */
export function placedOnCpu({ program }: CompiledProgram): PlacedProgram {
  return layOut(program, traitsOf);
}
