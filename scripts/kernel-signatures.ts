// What the exported functions of `*.wasm.ts` say about kernels. A kernel's parameter list is the only declaration
// of its arguments: WebAssembly's side of a call (`dispatchSource`) and TypeScript's (`signaturesSource`) are made
// from it.

/** Types of parameters, and how many words of the tape each takes. */
const WORDS = { usize: 1, i32: 1, f32: 1, f64: 2, Words: 1, PerThread: 2 } as const;

type ParameterType = keyof typeof WORDS;

export interface Kernel {
  readonly name: string;
  /** The file that exports it. */
  readonly path: string;
  readonly parameters: readonly (readonly [name: string, type: ParameterType])[];
  /** For a function of vectors: the loop that applies it, and by which names it calls its operands. */
  readonly row?: { readonly loop: string; readonly operands: readonly string[] };
}

/**
 * Loops of `elementwise/loops.wasm.ts` that make a kernel of a function of vectors, by the function's parameters.
 * The kernel's arguments are the loop's.
 */
const LOOPS: Readonly<Record<string, string>> = {
  x: 'map',
  'x, dy': 'mapGradient',
  'a, b': 'combine',
  'a, b, value': 'combineWith',
};
const ELEMENTWISE = 'src/engine/ops/elementwise/loops.wasm.ts';

const FUNCTION = /^export function (\w+)(?:<F>)?\(([^)]*)\): (\w+)/gm;

/** The kernels that sources define, by opcode. A function that takes a thread is one; so is a function of vectors. */
export function findKernels(sources: ReadonlyMap<string, string>): Kernel[] {
  const kernels: Kernel[] = [];
  const loops = new Map<string, Kernel>();
  for (const [path, source] of sources) {
    for (const [, name, list] of source.matchAll(FUNCTION)) {
      const [thread, threads, ...parameters] = parse(list!);
      if (thread?.[0] !== 'thread' || threads?.[0] !== 'threads') continue;
      for (const [parameter, type] of parameters)
        if (!(type in WORDS)) throw new Error(`${path}: ${name} takes ${parameter} of type ${type}`);
      const kernel = { name: name!, path, parameters: parameters as [string, ParameterType][] };
      if (path === ELEMENTWISE) loops.set(kernel.name, kernel);
      else kernels.push(kernel);
    }
  }
  for (const [path, source] of sources) {
    if (!path.startsWith('src/engine/ops/') || path.includes('/shared/')) continue;
    for (const [, name, list, result] of source.matchAll(FUNCTION)) {
      const operands = parse(list!);
      if (result !== 'v128' || operands.some(([, type]) => type !== 'v128')) continue;
      const names = operands.map(([operand]) => operand);
      const loop = loops.get(LOOPS[names.join(', ')] ?? '');
      if (!loop) throw new Error(`${path}: there is no loop for ${name}(${names.join(', ')})`);
      kernels.push({ ...loop, name: name!, path, row: { loop: loop.name, operands: names } });
    }
  }
  const seen = new Map<string, string>();
  for (const { name, path } of kernels) {
    if (seen.has(name)) throw new Error(`${path}: ${seen.get(name)} has a kernel ${name} too`);
    seen.set(name, path);
  }
  return kernels;
}

const parse = (list: string): [name: string, type: string][] =>
  list
    .split(',')
    .map((parameter) => parameter.trim())
    .filter((parameter) => parameter !== '')
    .map((parameter) => parameter.split(/\s*:\s*/) as [string, string]);

/** AssemblyScript: all kernels behind `dispatch` (tape.wasm.ts), which reads their arguments. */
export function dispatchSource(kernels: readonly Kernel[]): string {
  const module = (path: string): string => `./${path.slice('src/'.length, -'.ts'.length)}`;
  const loops = [...new Set(kernels.flatMap(({ row }) => row?.loop ?? []))];
  // A class for each function of vectors: a type parameter of the loop, so that the function is inlined there.
  const rows = kernels.flatMap(({ row }, opcode) =>
    row
      ? `class Row${opcode} { @inline apply(p: v128, q: v128, r: v128): v128 { return kernel${opcode}(${['p', 'q', 'r'].slice(0, row.operands.length).join(', ')}); } }`
      : [],
  );
  const cases = kernels.map(({ parameters, row }, opcode) => {
    let offset = 0;
    const values = parameters.map(([, type]) => {
      const at = offset;
      offset += 4 * WORDS[type];
      if (type === 'Words') return `args + <usize>load<u32>(args, ${at})`;
      if (type === 'PerThread')
        return `<usize>load<u32>(args, ${at}) + <usize>thread * <usize>load<u32>(args, ${at + 4})`;
      if (type === 'usize') return `<usize>load<u32>(args, ${at})`;
      return type === 'f64' ? `load<f64>(args, ${at}, 4)` : `load<${type}>(args, ${at})`;
    });
    const kernel = row ? `${row.loop}<Row${opcode}>` : `kernel${opcode}`;
    return `    case ${opcode}: ${kernel}(${['part', 'parts', ...values].join(', ')}); return;`;
  });
  return [
    ...kernels.map(
      ({ path, name }, opcode) => `import { ${name} as kernel${opcode} } from '${module(path)}';`,
    ),
    `import { ${loops.join(', ')} } from '${module(ELEMENTWISE)}';`,
    ...rows,
    'function dispatch(opcode: i32, args: usize, part: i32, parts: i32, thread: i32): void {',
    '  switch (opcode) {',
    ...cases,
    '    default: unreachable();',
    '  }',
    '}',
  ].join('\n');
}

/** TypeScript: each kernel's parameters in the order of the tape's words; kernels in the order of opcodes. */
export function signaturesSource(kernels: readonly Kernel[]): string {
  const lines = kernels.map(({ name, parameters }) => {
    const list = parameters.map(([parameter, type]) => `${parameter}: '${type}'`).join(', ');
    return `  ${name}: { ${list} },`;
  });
  return `export const signatures = {\n${lines.join('\n')}\n} as const;\n`;
}
