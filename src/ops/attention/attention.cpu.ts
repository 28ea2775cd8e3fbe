import { type CpuLowering, type CpuView, floatBits } from '../kernel.ts';

// The same constants as in gemm.wasm.ts and attention.wasm.ts.
const EDGE_BYTES = 256;
const STRIP = 24;
const ROWS = 96;
/** With fewer queries than this, packing keys and values costs more than it saves. */
const FEW_QUERIES = 4;

const round8 = (n: number): number => Math.ceil(n / 8) * 8;

type Attributes = { readonly scale: number; readonly p: number; readonly site: number };

/** The arguments that both directions share, and their extents. */
function shared(inputs: readonly CpuView[], y: CpuView, lse: CpuView, { scale, p, site }: Attributes) {
  const [q, k, v, position, key] = inputs as [CpuView, CpuView, CpuView, CpuView, CpuView];
  const [B, T, H, D] = q.shape as [number, number, number, number];
  const S = k.shape[1]!;
  const addresses = [q, k, v, position, key, y, lse].map((view) => view.address);
  const strides = [q, k, v].flatMap((view) => view.strides.slice(0, 3));
  const words = [...addresses, B, T, S, H, D, floatBits(scale), floatBits(p), site, ...strides];
  return { words, T, S, D, ld: round8(S) + 8 };
}

export const attentionCpu: CpuLowering<Attributes> = (tape, inputs, [y, lse], attributes) => {
  const { words, T, S, D, ld } = shared(inputs, y!, lse!, attributes);
  if (T < FEW_QUERIES) {
    const bytes = 4 * ld;
    tape.emit('attentionRows', ...words, tape.scratch(bytes * tape.threads), bytes);
    return;
  }
  const panels = 4 * round8(S) * D + 4 * S * round8(D);
  const bytes = round8(EDGE_BYTES + STRIP * Math.max(D, ld) + 4 * 6 * ld + panels);
  tape.emit('attention', ...words, tape.scratch(bytes * tape.threads), bytes);
};

export const attentionGradientCpu: CpuLowering<Attributes> = (tape, inputs, outputs, attributes) => {
  const [y, lse, dy] = inputs.slice(5) as [CpuView, CpuView, CpuView];
  const { words, S, D, ld } = shared(inputs, y, lse, attributes);
  const panels = 2 * 4 * round8(S) * D + 4 * (S + 2 * ROWS) * round8(D);
  const bytes = round8(EDGE_BYTES + STRIP * Math.max(D, ROWS, ld) + 2 * 4 * ROWS * ld + panels);
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
