// What a worker does in a browser, in Deno: the result goes to standard output.
Object.assign(globalThis, { postMessage: (result: unknown) => console.log(JSON.stringify(result)) });
await import('./train.ts');
