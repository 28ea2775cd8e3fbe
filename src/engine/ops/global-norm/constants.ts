/** Elements whose squares are summed together. */
export const BLOCK = 4096;
