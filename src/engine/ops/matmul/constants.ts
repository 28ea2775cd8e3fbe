// How matrix products are cut, for the kernels and for those who give them memory: both AssemblyScript and
// TypeScript.

/** Rows of a strip of A, and of a tile of C. */
export const MR = 6;
/** Rows of A that are packed together, and the longest sum between two visits to memory. */
export const MC = 96;
export const KC = 512;
/** Queries whose scores attention keeps together in the backward pass; a multiple of MR. */
export const ROWS = 96;
/** Columns of a panel of B, and of a tile: two vectors, or four in the build for engines that join them to wider ones. */
export const PANEL_COLUMNS = 8;
export const WIDE_PANEL_COLUMNS = 16;
/** Rows of a task of a symmetric product: whole strips and whole panels, so that it meets the diagonal at a tile's corner. */
export const BLOCK = 48;
/** Rows, at most as many as a tile has, from which on their dot products with others are taken in a tile. */
export const DOTS_FROM = 3;
/** The largest magnitude of an integer of a q8 weight. */
export const Q8_LARGEST = 127;
/** Rows of q8 weights that lie together, four columns of each in turn. */
export const Q8_GROUP = 8;
/** Rows that are read at once, two groups: memory is quicker with two streams than with one. Missing rows are zeros. */
export const Q8_ROWS = 16;
/** Columns come in so many, with zeros after the last. */
export const Q8_COLUMNS = 4;
/** Rows that are multiplied with rows of weights at once. */
export const Q8_TILE = 4;
