#!/usr/bin/env node
// Stands in for Prisma's native schema engine, whose binary cannot be had from npm. Speaks the same JSON-RPC on stdio and is
// answered by the engine's WebAssembly build over the PostgreSQL driver, so `prisma migrate` works without any download.
// prisma.config.ts names this file as the engine's binary.
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createDatabase, dropDatabase, prismaCode, withClient } from './database.mjs';
import { newEngine, onPanic, wasmVersion } from './wasm-engine.mjs';

const words = process.argv.slice(2);
const datasource = JSON.parse(wordsAfter('--datasource')[0] ?? '{}');
const datamodels = wordsAfter('--datamodels')
  .filter(existsSync)
  .map((file) => [file, readFileSync(file, 'utf8')]);

if (words.includes('--version')) process.stdout.write(`schema-engine-wasm ${wasmVersion()}\n`);
else if (words.includes('cli')) await answerOnce(words[words.indexOf('cli') + 1]);
else serve();

/** @param {string} name */
function wordsAfter(name) {
  return words.flatMap((word, i) => (word === name ? [words[i + 1] ?? ''] : []));
}

/** `cli <command>`: one question about the database; the answer is the exit code and a line of the log. */
async function answerOnce(command) {
  const commands = {
    'can-connect-to-database': () => withClient(datasource.url, (client) => client.query('select 1')),
    'create-database': () => createDatabase(datasource.url),
    'drop-database': () => dropDatabase(datasource.url),
  };
  try {
    if (!Object.hasOwn(commands, command)) throw new Error(`the schema engine has no command ${command}`);
    await commands[command]();
    log('INFO', { message: 'ok' });
  } catch (error) {
    process.stderr.write('\n');
    log('ERROR', { message: error.message, error_code: prismaCode(error), is_panic: false });
    process.exitCode = 1;
  }
}

function log(level, fields) {
  const line = { timestamp: new Date().toISOString(), level, fields, target: 'schema_engine::logger' };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** Answers requests one after the other until stdin ends. */
function serve() {
  let pending;
  // A panic inside WebAssembly surfaces here, outside every try: it must become the pending call's error, or the CLI would
  // print nothing and report success.
  onPanic((message) => {
    if (pending === undefined) {
      process.stderr.write(`${message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${JSON.stringify(failure(pending, { message }))}\n`, () => process.exit(1));
  });

  let queue = Promise.resolve();
  const answer = async (line) => {
    const request = JSON.parse(line);
    if (!request.method) return; // the CLI's acknowledgement of a `print`
    pending = request.id;
    try {
      send({ jsonrpc: '2.0', id: request.id, result: (await call(request)) ?? {} });
    } catch (error) {
      send(failure(request.id, error));
    }
    pending = undefined;
  };
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      queue = queue.then(() => answer(line));
    })
    .on('close', () => queue.finally(() => process.exit(0)));
}

/** Methods whose name differs in the WebAssembly build. */
const RENAMED = { getDatabaseVersion: 'version' };
/** They compare with the migrations' schema, which the WebAssembly build only knows after this diagnosis on the same engine. */
const NEED_DIAGNOSIS = new Set(['evaluateDataLoss', 'createMigration']);

async function call({ id, method, params }) {
  if (method === 'createDatabase') return { databaseName: await createDatabase(datasource.url) };
  // A fresh engine for every call: one that has applied migrations refuses its shadow database afterwards.
  const engine = await newEngine(datamodels, datasource.url);
  if (NEED_DIAGNOSIS.has(method))
    await engine.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters });
  const result = await engine[RENAMED[method] ?? method](params);
  // The native engine has the CLI print a diff instead of returning it; ids of its own requests only need to differ from ours.
  if (method === 'diff' && typeof result?.stdout === 'string')
    send({ id: 1_000_000 + id, jsonrpc: '2.0', method: 'print', params: { content: result.stdout } });
  return result;
}

function failure(id, error) {
  const data = {
    is_panic: false,
    message: error?.message ?? String(error),
    error_code: error?.code ?? null,
    meta: error?.meta ?? null,
  };
  // 4466 is the engine's code for "known error, see data".
  return {
    jsonrpc: '2.0',
    id,
    error: { code: 4466, message: 'An error happened. Check the data field for details.', data },
  };
}

function send(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
