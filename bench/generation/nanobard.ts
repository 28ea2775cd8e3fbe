// Tokens a second of a model, by one text and by several together: MODEL TOKENS TEXTS ROUNDS
import { readFile } from 'node:fs/promises';
import { CpuDevice, Decoder, Generator, loadModel } from '../../dist/node.js';

const [file, ...numbers] = process.argv.slice(2);
const [tokens, texts, rounds] = numbers.map(Number) as [number, number, number];
const model = await loadModel(new Uint8Array(await readFile(file!)), { device: 'cpu' });
const { network, device } = model;
const one = await Decoder.create(network, device);
const many = await Decoder.create(network, device, texts);

/** Tokens a second of a decoder that makes `count` texts. */
async function speed(decoder: Decoder, count: number): Promise<number> {
  const jobs = Array.from({ length: count }, (_, i) => ({
    prompt: [1],
    options: { tokens, generator: new Generator(i) },
  }));
  const begin = performance.now();
  let made = 0;
  for await (const choices of decoder.together(jobs)) made += choices.length;
  return (1000 * made) / (performance.now() - begin);
}

const report = { one: [] as number[], many: [] as number[] };
for (let round = -1; round < rounds; round++) {
  const [alone, together] = [await speed(one, 1), await speed(many, texts)];
  if (round < 0) continue; // compiles
  report.one.push(alone);
  report.many.push(together);
}
const simd = device instanceof CpuDevice ? device.simd : device.name;
await model.dispose();
console.log(JSON.stringify({ ...report, simd }));
