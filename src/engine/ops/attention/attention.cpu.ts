import { MR, ROWS } from '../matmul/blocks.wasm.ts';
import { edgeBytes } from '../matmul/matmul.cpu.ts';
import { type CpuLowering, type CpuTape, type CpuView, floatBits } from '../shared/kernel.ts';

/** With fewer queries than this, packing keys and values costs more than it saves. */
const FEW_QUERIES = 4;

const roundUp = (n: number, unit: number): number => Math.ceil(n / unit) * unit;

type Attributes = { readonly scale: number; readonly p: number; readonly site: number };

/** The arguments that both directions share, and their extents, also rounded up to whole panels. */
function shared(
  { panelColumns }: CpuTape,
  inputs: readonly CpuView[],
  y: CpuView,
  lse: CpuView,
  { scale, p, site }: Attributes,
) {
  const [q, k, v, position, key] = inputs as [CpuView, CpuView, CpuView, CpuView, CpuView];
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const S = k.shape[1]!;
  const addresses = [q, k, v, position, key, y, lse].map((view) => view.address);
  const strides = [q, k, v].flatMap((view) => view.strides.slice(0, 3));
  const words = [...addresses, B, T, S, H, D, floatBits(scale), floatBits(p), site, ...strides];
  const keys = roundUp(S, panelColumns);
  return { words, T, S, D, keys, width: roundUp(D, panelColumns), ld: keys + 8 };
}

export const attentionCpu: CpuLowering<Attributes> = (tape, inputs, [y, lse], attributes) => {
  const { words, T, S, D, keys, width, ld } = shared(tape, inputs, y!, lse!, attributes);
  if (T < FEW_QUERIES) {
    const bytes = 4 * ld;
    tape.emit('attentionRows', ...words, tape.scratch(bytes * tape.threads), bytes);
    return;
  }
  const floats = MR * Math.max(D, ld) + MR * ld + keys * D + S * width + 16;
  const bytes = roundUp(edgeBytes(tape.panelColumns) + 4 * floats, 64);
  tape.emit('attention', ...words, tape.scratch(bytes * tape.threads), bytes);
};

export const attentionGradientCpu: CpuLowering<Attributes> = (tape, inputs, outputs, attributes) => {
  const [y, lse, dy] = inputs.slice(5) as [CpuView, CpuView, CpuView];
  const { words, S, D, keys, width, ld } = shared(tape, inputs, y, lse, attributes);
  const floats = MR * Math.max(D, ROWS, ld) + 2 * ROWS * ld + 2 * keys * D + (S + 2 * ROWS) * width;
  const bytes = roundUp(edgeBytes(tape.panelColumns) + 4 * floats, 64);
  const scratch = tape.scratch(bytes * tape.threads);
  tape.emit(
    'attentionGradient',
    ...words,
    scratch,
    bytes,
    dy.address,
    ...outputs.map((view) => view.address),
  );
};
