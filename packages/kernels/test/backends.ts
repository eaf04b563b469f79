import type { Backend } from '../src/backend.ts';
import { createNativeBackend } from '../src/node/index.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';

/** Every backend that the suites run on, by a name for the test's title. A backend that cannot be had fails them. */
export const backends: readonly { readonly title: string; readonly create: () => Backend }[] = [
  { title: 'reference', create: () => createReferenceBackend() },
  { title: 'native', create: () => createNativeBackend({ threads: 2 }) },
];
