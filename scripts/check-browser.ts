// Follows the imports of the built browser entry and fails if any of them needs Node.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const root = 'dist';
const seen = new Set<string>();
const pending = [join(root, 'index.js')];
const packages = new Set<string>();
let bytes = 0;

while (pending.length > 0) {
  const path = pending.pop()!;
  if (seen.has(path)) continue;
  seen.add(path);
  const code = readFileSync(path, 'utf8');
  bytes += code.length;
  for (const { fileName } of ts.preProcessFile(code, true, true).importedFiles) {
    if (fileName.startsWith('.')) pending.push(join(dirname(path), fileName));
    else if (fileName.startsWith('node:') || builtinModules.includes(fileName)) {
      throw new Error(`the browser entry imports ${fileName}, in ${relative(root, path)}`);
    } else packages.add(fileName);
  }
}
console.log(
  `browser entry: ${seen.size} files, ${(bytes / 1024).toFixed(0)} kB, no import of Node's; packages: ${[...packages].join(', ') || 'none'}`,
);
