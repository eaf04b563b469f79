import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url).resolve('@claimbench/kernels/package.json');

/** Resolves as this package's files do, also where they stand in another package's bundle. */
export const ownRequire = createRequire(manifest);
