export * from './data-locations.ts';
export * from './load.ts';
export { extractNodeDocs } from './node-docs.ts';
