// The layers of src/, from the ground up: what stands in a list imports only from its own folder and from those before it.
const engine = ['errors', 'tensor', 'ops', 'program', 'devices'].map((name) => `engine/${name}`);
const language = [
  ...['breathe', 'data', 'nn', 'models', 'optim', 'formats', 'generate', 'inspect', 'train'],
  ...['text-model', 'load-model', 'recipes'],
].map((name) => `language/${name}`);
const layers = [...engine, ...language, 'node'];

const tests = '(/testing/|/fixtures/|\\.test\\.ts$)';
// A folder, or one file such as errors.ts; src/node.ts is an entry, not the layer `node`.
const path = (name) => (name === 'node' ? '^src/node/' : `^src/${name}(/|\\.ts$)`);

module.exports = {
  forbidden: [
    ...layers.map((layer, i) => ({
      name: `${layer}-imports-point-down`,
      severity: 'error',
      from: { path: path(layer), pathNot: tests },
      to: { path: [...layers.slice(i + 1).map(path), path('web'), '^src/(index|node)\\.ts$'] },
    })),
    {
      name: 'pages-need-no-node',
      comment: 'What a page loads imports none of the modules of Node, nor a file that does.',
      severity: 'error',
      from: { path: '^src/(engine|language|web|index)', pathNot: tests },
      to: { path: '^src/node(/|\\.ts$)' },
    },
    {
      name: 'pages-load-no-module-of-node',
      severity: 'error',
      from: { path: '^src/(engine|language|web|index)', pathNot: tests },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only', 'type-import'] },
    },
    {
      name: 'terminals-belong-to-the-command-line',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/node/cli/', tests] },
      to: { path: 'node_modules/(commander|simple-ascii-chart)' },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing uses.',
      severity: 'error',
      from: { orphan: true, pathNot: [tests, '^src/(index|node)\\.ts$', '^src/node/cli/cli\\.ts$'] },
      to: {},
    },
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    exclude: { path: '\\.wasm\\.ts$' },
    doNotFollow: { path: 'node_modules' },
  },
};
