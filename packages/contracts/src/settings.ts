import { z } from 'zod';

/**
 * Every setting of the platform, typed, with its default. Nothing needs to be set for `npm start`: the launcher fills in
 * DATABASE_URL (embedded PostgreSQL) and the worker's token. The README's table is generated from this schema.
 */
export const Settings = z.object({
  DATABASE_URL: z
    .string()
    .min(1)
    .optional()
    .describe('PostgreSQL; unset: the embedded PostgreSQL that `npm start` runs'),
  REDIS_URL: z.string().min(1).optional().describe('Redis for the queue; unset: the queue lives in PostgreSQL'),
  CLAIMBENCH_HOME: z
    .string()
    .default('.claimbench')
    .describe('folder for the embedded database, artifacts, caches and logs'),
  CLAIMBENCH_DATA_PATH: z
    .string()
    .default('')
    .describe('folders with data sets and checkpoints, separated by colons; looked at before the cache and downloads'),
  CLAIMBENCH_PORT: z.coerce.number().int().min(0).max(65_535).default(3000).describe('port of the dashboard'),
  CLAIMBENCH_API_PORT: z.coerce.number().int().min(0).max(65_535).default(3001).describe('port of the API'),
  CLAIMBENCH_HOST: z.string().default('127.0.0.1').describe('address that dashboard and API listen on'),
  CLAIMBENCH_API_URL: z.url().default('http://127.0.0.1:3001').describe('where worker and dashboard find the API'),
  CLAIMBENCH_WORKER_TOKEN: z
    .string()
    .min(16)
    .optional()
    .describe('secret that workers present to the API; `npm start` makes one'),
  CLAIMBENCH_WORKER_CONCURRENCY: z.coerce
    .number()
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('runs at once in one worker; unset: the number of cores'),
  CLAIMBENCH_RUN_SECONDS: z.coerce.number().positive().default(1200).describe('longest time of one run'),
  CLAIMBENCH_RUN_MEMORY_MIB: z.coerce.number().positive().default(4096).describe('largest memory of one run'),
  CLAIMBENCH_LEASE_SECONDS: z.coerce
    .number()
    .positive()
    .default(15)
    .describe('a worker that is silent for this long has lost its run'),
  CLAIMBENCH_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('log level of API and worker'),
});
export type Settings = z.infer<typeof Settings>;

/** The folders of CLAIMBENCH_DATA_PATH, in the order in which they are looked at. */
export function dataFolders({ CLAIMBENCH_DATA_PATH }: Pick<Settings, 'CLAIMBENCH_DATA_PATH'>): readonly string[] {
  return CLAIMBENCH_DATA_PATH.split(':').filter((folder) => folder !== '');
}

/** Reads settings; an invalid one throws with its name, what was expected and what was found. Empty strings count as unset. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const known = Object.keys(Settings.shape).flatMap((key) => (env[key] ? [[key, env[key]] as const] : []));
  const result = Settings.safeParse(Object.fromEntries(known));
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const name = String(issue.path[0]);
    // A secret is named, never shown.
    const found = /TOKEN|PASSWORD|URL/.test(name) ? '[hidden]' : env[name];
    return `${name}=${JSON.stringify(found)}: ${issue.message}`;
  });
  throw new Error(`Invalid settings\n  ${lines.join('\n  ')}`);
}

/** The README's table of settings. */
export function settingsTable(): string {
  const rows = Object.entries(Settings.shape).map(([name, field]) => {
    const fallback = field.safeParse(undefined).data;
    return `| \`${name}\` | ${fallback === undefined || fallback === '' ? '–' : `\`${fallback}\``} | ${field.description} |`;
  });
  return ['| setting | default | meaning |', '|---|---|---|', ...rows].join('\n');
}
