// What a word tells that two threads share: how many groups of arrays are complete, from the first on; or one of these.

/** All of them, and nobody computes any more. */
export const OVER = 2 ** 30;
/** The rest never will be. */
export const FAILED = -1;
