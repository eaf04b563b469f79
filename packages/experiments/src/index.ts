export * from './early.ts';
export * from './finished-run.ts';
export * from './protocol/seeds.ts';
export * from './resources.ts';
