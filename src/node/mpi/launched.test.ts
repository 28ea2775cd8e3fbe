import { describe, expect, it } from 'vitest';
import { isRelayed, launched } from './launched.ts';
import { libraryNames } from './library.ts';

// What launchers really set: Open MPI 4.1.4, MPICH 4.0.2 (Hydra), Slurm's documentation.
const openMpi = {
  OMPI_COMM_WORLD_RANK: '1',
  OMPI_COMM_WORLD_SIZE: '4',
  PMIX_RANK: '1',
};
const mpich = { PMI_RANK: '0', PMI_SIZE: '2' };

describe('launched', () => {
  it.each([
    ['mpirun of Open MPI', openMpi, { rank: 1, size: 4, family: 'Open MPI' }],
    ['mpirun of MPICH', mpich, { rank: 0, size: 2, family: 'MPICH' }],
    [
      'srun --mpi=pmix',
      { PMIX_RANK: '3', SLURM_STEP_NUM_TASKS: '8', SLURM_PROCID: '3' },
      { rank: 3, size: 8, family: undefined },
    ],
    [
      'srun --mpi=none',
      { SLURM_PROCID: '2', SLURM_STEP_NUM_TASKS: '3' },
      { rank: 2, size: 3, family: undefined },
    ],
  ])('recognises %s', (_, env, expected) => {
    expect(launched(env)).toEqual(expected);
  });

  it.each<[string, Record<string, string>]>([
    ['a terminal', { HOME: '/root' }],
    ['a job of one rank', { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' }],
    ['a script of sbatch, which srun has not started', { SLURM_PROCID: '0', SLURM_NTASKS: '4' }],
    ['a terminal that srun has opened', { SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' }],
    ['damaged values', { PMI_RANK: '0', PMI_SIZE: 'two' }],
  ])('sees no job in %s', (_, env) => {
    expect(launched(env)).toBeUndefined();
  });
});

describe('isRelayed', () => {
  it.each([
    [true, { OMPI_COMM_WORLD_RANK: '1', OMPI_COMM_WORLD_SIZE: '2' }],
    [true, { OMPI_COMM_WORLD_RANK: '0', OMPI_COMM_WORLD_SIZE: '1' }],
    [true, { PMI_RANK: '0', PMI_SIZE: '2' }],
    [false, { SLURM_PROCID: '0', SLURM_STEP_NUM_TASKS: '1' }], // srun --pty bash
    [false, {}],
  ])('is %j of %j', (relayed, env) => {
    expect(isRelayed(env)).toBe(relayed);
  });
});

describe('libraryNames', () => {
  it('has the library of the launcher first, and all others after it', () => {
    expect(libraryNames('Open MPI', 'linux')[0]).toBe('libmpi.so.40');
    expect(libraryNames('MPICH', 'linux')[0]).toBe('libmpich.so.12');
    expect(libraryNames('MPICH', 'darwin')[0]).toBe('libmpi.12.dylib');
    for (const platform of ['linux', 'darwin'])
      expect([...libraryNames('MPICH', platform)].sort()).toEqual(
        [...libraryNames(undefined, platform)].sort(),
      );
  });
});
