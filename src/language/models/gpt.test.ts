import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fillInputs } from '../../engine/devices/evaluate.ts';
import { NanobardError } from '../../engine/errors.ts';
import {
  causalMask,
  constant,
  grad,
  maskedFill,
  matmul,
  mul,
  permute,
  reshape,
  scalar,
  softmax,
  split,
  sum,
  transpose,
} from '../../engine/ops/index.ts';
import { compile } from '../../engine/program/compile.ts';
import { Generator } from '../../engine/tensor/generator.ts';
import { Input, type Tensor } from '../../engine/tensor/tensor.ts';
import { devices, expectClose, reference, values } from '../../testing/check.ts';
import { checkParameterGradients } from '../../testing/model.ts';
import { recipes } from '../recipes/recipes.ts';
import { CausalSelfAttention, GPT, type GPTConfig } from './gpt.ts';

const tiny: GPTConfig = { vocabSize: 5, blockSize: 4, nLayer: 2, nHead: 2, nEmbd: 4, dropout: 0, bias: true };

describe('GPT', () => {
  // Made by scripts/fixtures/gpt_init.py.
  const inits: { seed: number; config: GPTConfig; parameters: Record<string, string>; next: number }[] =
    JSON.parse(readFileSync(new URL('./fixtures/gpt-init.json', import.meta.url), 'utf8'));

  it.each(inits)(
    'starts as nanoGPT on PyTorch does, to the last bit: $config',
    ({ seed, config, parameters, next }) => {
      const generator = new Generator(seed);
      const model = new GPT(config).initialize(generator);
      const digests = [...model.namedParameters()].map(([name, { initial, size }]) => {
        const bytes = new Uint8Array((initial ?? new Float32Array(size)).buffer);
        return [name, createHash('sha256').update(bytes).digest('hex').slice(0, 8)];
      });
      expect(digests).toEqual(Object.entries(parameters)); // in the same order, too
      expect(generator.randint(2 ** 20)).toBe(next);
    },
  );

  it('has the parameters that nanoGPT counts', () => {
    const { recipe } = recipes['shakespeare-char-cpu'];
    const model = new GPT({ ...recipe, vocabSize: 65 }).initialize(new Generator(1337));
    expect(model.parameterCount()).toBe(804_096);
    // nanoGPT prints 0.80M: it leaves the position embedding out.
    expect(model.parameterCount() - model.transformer.wpe.weight.size).toBe(795_904);
  });

  it('says which configurations and sequences make no sense', () => {
    const build = (): GPT => new GPT({ ...tiny, nHead: 3 }).initialize(new Generator(1));
    expect(build).toThrow(NanobardError);
    expect(build).toThrow('nHead 3 does not divide nEmbd 4');
    const model = new GPT(tiny).initialize(new Generator(1));
    expect(() => model.forward(new Input('idx', [1, 5], 'i32'))).toThrow(
      'a sequence of 5 tokens is longer than the block of 4',
    );
  });

  it.each([
    { bias: true, dropout: 0 },
    { bias: false, dropout: 0.3 },
  ])('has the gradient that finite differences have: bias $bias, dropout $dropout', async (options) => {
    await checkParameterGradients(new GPT({ ...tiny, ...options }).initialize(new Generator(1)));
  });
});

describe('CausalSelfAttention', () => {
  const config = { ...tiny, nEmbd: 12, nHead: 3, blockSize: 7 };
  const [B, T, C] = [2, 7, 12];

  /** Attention as the tutorial writes it, one operation after the other. */
  function stepByStep(x: Tensor, { c_attn, c_proj }: CausalSelfAttention): Tensor {
    const heads = (y: Tensor): Tensor => permute(reshape(y, [B, T, config.nHead, -1]), [0, 2, 1, 3]);
    const [q, k, v] = split(c_attn.forward(x), C, -1).map(heads) as [Tensor, Tensor, Tensor]; // (B, H, T, D)
    let wei = mul(matmul(q, transpose(k, -2, -1)), scalar((C / config.nHead) ** -0.5)); // (B, H, T, T)
    wei = maskedFill(wei, causalMask(T), Number.NEGATIVE_INFINITY);
    wei = softmax(wei, -1);
    const y = permute(matmul(wei, v), [0, 2, 1, 3]); // (B, T, H, D)
    return c_proj.forward(reshape(y, [B, T, C]));
  }

  it('is what it is step by step, forward and backward', async () => {
    const attention = new CausalSelfAttention(config).initialize(new Generator(1));
    const x = new Input('x', [B, T, C]);
    const weights = constant(values([B, T, C], 5).data, [B, T, C]);
    const wanted = [x, ...attention.namedParameters().values()];
    const outputs: Record<string, Tensor> = {};
    for (const [name, y] of Object.entries({
      fused: attention.forward(x),
      general: stepByStep(x, attention),
    })) {
      outputs[name] = y;
      grad(sum(mul(y, weights)), wanted).forEach((gradient, i) => {
        outputs[`${name}${i}`] = gradient;
      });
    }
    for (const device of devices) {
      const tolerance = device === reference ? 1e-14 : 1e-6;
      const executable = await device.load(compile({ outputs }));
      fillInputs(executable, { x: values([B, T, C], 6, 3).data });
      await executable.run();
      for (const which of ['', ...wanted.keys()]) {
        expectClose(
          await executable.read(`fused${which}`),
          await executable.read(`general${which}`),
          tolerance,
          `${which}`,
        );
      }
    }
  });
});
