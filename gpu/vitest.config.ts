import { suite } from '../scripts/suite-config.ts';

// An adapter in software compiles each kernel in up to seconds.
export default suite(import.meta.url, { testTimeout: 300_000 });
