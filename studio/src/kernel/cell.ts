// A cell as it is written, TypeScript, and as the kernel runs it.

import { type Node, type Program, parse } from 'acorn';
import { transform } from 'sucrase';

/** A cell ready to run: the body of an async function, whose names are the notebook's. */
export interface CompiledCell {
  /**
   * JavaScript that calls `$define` with accessors for the names that it declares, `$import` for modules, and
   * `console`.
   */
  readonly code: string;
  /** Whether chapters after it may import something from it. */
  readonly shared: boolean;
}

/**
 * Strips the types, then turns what only a module may say into what a function may: `import` into `$import`, `export`
 * into nothing. Names declared at the top are told to the notebook by accessors, so that cells after it see each as it
 * stands, and the cell's own code keeps its own.
 *
 * @throws {SyntaxError} where the cell is not TypeScript.
 */
export function compileCell(source: string): CompiledCell {
  const { code: javascript } = transform(source, {
    transforms: ['typescript'],
    disableESTransforms: true,
    keepUnusedImports: true, // a later cell may use them
  });
  const program = parse(javascript, {
    ecmaVersion: 'latest',
    sourceType: 'module',
    allowAwaitOutsideFunction: true,
  });
  const names: { readonly name: string; readonly assignable: boolean }[] = [];
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = [];
  let shared = false;
  for (const statement of program.body) {
    if (statement.type === 'ImportDeclaration') {
      const { text, imported } = importedNames(statement);
      names.push(...imported.map((name) => ({ name, assignable: false })));
      edits.push({ from: statement.start, to: statement.end, text });
    } else if (statement.type === 'ExportNamedDeclaration' && statement.declaration) {
      shared = true;
      names.push(...declaredNames(statement.declaration));
      edits.push({ from: statement.start, to: statement.declaration.start, text: '' });
    } else names.push(...declaredNames(statement));
  }
  let body = javascript;
  for (const { from, to, text } of edits.reverse()) body = body.slice(0, from) + text + body.slice(to);
  const accessors = names.map(
    ({ name, assignable }) =>
      `get ${name}() { return ${name}; }${assignable ? `, set ${name}(value) { ${name} = value; }` : ''}`,
  );
  return { code: `$define({ ${accessors.join(', ')} });\n${body}`, shared };
}

type Statement = Program['body'][number];

function importedNames(statement: Extract<Statement, { type: 'ImportDeclaration' }>) {
  const imported = statement.specifiers.map(({ local }) => local.name);
  const members = statement.specifiers.flatMap((specifier) =>
    specifier.type === 'ImportSpecifier' && specifier.imported.type === 'Identifier'
      ? { name: specifier.imported.name, local: specifier.local.name }
      : [],
  );
  const namespace = statement.specifiers.find(({ type }) => type === 'ImportNamespaceSpecifier');
  const source = JSON.stringify(statement.source.value);
  const text = namespace
    ? `const ${namespace.local.name} = await $import(${source});`
    : `const { ${members.map(({ name, local }) => `${name}: ${local}`).join(', ')} } = ` +
      `await $import(${source}, ${JSON.stringify(members.map(({ name }) => name))});`;
  return { text, imported };
}

function declaredNames(statement: Statement | Node): { name: string; assignable: boolean }[] {
  const node = statement as Statement;
  if (node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') {
    return [{ name: node.id.name, assignable: false }];
  }
  if (node.type !== 'VariableDeclaration') return [];
  const assignable = node.kind !== 'const';
  return node.declarations.flatMap(({ id }) => boundNames(id).map((name) => ({ name, assignable })));
}

type Pattern = Extract<Statement, { type: 'VariableDeclaration' }>['declarations'][number]['id'];

function boundNames(pattern: Pattern | null): string[] {
  switch (pattern?.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        boundNames(property.type === 'RestElement' ? property.argument : (property.value as Pattern)),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => boundNames(element));
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    case 'RestElement':
      return boundNames(pattern.argument);
    default:
      return [];
  }
}
