import { availableParallelism, cpus } from 'node:os';
import type { Backend, BackendDescription, BufferId } from '../backend.ts';
import { ensure, KernelError, type KernelErrorCode } from '../errors.ts';
import { type Addon, loadAddon, type Session } from './addon.ts';

export type InstructionSet = 'avx512' | 'avx2' | 'neon' | 'portable';

export interface NativeOptions {
  /** Threads that compute; absent: one for each core. Results do not depend on it. */
  readonly threads?: number;
  /** Absent: the best that this processor has, or CLAIMBENCH_INSTRUCTION_SET where that is set. */
  readonly instructionSet?: InstructionSet;
}

/** The C++ kernels, on threads of their own. Throws `backend-unavailable` where they are not built. */
export function createNativeBackend(options: NativeOptions = {}): Backend {
  const addon = loadAddon();
  const { instructionSets } = addon.describe();
  const wanted = options.instructionSet ?? process.env.CLAIMBENCH_INSTRUCTION_SET ?? instructionSets[0]!;
  ensure(
    instructionSets.includes(wanted),
    'backend-unavailable',
    () => `this processor runs the instruction sets ${instructionSets.join(', ')}, not ${wanted}`,
  );
  return new NativeBackend(addon, wanted, options.threads ?? availableParallelism());
}

/** Instruction sets that this processor runs, best first. All give the same bits. */
export function nativeInstructionSets(): readonly InstructionSet[] {
  return loadAddon().describe().instructionSets as readonly InstructionSet[];
}

/** Commands are handed over when so many are waiting, so that the executor starts while more are being encoded. */
const commandsAtOnce = 32;
const doublesAtOnce = 1 << 14;

class NativeBackend implements Backend {
  readonly name = 'native';
  readonly description: BackendDescription;
  readonly #addon: Addon;
  readonly #session: Session;
  readonly #kernels: ReadonlyMap<string, number>;
  /** Ids handed out and not freed. */
  readonly #live = new Set<BufferId>();
  #commands = new Float64Array(doublesAtOnce);
  #length = 0;
  #waiting = 0;
  #closed = false;

  constructor(addon: Addon, instructionSet: string, threads: number) {
    const { build, kernels } = addon.describe();
    this.#addon = addon;
    this.#session = typed(() => addon.open(instructionSet, threads));
    this.#kernels = new Map(kernels.map((name, index) => [name, index]));
    const running = addon.state(this.#session)[2];
    this.description = { instructionSet, threads: running, device: cpus()[0]?.model.trim() ?? 'unknown cpu', build };
  }

  get liveBuffers(): number {
    return this.#live.size;
  }

  get liveBytes(): number {
    return this.#closed ? 0 : this.#addon.state(this.#session)[1];
  }

  allocate(bytes: number): BufferId {
    try {
      const id = this.#addon.allocate(this.#session, bytes);
      this.#live.add(id);
      return id;
    } catch (error) {
      throw asKernelError(error);
    }
  }

  free(id: BufferId): void {
    if (this.#closed) return;
    this.#ensureLive(id);
    this.#live.delete(id);
    this.#addon.free(this.#session, id);
  }

  write(id: BufferId, data: ArrayBufferView, byteOffset = 0): void {
    this.#ensureLive(id);
    this.flush();
    typed(() => this.#addon.write(this.#session, id, data, byteOffset));
  }

  encode(kernel: string, buffers: readonly BufferId[], scalars: readonly number[]): void {
    const index = this.#kernels.get(kernel);
    if (index === undefined) throw new KernelError('unknown-kernel', `the native backend has no kernel ${kernel}`);
    for (let i = 0; i < buffers.length; i++) {
      if (buffers[i] !== 0) this.#ensureLive(buffers[i]!);
    }
    const size = 3 + buffers.length + scalars.length;
    if (this.#length + size > this.#commands.length) this.#makeRoom(size);
    const commands = this.#commands;
    let at = this.#length;
    commands[at++] = index;
    commands[at++] = buffers.length;
    commands[at++] = scalars.length;
    for (let i = 0; i < buffers.length; i++) commands[at++] = buffers[i]!;
    for (let i = 0; i < scalars.length; i++) commands[at++] = scalars[i]!;
    this.#length = at;
    this.#waiting += 1;
    if (this.#waiting >= commandsAtOnce) this.flush();
  }

  flush(): void {
    if (this.#length === 0) {
      this.#ensureOpen();
      return;
    }
    const length = this.#length;
    this.#length = 0;
    this.#waiting = 0;
    try {
      this.#addon.submit(this.#session, this.#commands, length);
    } catch (error) {
      throw asKernelError(error);
    }
  }

  async read(id: BufferId, into: ArrayBufferView, byteOffset = 0): Promise<void> {
    this.#ensureLive(id);
    this.flush();
    try {
      await this.#addon.read(this.#session, id, into, byteOffset);
    } catch (error) {
      throw asKernelError(error);
    }
  }

  close(): void {
    this.#closed = true;
    this.#length = 0;
    this.#live.clear();
    this.#addon.close(this.#session);
  }

  #makeRoom(size: number): void {
    this.flush();
    if (size > this.#commands.length) this.#commands = new Float64Array(size);
  }

  #ensureOpen(): void {
    if (this.#closed) throw new KernelError('backend-closed', 'the native backend is closed');
  }

  #ensureLive(id: BufferId): void {
    if (this.#live.has(id)) return;
    this.#ensureOpen();
    throw new KernelError('invalid-buffer', `buffer ${id} was freed or never allocated`);
  }
}

function typed<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw asKernelError(error);
  }
}

/** The addon throws plain errors that carry the code. */
function asKernelError(error: unknown): KernelError {
  if (error instanceof KernelError) return error;
  const { code, message } = error as { code?: KernelErrorCode; message: string };
  return new KernelError(code ?? 'native-failure', message, { cause: error });
}
