import type { Backend } from '../backend.ts';
import { createReferenceBackend } from '../reference/backend.ts';
import { createDawnBackend } from './dawn.ts';
import { createNativeBackend, type NativeOptions } from './native-backend.ts';

export { createDawnBackend } from './dawn.ts';
export {
  createNativeBackend,
  type InstructionSet,
  type NativeOptions,
  nativeInstructionSets,
} from './native-backend.ts';

/** A backend by its name. One that cannot be had is an error that says how to get it: there is no silent fallback. */
export async function createBackend(name: Backend['name'], options: NativeOptions = {}): Promise<Backend> {
  switch (name) {
    case 'reference':
      return createReferenceBackend();
    case 'native':
      return createNativeBackend(options);
    case 'webgpu':
      return createDawnBackend();
  }
}
