import { readSettings } from '@claimbench/contracts';

/** API that a command talks to unless told otherwise. */
export function apiUrl(): string {
  const { CLAIMBENCH_API_URL, CLAIMBENCH_API_PORT } = readSettings(process.env);
  return process.env.CLAIMBENCH_API_URL ? CLAIMBENCH_API_URL : `http://127.0.0.1:${CLAIMBENCH_API_PORT}`;
}
