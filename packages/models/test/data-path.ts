import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataLocations } from '../src/node/data-locations.ts';

/** Texts and checkpoints of others lie outside the repository: in CLAIMBENCH_DATA_PATH, else in shared/data beside the repository. */
export function testLocations(): DataLocations {
  const beside = fileURLToPath(new URL('../../../../shared/data', import.meta.url));
  const dataPath = (process.env.CLAIMBENCH_DATA_PATH || beside).split(':');
  if (!dataPath.some((folder) => existsSync(join(folder, 'models/stories260K/stories260K.bin')))) {
    throw new Error(
      `No stories260K in ${dataPath.join(', ')}: set CLAIMBENCH_DATA_PATH to the folder of data sets and models`,
    );
  }
  return { dataPath, cacheFolder: join(tmpdir(), 'claimbench-models-test'), download: false };
}
