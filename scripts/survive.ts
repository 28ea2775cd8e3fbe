// Kills training runs by SIGKILL 200 times, or as often as is said: npm run survive [-- KILLS [SEED]]
//
// Fails unless what they leave behind is, bit for bit and file for file, what runs do that were never stopped.

import { deepStrictEqual } from 'node:assert';
import { survive } from '../src/testing/survive.ts';

const [kills = '200', seed = '1'] = process.argv.slice(2);
const survival = await survive({ kills: Number(kills), each: 20, seed: Number(seed) });
for (const [killed, whole] of survival.pairs) deepStrictEqual(killed, whole);
console.log(`${survival.kills} kills, ${survival.ended} runs: nothing is lost, nothing is left behind.`);
