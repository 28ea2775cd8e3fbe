// Tokens a second of a GGUF file in llama.cpp, by one thread and by two: MODEL TOKENS BLOCK ROUNDS. `npm run conformance` installs node-llama-cpp.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modelPath, ...numbers] = process.argv.slice(2);
const [tokens, contextSize, rounds] = numbers.map(Number);
const { resolve } = createRequire(new URL('../../conformance/package.json', import.meta.url));
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolve('node-llama-cpp')).href);
const llama = await getLlama({
  ...{ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error },
});
const model = await llama.loadModel({ modelPath });
const options = { temperature: 1, topK: 0, topP: 1, minP: 0, yieldEogToken: true };
const speeds = [];
for (const threads of [1, 2]) {
  const context = await model.createContext({ contextSize, threads });
  const sequence = context.getSequence();
  const speed = [];
  for (let round = -1; round < rounds; round++) {
    await sequence.clearHistory();
    const begin = performance.now();
    let made = 0;
    for await (const _ of sequence.evaluate([1], { ...options, seed: round + 2 }))
      if (++made === tokens) break;
    if (round >= 0) speed.push((1000 * made) / (performance.now() - begin));
  }
  speeds.push(speed);
  await context.dispose();
}
process.stdout.write(`${JSON.stringify({ speeds })}\n`, () => process.exit(0));
