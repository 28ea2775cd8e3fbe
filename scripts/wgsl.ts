// Reads the WebGPU kernels, `*.wgsl`: which declarations there are, and what the kernels among them, functions of
// (group, lane), are given by whoever calls them.

/** The accessors of an operand that the device writes: see src/engine/devices/webgpu/bindings.ts. */
const ACCESSOR = /\b(?:load4|load|store4|store|set_bits|bits)_(\w+)/g;
const INDEX = /\bat_(\w+)/g;
const CONSTANT = /\b[A-Z][A-Z0-9_]*\b/g;
/** A function that the caller names. */
const APPLY = /\bapply\b/;
/** What the device declares for every kernel. */
const GIVEN = new Set(['THREADS']);

interface Declaration {
  readonly text: string;
  /** Names of the other declarations that it needs. */
  readonly uses: readonly string[];
}

/**
 * The declarations at the top level of the sources, by name, without comments. They begin a line, whose first word is
 * `fn`, `const` or `var`; all other lines are indented, or close a brace.
 */
function findDeclarations(sources: ReadonlyMap<string, string>): Map<string, Declaration> {
  const texts = new Map<string, string>();
  for (const [path, source] of sources) {
    const plain = source.replace(/\/\/.*$/gm, '');
    for (const part of plain.split(/^(?=(?:fn|const|var)\b)/m)) {
      const name = /^(?:fn|const|var(?:<\w+>)?) (\w+)/.exec(part)?.[1];
      if (name === undefined) continue;
      if (texts.has(name)) throw new Error(`${path}: ${name} is declared twice`);
      texts.set(name, part.trim().replace(/\s*\n\s*/g, '\n'));
    }
  }
  const uses = (name: string, text: string): string[] =>
    [...new Set(text.match(/\w+/g))].filter((word) => word !== name && texts.has(word));
  return new Map([...texts].map(([name, text]) => [name, { text, uses: uses(name, text) }]));
}

/** TypeScript: all declarations, and for each kernel the names of operands, constants and index functions. */
export function wgslSource(sources: ReadonlyMap<string, string>): string {
  const declarations = findDeclarations(sources);
  const textOf = (name: string, seen = new Set<string>()): string => {
    if (seen.has(name)) return '';
    seen.add(name);
    const { text, uses } = declarations.get(name)!;
    return [text, ...uses.map((other) => textOf(other, seen))].join('\n');
  };
  const named = (text: string, pattern: RegExp): string[] => [
    ...new Set([...text.matchAll(pattern)].map(([match, name]) => name ?? match)),
  ];
  const kernels = [...declarations].filter(([, { text }]) =>
    /^fn \w+\(group: u32, lane: u32\) \{/.test(text),
  );
  const functions = [...declarations.keys()].filter((name) => /^fn /.test(declarations.get(name)!.text));
  const signatures = kernels.map(([name]) => {
    const text = textOf(name);
    const constants = named(text, CONSTANT).filter((word) => !declarations.has(word) && !GIVEN.has(word));
    const parts = {
      operands: named(text, ACCESSOR),
      constants,
      indices: named(text, INDEX),
      applies: APPLY.test(text),
    };
    return `  ${name}: ${JSON.stringify(parts)},\n`;
  });
  const rows = [...declarations].map(
    ([name, { text, uses }]) => `  ${name}: ${JSON.stringify({ text, uses })},\n`,
  );
  return [
    '// Made by scripts/build-kernels.ts\n\n',
    '/** Everything declared in *.wgsl, and the names of the declarations that each needs. */\n',
    'export const declarations: Readonly<Record<string, { readonly text: string; readonly uses: readonly string[] }>> = {\n',
    ...rows,
    '};\n\n/** What the kernels among them are given by name. */\nexport const wgslSignatures = {\n',
    ...signatures,
    '} as const;\n\n/** Functions that a kernel may be given to apply. */\nexport type WgslFunction =\n',
    ...functions.map((name) => `  | '${name}'\n`),
    ';\n',
  ].join('');
}
