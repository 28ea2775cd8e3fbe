// What the tests of all models share.
import { fillInputs } from '../engine/devices/evaluate.ts';
import { ReferenceDevice } from '../engine/devices/reference/reference-device.ts';
import { grad } from '../engine/ops/grad.ts';
import { compile } from '../engine/program/compile.ts';
import { Input } from '../engine/tensor/tensor.ts';
import type { LanguageModel } from '../language/models/language-model.ts';
import { dropoutKey } from '../language/nn/dropout.ts';
import { expectClose, integers, values } from './check.ts';

/** Holds the gradient of a small model's loss, on 2 sequences of 3 tokens, against finite differences in float64. */
export async function checkParameterGradients(model: LanguageModel): Promise<void> {
  const device = new ReferenceDevice();
  const parameters = [...model.train().namedParameters().values()];
  for (const [i, parameter] of parameters.entries())
    await device.write(parameter, values(parameter.shape, i + 1, 0.7).data);
  const shape = [2, 3];
  const loss = model.loss(new Input('x', shape, 'i32'), new Input('y', shape, 'i32'));
  const gradients = Object.fromEntries(grad(loss, parameters).map((gradient, i) => [i, gradient]));
  const [forward, backward] = await Promise.all(
    [{ loss }, gradients].map((outputs) => device.load(compile({ outputs }))),
  );
  const inputs = {
    x: integers(shape, model.vocabSize, 1).data,
    y: integers(shape, model.vocabSize, 2).data,
    [dropoutKey.name]: [3, 1, 4],
  };
  for (const executable of [forward!, backward!]) {
    const { inputs: slots } = executable.program;
    fillInputs(executable, Object.fromEntries(slots.map(({ name }) => [name, inputs[name]!])));
  }
  await backward!.run();
  for (const [i, parameter] of parameters.entries()) {
    const start = await device.read64(parameter);
    const lossAt = async (k: number, value: number): Promise<number> => {
      await device.write(parameter, start.with(k, value));
      await forward!.run();
      return (await forward!.read('loss'))[0]!;
    };
    const h = 1e-5;
    const differences: number[] = [];
    for (const [k, x] of start.entries()) {
      differences.push(((await lossAt(k, x + h)) - (await lossAt(k, x - h))) / (2 * h));
    }
    await device.write(parameter, start);
    // A difference of losses of order one resolves 1e-16 / h = 1e-11, and is off by h² = 1e-10 times a third derivative.
    expectClose(await backward!.read(`${i}`), differences, 1e-8, parameter.name, 0.1);
  }
}
