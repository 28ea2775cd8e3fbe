// How symmetric products are cut, for the kernel and for those who give it memory.

/** Rows of a task: whole strips and whole panels, so that every task meets the diagonal at a tile's corner. */
export const BLOCK = 48;
