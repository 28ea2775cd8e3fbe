import { suite } from '../scripts/suite-config.ts';

export default suite(import.meta.url, { globalSetup: './support/setup.ts' });
