export * from './execute.ts';
export * from './golden.ts';
export * from './resources.ts';
