import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, sha256Of, startPlatform, TOKEN } from '../../test/platform.ts';
import { ArtifactFiles } from './artifact.files.ts';

/** A disk that is full when the story says so: Linux's /dev/full takes no byte (ENOSPC). */
class Disk extends ArtifactFiles {
  override readonly largest = 1 << 20;
  full = false;

  override create(path: string): Promise<FileHandle> {
    return this.full ? open('/dev/full', 'w') : super.create(path);
  }
}

describe('the artifact store', () => {
  let platform: Platform;
  let disk: Disk;
  beforeAll(async () => {
    platform = await startPlatform({ override: (builder) => builder.overrideProvider(ArtifactFiles).useClass(Disk) });
    disk = platform.app.get(ArtifactFiles);
  });
  afterAll(() => platform.close());

  async function fetchArtifact(sha256: string, method = 'GET') {
    return fetch(`${platform.url}/api/worker/artifacts/${sha256}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  }

  const leftovers = () => readdir(join(platform.settings.CLAIMBENCH_HOME, 'artifacts', 'incoming'));

  it('gives back the bytes that it was given', async () => {
    const content = randomBytes(200_000);
    expect((await platform.worker().putArtifact(content)).status).toBe(201);
    expect((await platform.worker().putArtifact(content)).status).toBe(201);
    const answer = await fetchArtifact(sha256Of(content));
    expect(answer.headers.get('content-length')).toBe('200000');
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
    const head = await fetchArtifact(sha256Of(content), 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '200000', '']);
  });

  it('says that it has not what it has not', async () => {
    for (const method of ['GET', 'HEAD']) expect((await fetchArtifact('0'.repeat(64), method)).status).toBe(404);
    expect((await fetchArtifact('../../secret')).status).toBe(404);
    expect((await fetchArtifact('A'.repeat(64))).status).toBe(404);
  });

  it('refuses bytes that are not what they are called, and keeps nothing of them', async () => {
    const name = sha256Of(Buffer.from('the right bytes'));
    expect(await platform.worker().putArtifact(Buffer.from('other bytes'), name)).toMatchObject({
      status: 422,
      body: { code: 'hash-mismatch' },
    });
    expect((await fetchArtifact(name)).status).toBe(404);
    expect(await leftovers()).toEqual([]);
  });

  it('says when the disk is full, loses nothing that it had, and goes on when there is room', async () => {
    const [before, later] = [randomBytes(50_000), randomBytes(50_000)];
    await platform.worker().putArtifact(before);
    disk.full = true;
    expect(await platform.worker().putArtifact(later)).toMatchObject({
      status: 507,
      body: { code: 'artifact-store-full', detail: expect.stringContaining('make room') },
    });
    expect((await fetchArtifact(sha256Of(later))).status).toBe(404);
    expect((await fetchArtifact(sha256Of(before))).status).toBe(200);
    disk.full = false;
    expect((await platform.worker().putArtifact(later)).status).toBe(201);
    expect(await leftovers()).toEqual([]);
  });

  it('refuses what is larger than its limit', async () => {
    const answer = await platform.worker().putArtifact(Buffer.alloc((1 << 20) + 1));
    expect(answer).toMatchObject({ status: 413, body: { code: 'artifact-too-large' } });
    expect(await leftovers()).toEqual([]);
  });

  it('keeps nothing of an upload that is cut off', async () => {
    const name = sha256Of(Buffer.from('never'));
    const upload = request(`${platform.url}/api/worker/artifacts/${name}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'content-type': 'application/octet-stream',
        'content-length': 100_000,
      },
    });
    upload.on('error', () => {});
    upload.write(Buffer.alloc(10_000));
    await expect.poll(leftovers).toHaveLength(1);
    upload.destroy();
    await expect.poll(leftovers).toEqual([]);
    expect((await fetchArtifact(name)).status).toBe(404);
  });

  it('refuses an upload that is not a stream of bytes', async () => {
    const answer = await platform.worker().call('PUT', `/artifacts/${'0'.repeat(64)}`, { some: 'json' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid-request' } });
  });

  it('removes at its start what uploads left a day ago', async () => {
    const old = join(platform.settings.CLAIMBENCH_HOME, 'artifacts', 'incoming', 'old');
    await writeFile(old, 'half an artifact');
    const { utimes } = await import('node:fs/promises');
    const yesterday = Date.now() / 1000 - 90_000;
    await utimes(old, yesterday, yesterday);
    await writeFile(join(platform.settings.CLAIMBENCH_HOME, 'artifacts', 'incoming', 'young'), 'on its way');
    const restarted = await startPlatform({ sharing: platform });
    expect(await leftovers()).toEqual(['young']);
    await restarted.close();
  });

  it('is asked by a run that names an artifact', async () => {
    const { plainRuns } = await import('../../test/scripted-planning.ts');
    platform.planning.runs = await plainRuns(1, 1);
    const [run] = await platform.runsOf((await platform.submit()).id);
    const worker = platform.worker();
    const { body } = await worker.claim(run?.id ?? '');
    const outcome = { metrics: {}, items: null, diverged: null, timings: {}, digest: 'e'.repeat(64), environment: {} };
    const artifact = { name: 'checkpoint', sha256: '0'.repeat(64), bytes: 1 };
    const finish = { state: 'succeeded', outcome, artifacts: [artifact] };
    expect(await worker.finish(body.runId, body.token, finish)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'result.artifacts.0.sha256' }] },
    });
    const content = Buffer.from('a checkpoint');
    await worker.putArtifact(content);
    const there = { ...artifact, sha256: sha256Of(content), bytes: content.length };
    const twice = { ...finish, artifacts: [there, there] };
    expect((await worker.finish(body.runId, body.token, twice)).status).toBe(400);
    expect((await worker.finish(body.runId, body.token, { ...finish, artifacts: [there] })).status).toBe(204);
  });
});
