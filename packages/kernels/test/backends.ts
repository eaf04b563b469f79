import type { Backend } from '../src/backend.ts';
import type { Denormals } from '../src/conformance/bounds.ts';
import { createDawnBackend, createNativeBackend } from '../src/node/index.ts';
import { createReferenceBackend } from '../src/reference/backend.ts';

interface TestedBackend {
  readonly title: string;
  readonly create: () => Backend | Promise<Backend>;
  readonly denormals: Denormals;
  /** Cases of the suite with more inputs are left to the long form: `pnpm run test:long`. */
  readonly largestCase: number;
}

const long = process.env.CLAIMBENCH_LONG === '1';

/** Every backend that the suites run on, by a name for the test's title. A backend that cannot be had fails them. */
export const backends: readonly TestedBackend[] = [
  {
    title: 'reference',
    create: () => createReferenceBackend(),
    denormals: 'kept',
    largestCase: Number.POSITIVE_INFINITY,
  },
  {
    title: 'native',
    create: () => createNativeBackend({ threads: 2 }),
    denormals: 'kept',
    largestCase: Number.POSITIVE_INFINITY,
  },
  {
    title: 'webgpu',
    create: createDawnBackend,
    denormals: 'flushed',
    largestCase: long ? Number.POSITIVE_INFINITY : 150_000,
  },
];
