import type { BackendName, BackendOption, DataSetOption, SubjectOption } from '@claimbench/contracts';
import { KernelError } from '@claimbench/kernels';
import { createBackend } from '@claimbench/kernels/node';
import {
  GENERATED_TEXTS,
  type GeneratedText,
  generateText,
  ModelError,
  NODE_DOCS,
  REGISTERED_FILES,
  type RegisteredFile,
} from '@claimbench/models';
import { type DataLocations, extractNodeDocs, resolveFile } from '@claimbench/models/node';
import type { Resources } from '../resources.ts';
import { CHECKPOINTS } from '../subjects/checkpoints.ts';
import { trainedSubjects } from '../subjects/subjects.ts';

export interface ResourceOptions {
  /** Folders with data sets and checkpoints. */
  readonly dataPath: readonly string[];
  readonly cacheFolder: string;
}

/** Every subject and data set, and what keeps it from being used on this machine. Reads files, downloads nothing. */
export async function readResources(options: ResourceOptions): Promise<Resources> {
  const [subjects, dataSets] = await Promise.all([subjectOptions(options), dataSetOptions(options)]);
  return { subjects, dataSets };
}

/** The recipes, and the published checkpoints whose files are here or can be downloaded. */
export async function subjectOptions(options: ResourceOptions): Promise<SubjectOption[]> {
  const published = CHECKPOINTS.map(async ({ name, description, parameters, data }): Promise<SubjectOption> => {
    const file = registered(name);
    const { unavailable } = await lookFor(file, options);
    return {
      kind: 'checkpoint',
      name,
      title: file.title,
      description,
      parameters,
      data: [...data],
      spec: { kind: 'checkpoint', name, sha256: file.sha256 },
      unavailable,
    };
  });
  return [...trainedSubjects(), ...(await Promise.all(published))];
}

/** The texts that resolve by name. `bytes` is 0 for one that is not on this machine. */
export async function dataSetOptions(options: ResourceOptions): Promise<DataSetOption[]> {
  const files = REGISTERED_FILES.filter((file) => file.content.kind === 'text');
  const texts = files.map(async (file): Promise<DataSetOption> => {
    const { name, title, licence, sha256 } = file;
    return { name, title, description: `Licence: ${licence}.`, sha256, ...(await lookFor(file, options)) };
  });
  return [await nodeDocs(), ...GENERATED_TEXTS.map(generatedOption), ...(await Promise.all(texts))];
}

function generatedOption(text: GeneratedText): DataSetOption {
  const { name, title, licence, sha256 } = text;
  const description = `Made here, nothing to download. Licence: ${licence}.`;
  return { name, title, description, sha256, bytes: generateText(text).length, unavailable: null };
}

async function nodeDocs(): Promise<DataSetOption> {
  const { name, title, licence, sha256 } = NODE_DOCS;
  const description = `Extracted here, nothing to download. Licence: ${licence}.`;
  const { bytes, unavailable } = await measure(extractNodeDocs);
  return { name, title, description, sha256, bytes, unavailable };
}

async function lookFor(
  file: RegisteredFile,
  { dataPath, cacheFolder }: ResourceOptions,
): Promise<{ bytes: number; unavailable: string | null }> {
  const locations: DataLocations = { dataPath, cacheFolder, download: false };
  const found = await measure(() => resolveFile(file, locations));
  // What is not here but has an address is fetched when a run first needs it.
  return found.unavailable !== null && file.url !== null && found.code === 'data-unavailable'
    ? { bytes: 0, unavailable: null }
    : { bytes: found.bytes, unavailable: found.unavailable };
}

async function measure(
  read: () => Promise<Uint8Array>,
): Promise<{ bytes: number; unavailable: string | null; code: string | null }> {
  try {
    return { bytes: (await read()).length, unavailable: null, code: null };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return { bytes: 0, unavailable: error.message, code: error.code };
  }
}

function registered(name: string): RegisteredFile {
  const file = REGISTERED_FILES.find((candidate) => candidate.name === name);
  if (!file) throw new ModelError('unknown-data-set', `the checkpoint ${name} is not registered`);
  return file;
}

const BACKENDS: readonly { name: BackendName; title: string; description: string }[] = [
  { name: 'native', title: 'Native', description: 'C++ kernels on this machine’s processor: the usual choice.' },
  { name: 'reference', title: 'Reference', description: 'Plain TypeScript, the oracle of the other backends: slow.' },
  { name: 'webgpu', title: 'WebGPU', description: 'Kernels on a graphics processor.' },
];

/** The backends, and what keeps one from being used on this machine. */
export async function backendOptions(): Promise<BackendOption[]> {
  const options: BackendOption[] = [];
  for (const { name, title, description } of BACKENDS) options.push(await optionOf(name, title, description));
  return options;
}

async function optionOf(name: BackendName, title: string, description: string): Promise<BackendOption> {
  try {
    const backend = await createBackend(name, { threads: 1 });
    const { instructionSet, device } = backend.description;
    backend.close();
    const here: Partial<Record<BackendName, string>> = {
      native: ` Instruction set here: ${instructionSet}.`,
      webgpu: ` Here: ${device}.`,
    };
    return { name, title, description: description + (here[name] ?? ''), unavailable: null };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { name, title, description, unavailable: error.message };
  }
}
