import { join, resolve } from 'node:path';
import {
  AppError,
  type BackendOption,
  type DataSetOption,
  dataFolders,
  type Settings,
  type SubjectOption,
  type TechniqueDescriptor,
} from '@claimbench/contracts';
import { type Resources, techniqueDescriptors } from '@claimbench/experiments';
import { backendOptions, readResources } from '@claimbench/experiments/node';
import { Inject, Injectable } from '@nestjs/common';
import { SETTINGS } from '../settings/settings.module.ts';

/** Data sets and checkpoints may be put in place while the API runs: it looks again after this time. */
const LOOK_AGAIN_MS = 10_000;

@Injectable()
export class CatalogueService {
  #resources: { at: number; found: Promise<Resources> } | null = null;
  #backends: Promise<BackendOption[]> | null = null;

  constructor(@Inject(SETTINGS) private readonly settings: Settings) {}

  techniques(): TechniqueDescriptor[] {
    return techniqueDescriptors();
  }

  technique(id: string): TechniqueDescriptor {
    const technique = techniqueDescriptors().find((descriptor) => descriptor.id === id);
    if (!technique) throw new AppError('not-found', `There is no technique ${id}.`);
    return technique;
  }

  /** Subjects and data sets that plans are made against. */
  resources(): Promise<Resources> {
    if (this.#resources && performance.now() - this.#resources.at < LOOK_AGAIN_MS) return this.#resources.found;
    const found = readResources({
      dataPath: dataFolders(this.settings),
      cacheFolder: join(resolve(this.settings.CLAIMBENCH_HOME), 'cache'),
    });
    this.#resources = { at: performance.now(), found };
    // A failed look is not kept: the next call looks again.
    found.catch(() => {
      if (this.#resources?.found === found) this.#resources = null;
    });
    return found;
  }

  async subjects(): Promise<SubjectOption[]> {
    return [...(await this.resources()).subjects];
  }

  async dataSets(): Promise<DataSetOption[]> {
    return [...(await this.resources()).dataSets];
  }

  backends(): Promise<BackendOption[]> {
    this.#backends ??= backendOptions();
    return this.#backends;
  }
}
