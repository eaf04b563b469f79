export * from './data-locations.ts';
export * from './load.ts';
export { readModel, readWeights } from './model-folder.ts';
export { extractNodeDocs } from './node-docs.ts';
export { type OpenedModel, type OpenOptions, openDecoder, openModel, openTokenizer } from './open-model.ts';
