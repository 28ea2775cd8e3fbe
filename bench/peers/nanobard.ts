// nanobard by its public API. The variant says where matrix products are computed: `off` or `auto`.
import {
  AdamW,
  CpuDevice,
  clipScale,
  compile,
  GPT,
  globalNorm,
  grad,
  Input,
  scalar,
  version,
} from '../../dist/node.js';
import { measure, optimizer as options, readTask, THREADS, variant } from './task.ts';

const task = readTask();
const device = await CpuDevice.create({ threads: THREADS, blas: variant! });
if (variant !== 'off' && device.blas === undefined) throw new Error('no BLAS library found');

const model = new GPT({ ...task, dropout: 0, bias: false });
const parameters = model.namedParameters();
for (const [name, parameter] of parameters) await device.write(parameter, task.parameters.get(name)!.data);

const shape = [task.batchSize, task.blockSize];
const loss = model.loss(new Input('x', shape, 'i32'), new Input('y', shape, 'i32'));
const gradients = grad(loss, [...parameters.values()]);
const { beta1, beta2, learningRate, epsilon, weightDecay } = options;
const optimizer = new AdamW(parameters, { betas: [beta1, beta2], epsilon, weightDecay });
const update = await device.load(
  compile({
    outputs: { loss },
    assign: optimizer.update(new Map([...parameters.keys()].map((name, i) => [name, gradients[i]!])), {
      learningRate: scalar(learningRate),
      step: new Input('step', [], 'i32'),
      gradientScale: clipScale(globalNorm(gradients), 1),
    }),
  }),
);

await measure(
  'nanobard',
  `${version}, ${device.blas ?? `SIMD ${device.simd}`}, Node ${process.versions.node}`,
  async (step, { x, y }) => {
    update.input('x').set(x);
    update.input('y').set(y);
    update.input('step')[0] = step;
    await update.run();
    return (await update.read('loss'))[0]!;
  },
  task,
);
await device.dispose();
