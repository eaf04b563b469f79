import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KernelError } from '../errors.ts';
import { ownRequire } from './own_package.ts';

declare const sessionBrand: unique symbol;
/** One native backend; opaque here. */
export interface Session {
  readonly [sessionBrand]: true;
}

/** What native/addon.cc gives. Every function throws an Error whose `code` is a KernelErrorCode. */
export interface Addon {
  describe(): {
    /** Digest of sources and flags. */
    readonly build: string;
    /** Those that this processor runs, best first. */
    readonly instructionSets: readonly string[];
    /** Kernel names; a command names its kernel by the index. */
    readonly kernels: readonly string[];
  };
  open(instructionSet: string, threads: number): Session;
  close(session: Session): void;
  allocate(session: Session, bytes: number): number;
  free(session: Session, id: number): void;
  write(session: Session, id: number, data: ArrayBufferView, byteOffset: number): void;
  /** `length` doubles of commands: kernel, buffer count, scalar count, buffer ids, scalars. */
  submit(session: Session, commands: Float64Array, length: number): void;
  read(session: Session, id: number, into: ArrayBufferView, byteOffset: number): Promise<void>;
  /** Live buffers, their bytes, threads that run. */
  state(session: Session): [number, number, number];
}

const howToGet =
  'build it with `pnpm --filter @claimbench/kernels build` (it needs a C++ compiler; Debian and Ubuntu: apt-get install -y g++, macOS: xcode-select --install)';

let loaded: Addon | undefined;

/** The addon that build.mjs made for this system. Throws `backend-unavailable` with how to get it. */
export function loadAddon(): Addon {
  if (loaded !== undefined) return loaded;
  const flavour = process.env.CLAIMBENCH_KERNELS_SANITIZE === '1' ? '-sanitize' : '';
  const folder = join(dirname(ownRequire.resolve('./package.json')), 'build');
  const path = join(folder, `${process.platform}-${process.arch}${flavour}`, 'kernels.node');
  if (!existsSync(path)) {
    throw new KernelError('backend-unavailable', `the native backend is not built (no ${path}): ${howToGet}`);
  }
  try {
    loaded = ownRequire(path) as Addon;
  } catch (cause) {
    throw new KernelError('backend-unavailable', `the native backend does not load: ${howToGet}`, { cause });
  }
  return loaded;
}
