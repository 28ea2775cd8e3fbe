import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('the README shows examples/library.ts as it is', () => {
  const code = readFileSync('examples/library.ts', 'utf8').replace(/^(\/\/.*\n)+/, '');
  expect(readFileSync('README.md', 'utf8')).toContain(
    `<!-- examples/library.ts -->\n\`\`\`ts\n${code}\`\`\``,
  );
});
