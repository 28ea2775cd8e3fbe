// Prints the bits of a training as JSON: in Node, Bun and Deno, and in a worker of a page, which tells the page.
import { trainingBits } from './bits.ts';

const simd = globalThis.process?.argv[2];
const result = await trainingBits(simd === 'relaxed' || simd === 'simd128' ? simd : undefined);
if (globalThis.process) console.log(JSON.stringify(result));
else postMessage(result);
