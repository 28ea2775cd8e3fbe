// llama.cpp, in a process of its own, which it may end. The file that it is given says what to do; JSON comes back.
import { readFile } from 'node:fs/promises';
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const { paths, contextSize, prompts, count, samples, windows } = JSON.parse(
  await readFile(process.argv[2], 'utf8'),
);
const llama = await getLlama({
  ...{ gpu: false, build: 'never', skipDownload: true, logLevel: LlamaLogLevel.error },
});

/** Without the limits of the default sampler. */
const whole = { topK: 0, topP: 1, minP: 0 };

async function run(modelPath) {
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize, threads: 1 });
  const sequence = context.getSequence();
  const { eos } = model.tokens;

  const generate = async (tokens, options) => {
    await sequence.clearHistory();
    const made = [];
    for await (const token of sequence.evaluate(tokens, { ...whole, ...options, yieldEogToken: true })) {
      made.push(token);
      if (made.length === count || model.isEogToken(token)) break;
    }
    return made;
  };

  const ids = prompts.map((prompt) => model.tokenize(prompt));
  const texts = ids.map((tokens) => model.detokenize(tokens));
  const greedy = [];
  for (const tokens of ids) greedy.push(await generate(tokens, { temperature: 0 }));
  const sampled = [];
  for (let seed = 1; seed <= samples; seed++) sampled.push(await generate(ids[0], { temperature: 1, seed }));

  const tops = [];
  let end = 0;
  for (const tokens of windows) {
    await sequence.clearHistory();
    const generateNext = { probabilities: true, options: { ...whole, temperature: 1 } };
    const outputs = await sequence.controlledEvaluate(tokens.map((token) => [token, { generateNext }]));
    tops.push(outputs.map(({ next }) => next.probabilities.keys().next().value));
    for (const { next } of outputs) end = Math.max(end, next.probabilities.get(eos) ?? 0);
  }
  await model.dispose();
  return { ids, texts, greedy, sampled, tops, end, eos };
}

const results = [];
for (const path of paths) results.push(await run(path));
process.stdout.write(JSON.stringify(results), () => process.exit(0));
