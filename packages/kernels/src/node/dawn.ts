import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Backend } from '../backend.ts';
import { KernelError } from '../errors.ts';
import type { Gpu } from '../webgpu/api.ts';
import { createWebGpuBackend } from '../webgpu/create.ts';
import { ownRequire } from './own_package.ts';

/**
 * Dawn crashes when the object that `create` gives is collected while one of its devices is in use, and a variable is dead to the
 * collector after its last read: so they are held, one for each driver, for the life of the process.
 */
const instances = new Map<string, Gpu>();

/** The WGSL kernels in Node. */
export async function createDawnBackend(): Promise<Backend> {
  const { gpu, implementation } = await openDawn();
  return createWebGpuBackend(gpu, { implementation });
}

/**
 * WebGPU in Node: Dawn, from the package `webgpu`, on this machine's Vulkan, Metal or Direct3D driver, or else on the software driver
 * that comes with a Chromium. Throws `backend-unavailable` where no driver gives an adapter.
 */
export async function openDawn(): Promise<{ gpu: Gpu; implementation: string }> {
  const { create, version } = await loadDawn();
  const tried: string[] = [];
  for (const driver of drivers()) {
    driver.prepare();
    const gpu = instances.get(driver.name) ?? create([]);
    instances.set(driver.name, gpu);
    if ((await gpu.requestAdapter()) !== null) {
      return { gpu, implementation: `dawn of webgpu ${version}, ${driver.name}` };
    }
    tried.push(driver.name);
  }
  const found = tried.length === 0 ? 'found none' : `no adapter from ${tried.join(', ')}`;
  throw new KernelError('backend-unavailable', `WebGPU needs a driver, ${found}: ${howToGet}`);
}

const howToGet =
  'install a graphics driver with Vulkan, or a Chromium, whose software driver serves too (Debian: apt-get install -y chromium); one that is elsewhere is named in CHROMIUM_PATH';

interface Dawn {
  create(options: readonly string[]): Gpu;
}

async function loadDawn(): Promise<Dawn & { version: string }> {
  try {
    const entry = ownRequire.resolve('webgpu');
    const dawn: Dawn = await import(pathToFileURL(entry).href);
    const { version } = JSON.parse(readFileSync(join(dirname(entry), 'package.json'), 'utf8'));
    return { create: dawn.create, version };
  } catch (cause) {
    const hint = 'its binaries need glibc 2.34 or newer, macOS, or Windows';
    throw new KernelError('backend-unavailable', `the package webgpu does not load (${hint})`, { cause });
  }
}

interface Driver {
  readonly name: string;
  prepare(): void;
}

/** The system's own first; where VK_ICD_FILENAMES or VK_DRIVER_FILES names a driver, only that. */
function* drivers(): Generator<Driver> {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named !== undefined && named !== chosen) return yield { name: named, prepare: () => {} };
  if (named === undefined && (process.platform !== 'linux' || hasVulkan())) {
    yield { name: "the system's driver", prepare: () => {} };
  }
  if (process.platform !== 'linux') return;
  const folder = swiftShaderFolders().find((candidate) => existsSync(join(candidate, icd)));
  if (folder === undefined) return;
  yield {
    name: `SwiftShader of ${folder}`,
    prepare: () => {
      chosen = join(folder, icd);
      process.env.VK_ICD_FILENAMES = chosen;
      loadForGood(join(folder, 'libvulkan.so.1'));
    },
  };
}

const icd = 'vk_swiftshader_icd.json';

/** What this module has put into VK_ICD_FILENAMES itself. */
let chosen: string | undefined;

/** Whether the loader that Dawn asks for is installed: it writes a warning of its own where it is not. */
function hasVulkan(): boolean {
  const folders = ['/lib', '/lib64', '/usr/lib', '/usr/lib64', '/usr/local/lib'];
  for (const base of ['/lib', '/usr/lib']) folders.push(`${base}/x86_64-linux-gnu`, `${base}/aarch64-linux-gnu`);
  const named = (process.env.LD_LIBRARY_PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...named, ...folders].some((folder) => existsSync(join(folder, 'libvulkan.so.1')));
}

/** Where a Chromium and its software driver may be. */
function swiftShaderFolders(): string[] {
  const programs = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const onPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => programs.map((program) => join(folder, program)));
  const found = [process.env.CHROMIUM_PATH, ...onPath]
    .filter((path) => path !== undefined && path !== '' && existsSync(path))
    .map((path) => dirname(realpathSync(path!)));
  return [...found, '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
}

/**
 * Dawn asks for libvulkan.so.1 by that name, and the folder of Chromium's is not on the library path, which a process cannot change
 * once it runs. But what is loaded already is found by its name. It is no addon, so Node refuses it after it is loaded.
 */
function loadForGood(library: string): void {
  const stayLoaded = 0x1000; // RTLD_NODELETE
  try {
    process.dlopen({ exports: {} }, library, constants.dlopen.RTLD_NOW | stayLoaded);
  } catch (error) {
    if (error instanceof Error && error.message.includes('did not self-register')) return;
    throw new KernelError('backend-unavailable', `${library} does not load`, { cause: error });
  }
}
