// nanobard by its public API. The variant says where matrix products are computed: `off` or `auto`.
import { AdamW, Constant, CpuDevice, GPT, version } from '../../dist/node.js';
import { measure, optimizer as options, readTask, THREADS, variant } from './task.ts';

const task = readTask();
const device = await CpuDevice.create({ threads: THREADS, blas: variant! });
if (variant !== 'off' && device.blas === undefined) throw new Error('no BLAS library found');

const model = new GPT({ ...task, dropout: 0, bias: false });
for (const parameter of model.parameters())
  await device.write(parameter, task.parameters.get(parameter.name)!.data);

const shape = [task.batchSize, task.blockSize];
const { beta1, beta2, learningRate, epsilon, weightDecay } = options;
const optimizer = new AdamW(model.parameters(), {
  ...{ learningRate, betas: [beta1, beta2], epsilon, weightDecay, maxNorm: 1 },
});
const update = device.compile((x, y) => optimizer.minimize(model.loss(x, y)));

await measure(
  'nanobard',
  `${version}, ${device.blas ?? `SIMD ${device.simd}`}, Node ${process.versions.node}`,
  (_step, { x, y }) => update(new Constant(x, shape), new Constant(y, shape)),
  task,
);
await device.dispose();
