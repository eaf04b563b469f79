// The schema engine's WebAssembly build (npm: @prisma/schema-engine-wasm) over @prisma/adapter-pg.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { MigrationAdapter } from './migration-adapter.mjs';

const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
let bindings;
let panicMessage = '';

export function wasmVersion() {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;
}

export async function newEngine(datamodels, url) {
  bindings ??= load();
  const factory = bindMigrationAwareSqlAdapterFactory(new MigrationAdapter(url));
  const options = { datamodels: datamodels.length > 0 ? datamodels : undefined };
  return (await bindings).SchemaEngine.new(options, () => {}, factory);
}

async function load() {
  const glue = './schema_engine_bg.js';
  const module = await import(pathToFileURL(join(folder, glue)).href);
  const bytes = readFileSync(join(folder, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { [glue]: module });
  module.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return module;
}

/** Calls `report` with the engine's own words when it panics, and for any other error that nobody caught. */
export function onPanic(report) {
  // The WebAssembly build hands its panic message to this global before it throws.
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message: (message) => {
      panicMessage = message;
    },
  };
  process.on('uncaughtException', (error) => report(panicMessage || error?.stack || String(error)));
}
