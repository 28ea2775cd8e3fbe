import { proxy, type Remote, wrap } from 'comlink';
import { plays, type TrainEvent } from 'nanobard';
import { Bard } from './bard.ts';

const find = <T extends Element = HTMLElement>(id: string): T => document.querySelector<T>(`#${id}`)!;
const button = (id: string) => find<HTMLButtonElement>(id);
const input = (id: string) => find<HTMLInputElement>(id);
const text = find<HTMLTextAreaElement>('text');

let bard: Bard | Remote<Bard>;
let worker: Worker | undefined;
let hasModel = false;

/** On a page the device works in threads of its own and keeps the page free; a worker may have all of it, too. */
async function open(): Promise<void> {
  worker?.terminate();
  worker = input('worker').checked
    ? new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
    : undefined;
  bard = worker ? wrap<Bard>(worker) : new Bard();
  hasModel = false;
  find('device').textContent = await bard.open();
}

/** Whether there is a GPU, and no processor that stands in for one. */
async function hasGpu(): Promise<boolean> {
  // A browser that cannot tell, since its GPU process has ended, has none.
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return adapter?.info.isFallbackAdapter === false;
}

/** One thing at a time: meanwhile the other controls rest. */
async function busy(work: () => Promise<void>): Promise<void> {
  const controls = [button('train'), button('write'), button('save'), input('load'), input('worker')];
  for (const control of controls) control.disabled = true;
  try {
    await work();
  } catch (error) {
    find('progress').textContent = String(error);
  }
  for (const control of controls) control.disabled = false;
  button('write').disabled = button('save').disabled = !hasModel;
}

const losses: Record<'train' | 'val', [step: number, loss: number][]> = { train: [], val: [] };

/** The steps' losses as a line, the evaluations' as dots: as wide as the steps so far, as high as the first loss. */
function draw(): void {
  const last = losses.train.at(-1)?.[0] ?? 1;
  const first = losses.train[0]?.[1] ?? 1;
  const points = (split: 'train' | 'val') =>
    losses[split].map(
      ([step, loss]) => `${((100 * step) / last).toFixed(2)} ${(100 - (90 * loss) / first).toFixed(2)}`,
    );
  find('train-curve').setAttribute('d', `M${points('train').join('L')}`);
  find('val-curve').setAttribute(
    'd',
    points('val')
      .map((point) => `M${point}h0`)
      .join(''),
  );
}

const onText = proxy((written: string) => {
  find<HTMLTextAreaElement>('sample').value = written;
});

const onEvent = proxy((event: TrainEvent) => {
  if (event.type === 'eval') losses.val.push([event.step, event.val]);
  if (event.type !== 'step') return;
  losses.train.push([event.step, event.loss]);
  find('progress').textContent =
    `step ${event.step}: loss ${event.loss.toFixed(3)}, ${event.ms.toFixed(0)} ms`;
  draw();
});

button('train').onclick = () =>
  busy(async () => {
    losses.train = [];
    losses.val = [];
    button('stop').disabled = false;
    await bard.train(text.value, onEvent, onText);
    button('stop').disabled = true;
    hasModel = true;
  });

button('stop').onclick = () => bard.stop();

find<HTMLFormElement>('writing').onsubmit = (event) => {
  event.preventDefault();
  busy(() => bard.write(input('prompt').value, input('seed').valueAsNumber, onText));
};

button('save').onclick = () =>
  busy(async () => {
    const url = URL.createObjectURL(new Blob([await bard.save()]));
    Object.assign(document.createElement('a'), { href: url, download: 'model.safetensors' }).click();
    URL.revokeObjectURL(url);
  });

input('load').onchange = () =>
  busy(async () => {
    const [file] = input('load').files ?? [];
    if (!file) return;
    await bard.load(file);
    hasModel = true;
    find('progress').textContent = `${file.name} is loaded`;
  });

input('worker').onchange = () => busy(open);
// In a worker, a GPU is fed while the page draws, and goes on when the page is hidden.
input('worker').checked = await hasGpu();
text.value = plays({ characters: 100_000, seed: 1 });
busy(open);
