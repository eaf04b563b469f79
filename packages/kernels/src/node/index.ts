import type { Backend } from '../backend.ts';
import { KernelError } from '../errors.ts';
import { createReferenceBackend } from '../reference/backend.ts';
import { createNativeBackend, type NativeOptions } from './native-backend.ts';

export {
  createNativeBackend,
  type InstructionSet,
  type NativeOptions,
  nativeInstructionSets,
} from './native-backend.ts';

/** A backend by its name. One that cannot be had is an error that says how to get it: there is no silent fallback. */
export function createBackend(name: Backend['name'], options: NativeOptions = {}): Backend {
  switch (name) {
    case 'reference':
      return createReferenceBackend();
    case 'native':
      return createNativeBackend(options);
    case 'webgpu':
      throw new KernelError('backend-unavailable', 'the webgpu backend does not exist yet: use native or reference');
  }
}
