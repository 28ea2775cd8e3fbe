// Exported models in the programs of Python that people run them with:
//
//     npx tsx conformance/python/check.ts /path/to/python
//
// Python needs torch and transformers. Small models are trained here, exported, and opened there; what they must compute
// and write comes along as expected.json. And a checkpoint goes to nanoGPT's form and back.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createDevice, createTraining, plays, type TextModel, trainBpe } from '../../src/index.ts';
import { exportModel } from '../../src/language/formats/export.ts';
import { loadModel } from '../../src/node.ts';

const python = process.argv[2] ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'nanobard-python-'));
const english = plays({ characters: 50_000, seed: 1 });
const mixed = 'Ночь 永明月光 🎭 é! "春秋" said .\n'.repeat(300);
const shape = {
  nLayer: 2,
  nHead: 2,
  nEmbd: 64,
  blockSize: 96,
  dropout: 0,
  maxIters: 60,
  evalInterval: 60,
  evalIters: 1,
};
const models = [
  { name: 'characters', text: english, bias: false, prompts: ['The king', 'a ! b .', '\n'] },
  { name: 'scripts', text: mixed, bias: true, prompts: ['永明', '🎭 é', 'Ночь'] },
  {
    name: 'pieces',
    text: english,
    bias: true,
    activation: 'gelu_tanh',
    tokenizer: trainBpe([english], { vocabSize: 400 }),
    prompts: ['The king', "it's  two", '🎭 永'],
  },
] as const;

/** Prompts with what follows when the likeliest token is always taken, and the logits on the way. */
async function expected(model: TextModel, prompts: readonly string[]): Promise<object[]> {
  const results: object[] = [];
  for (const prompt of prompts) {
    const tokens = [...model.tokenizer.encode(prompt)];
    const promptTokens = tokens.length;
    let logits: ArrayLike<number> = [];
    for (let i = 0; i <= 64; i++) {
      logits = (await model.logits(tokens)).data;
      const last = Array.from(logits).slice(-model.network.vocabSize);
      if (i < 64) tokens.push(last.indexOf(Math.max(...last)));
    }
    const text = model.tokenizer.decode(tokens);
    results.push({ prompt, promptTokens, tokens, text, logits: Array.from(logits) });
  }
  return results;
}

function write(name: string, files: readonly { name: string; data: Uint8Array | string }[]): string {
  for (const file of files) {
    const path = join(folder, name, file.name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, file.data);
  }
  return join(folder, name);
}

const call = (script: string, ...args: string[]): void => {
  execFileSync(python, ['-B', script, ...args], { stdio: 'inherit' });
};

try {
  const device = await createDevice();
  for (const { name, text, prompts, ...rest } of models) {
    const recipe = 'shakespeare-char-cpu';
    const { trainer, model } = await createTraining({ recipe, device, text, ...shape, ...rest });
    for await (const _ of trainer.run());
    const file = await model.modelFile();
    const answers = JSON.stringify(await expected(model, prompts));
    const hf = write(`${name}-hf`, exportModel(file, 'hf'));
    writeFileSync(join(hf, 'expected.json'), answers);
    call(join(import.meta.dirname, 'huggingface.py'), hf);
    if ('activation' in rest) continue; // nanoGPT's GELU is the exact one
    const nano = write(`${name}-nanogpt`, exportModel(file, 'nanogpt'));
    writeFileSync(join(nano, 'expected.json'), answers);
    call(join(import.meta.dirname, 'nanogpt.py'), nano);
    const back = await loadModel(join(nano, 'back.safetensors'), { device });
    const before = await model.write(prompts[0], { tokens: 64, temperature: 0 });
    if ((await back.write(prompts[0], { tokens: 64, temperature: 0 })) !== before)
      throw new Error(`${name}: another model came back from nanoGPT's form`);
  }
  await device.dispose();
} finally {
  rmSync(folder, { recursive: true });
}
