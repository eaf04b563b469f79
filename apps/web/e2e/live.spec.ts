import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ExperimentView } from '@claimbench/contracts';
import { type APIRequestContext, expect, test } from '@playwright/test';
import { ended, smallComparison, submit } from './platform.ts';

/** A wire between browser and dashboard that can be cut: every connection dies, and none is taken until it is mended. */
class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut = false;
  /** Addresses asked for, first line of each request head. */
  readonly asked: string[] = [];

  constructor(host: string, port: number) {
    this.#server = createServer((near) => {
      if (this.#cut) {
        near.destroy();
        return;
      }
      const far = connect(port, host);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
        // a cut wire ends both sides; there is nobody to tell
        socket.on('error', () => socket.destroy());
      }
      near.on('data', (data) => {
        for (const [, path] of data.toString('latin1').matchAll(/^GET (\S+) HTTP/gm)) if (path) this.asked.push(path);
      });
      near.pipe(far).pipe(near);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((ready) => this.#server.listen(0, '127.0.0.1', ready));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `http://127.0.0.1:${address.port}`;
  }

  cut(): void {
    this.#cut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#cut = false;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** How many runs of the experiment have succeeded. */
async function done(request: APIRequestContext, id: string): Promise<number> {
  const experiment: ExperimentView = await (await request.get(`/api/experiments/${id}`)).json();
  return experiment.counts.succeeded;
}

test('a page whose connection is cut comes back by itself and has missed nothing', async ({
  page,
  request,
  baseURL,
}) => {
  test.setTimeout(180_000);
  const target = new URL(baseURL ?? '');
  const wire = new Wire(target.hostname, Number(target.port || 80));
  const origin = await wire.listen();
  const { id } = await submit(
    request,
    smallComparison({ title: 'Cut in the middle', seeds: 6, training: { tokens: 20_000 }, reuse: false }),
  );

  await page.goto(`${origin}/experiments/${id}`);
  await expect(page.locator('[data-live="live"]')).toBeVisible();
  await expect(page.locator('tr[data-state="running"], tr[data-state="succeeded"]').first()).toBeVisible({
    timeout: 30_000,
  });
  await expect(page.locator('tr[data-run]').first()).toBeVisible();
  const before = await done(request, id);
  wire.cut();
  await expect(page.locator('[data-live="waiting"], [data-live="connecting"]')).toBeVisible();
  // what happens now, the page can only learn afterwards
  await expect.poll(() => done(request, id), { timeout: 60_000 }).toBeGreaterThan(before);
  const streams = () => wire.asked.filter((path) => path.startsWith('/api/events'));
  const asked = streams().length;
  wire.mend();
  await expect(page.locator('[data-live="live"]')).toBeVisible({ timeout: 30_000 });
  expect(streams().length).toBeGreaterThan(asked);
  expect(streams().at(-1)).toContain('lastEventId=');
  await ended(request, id, 120_000);
  await expect(page.locator('article[data-experiment="succeeded"]')).toBeVisible();
  await expect(page.locator('tr[data-run]:not([data-state="succeeded"])')).toHaveCount(0);
  await wire.close();
});

test('a hidden tab holds no connection and catches up when it is seen again', async ({ page, request }) => {
  test.setTimeout(120_000);
  const { id } = await submit(
    request,
    smallComparison({ title: 'Looked away', training: { tokens: 20_000 }, reuse: false }),
  );
  await page.goto(`/experiments/${id}`);
  await expect(page.locator('[data-live="live"]')).toBeVisible();
  const show = (state: 'hidden' | 'visible') =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await show('hidden');
  await expect(page.locator('[data-live="paused"]')).toBeVisible();
  await ended(request, id, 90_000);
  await show('visible');
  await expect(page.locator('article[data-experiment="succeeded"]')).toBeVisible();
});
