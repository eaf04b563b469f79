export { checkCorpus } from './check-corpus.ts';
export * from './digest.ts';
export * from './execute.ts';
export * from './golden.ts';
export * from './resources.ts';
export * from './run-error.ts';
