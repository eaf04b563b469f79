import { AppError, type BackendOption, type DataSetOption, type SubjectOption } from '@claimbench/contracts';
import type { Resources } from '../resources.ts';

export interface ResourceOptions {
  readonly dataPath: readonly string[];
  readonly cacheFolder: string;
}
export async function readResources(_options: ResourceOptions): Promise<Resources> {
  throw new AppError('internal', 'readResources is not built yet');
}
export async function subjectOptions(_options: ResourceOptions): Promise<SubjectOption[]> {
  throw new AppError('internal', 'subjectOptions is not built yet');
}
export async function dataSetOptions(_options: ResourceOptions): Promise<DataSetOption[]> {
  throw new AppError('internal', 'dataSetOptions is not built yet');
}
export async function backendOptions(): Promise<BackendOption[]> {
  throw new AppError('internal', 'backendOptions is not built yet');
}
