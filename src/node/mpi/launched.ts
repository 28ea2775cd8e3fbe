/** What a launcher (mpirun, mpiexec, srun) says of this process by its environment. */
export interface Launched {
  /** Number of this process in the job, from 0, and how many there are. */
  readonly rank: number;
  readonly size: number;
  /** Whose launcher it is, where that decides which library can talk to it. */
  readonly family: 'Open MPI' | 'MPICH' | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of each launcher; the first that says a rank and a size is believed. */
const LAUNCHERS: readonly Readonly<{
  rank: string;
  size: readonly string[];
  family: Launched['family'];
}>[] = [
  {
    rank: 'OMPI_COMM_WORLD_RANK',
    size: ['OMPI_COMM_WORLD_SIZE'],
    family: 'Open MPI',
  },
  // MPICH's Hydra and its relatives, and srun --mpi=pmi2.
  { rank: 'PMI_RANK', size: ['PMI_SIZE'], family: 'MPICH' },
  // prterun, and srun --mpi=pmix: any library that was built with PMIx.
  {
    rank: 'PMIX_RANK',
    size: ['PMIX_SIZE', 'SLURM_STEP_NUM_TASKS'],
    family: undefined,
  },
  // srun without a plugin for MPI: found, so that it can be told that the ranks do not find each other.
  { rank: 'SLURM_PROCID', size: ['SLURM_STEP_NUM_TASKS'], family: undefined },
];

/** The job that this process is part of; undefined if no launcher started it, or alone. */
export function launched(env: Environment): Launched | undefined {
  for (const { rank, size, family } of LAUNCHERS) {
    const ranks = size.map((name) => numberIn(env, name)).find((value) => value !== undefined);
    const own = numberIn(env, rank);
    if (own === undefined || ranks === undefined) continue;
    if (ranks < 2) return undefined;
    return { rank: own, size: ranks, family };
  }
  return undefined;
}

/**
 * Whether a launcher relays what this process writes. Open MPI's does so for a process that is alone, too; srun's may have
 * started the shell that somebody types into.
 */
export function isRelayed(env: Environment): boolean {
  return launched(env) !== undefined || numberIn(env, 'OMPI_COMM_WORLD_RANK') !== undefined;
}

function numberIn(env: Environment, name: string): number | undefined {
  const text = env[name];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
