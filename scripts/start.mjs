// `npm start`: from a fresh clone to a running Claimbench. Installs, builds, then hands over to launch.mjs on the pinned Node.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  build,
  HOME,
  install,
  Refusal,
  ROOT,
  requireCompiler,
  requireFreePort,
  requireNode,
  requireWritable,
  step,
  stopWith,
} from './prerequisites.mjs';

async function main() {
  requireNode();
  requireCompiler();
  requireWritable(HOME);
  refuseSecondLauncher();
  const host = process.env.CLAIMBENCH_HOST || '127.0.0.1';
  await requireFreePort(Number(process.env.CLAIMBENCH_PORT || 3000), host, 'CLAIMBENCH_PORT');
  await requireFreePort(Number(process.env.CLAIMBENCH_API_PORT || 3001), host, 'CLAIMBENCH_API_PORT');

  console.log('Claimbench');
  await step('packages', install);
  await step('build', () => build());

  // The pinned Node comes with the packages where there is one for this platform; elsewhere the user's own serves.
  const pinned = join(ROOT, 'node_modules', '.bin', 'node');
  const node = existsSync(pinned) ? pinned : process.execPath;
  const child = spawn(node, [join(ROOT, 'scripts', 'launch.mjs')], { cwd: ROOT, stdio: 'inherit' });
  // Ctrl-C reaches the whole group; the launcher stops its parts in order and decides the exit code.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

function refuseSecondLauncher() {
  const file = join(HOME, 'launcher.json');
  if (!existsSync(file)) return;
  const { pid, url } = JSON.parse(readFileSync(file, 'utf8'));
  try {
    process.kill(pid, 0);
  } catch {
    return; // it died without cleaning up; the launcher takes over what it left
  }
  throw new Refusal(`Claimbench already runs here (process ${pid}) at ${url}.`);
}

main().catch(stopWith);
