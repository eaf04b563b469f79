// `pnpm bench NAME [options]` runs bench/NAME.mjs.
import { existsSync, readdirSync } from 'node:fs';

const name = process.argv[2];
const file = new URL(`${name}.mjs`, import.meta.url);
if (name === undefined || name === 'run' || !existsSync(file)) {
  const names = readdirSync(new URL('.', import.meta.url)).filter((entry) => entry.endsWith('.mjs'));
  console.error(`usage: pnpm bench NAME [options], NAME one of ${names.map((entry) => entry.slice(0, -4)).join(', ')}`);
  process.exit(1);
}
process.argv.splice(1, 2, file.pathname);
await import(file.href);
