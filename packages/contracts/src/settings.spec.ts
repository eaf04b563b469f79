import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dataFolders, readSettings, Settings, settingsTable } from './settings.ts';

describe('settings', () => {
  it('need nothing to be set', () => {
    const settings = readSettings({ PATH: '/bin', CLAIMBENCH_PORT: '' });
    expect(settings.CLAIMBENCH_PORT).toBe(3000);
    expect(settings.DATABASE_URL).toBeUndefined();
  });

  it('refuse what is wrong, by name, with what was found', () => {
    expect(() => readSettings({ CLAIMBENCH_PORT: '70000' })).toThrow(/CLAIMBENCH_PORT="70000"/);
    expect(() => readSettings({ CLAIMBENCH_WORKER_TOKEN: 'short', CLAIMBENCH_LOG_LEVEL: 'loud' })).toThrow(
      /CLAIMBENCH_WORKER_TOKEN="\[hidden\]".*\n.*CLAIMBENCH_LOG_LEVEL="loud"/,
    );
  });

  it('name the folders of data in the order in which they are looked at', () => {
    expect(dataFolders(readSettings({ CLAIMBENCH_DATA_PATH: '/b:/a c::' }))).toEqual(['/b', '/a c']);
    expect(dataFolders(readSettings({}))).toEqual([]);
  });

  it('are all in the README, as this schema describes them', () => {
    const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(settingsTable());
    expect(Object.values(Settings.shape).every((field) => field.description)).toBe(true);
  });
});
