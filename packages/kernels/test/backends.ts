import type { Backend } from '../src/backend.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';

/** Every backend that the suites run on, by a name for the test's title. */
export const backends: readonly { readonly title: string; readonly create: () => Backend }[] = [
  { title: 'reference', create: () => createReferenceBackend() },
];
