import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testLocations } from '../../test/data-path.ts';
import { type TextDataSet, textDataSet } from '../data/data-set.ts';
import { NODE_DOCS, registeredData } from '../data/registry.ts';
import { tokenStream } from '../data/token-stream.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { type DataLocations, resolveFile } from './data-locations.ts';
import { loadDataSet, loadTokenizer, loadTokenStream } from './load.ts';

let folder: string;
let locations: DataLocations;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'claimbench-data-'));
  locations = { dataPath: [join(folder, 'a'), join(folder, 'b')], cacheFolder: join(folder, 'cache'), download: false };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const content = 'Some text.\n\nMore of it.\n';
const file = {
  name: 'sample',
  sha256: createHash('sha256').update(content).digest('hex'),
  path: 'text/sample/sample.txt',
  url: null as string | null,
};

async function put(path: string, text: string): Promise<void> {
  const at = join(folder, path);
  await mkdir(join(at, '..'), { recursive: true });
  await writeFile(at, text);
}

describe('a file by name and hash', () => {
  test.each(['a/text/sample/sample.txt', 'b/text/sample/sample.txt', 'b/sample.txt'])(
    'is found at %s',
    async (path) => {
      await put(path, content);
      expect(new TextDecoder().decode(await resolveFile(file, locations))).toBe(content);
    },
  );

  test('with another content is refused, with both hashes', async () => {
    await put('a/text/sample/sample.txt', 'another text');
    await expect(resolveFile(file, locations)).rejects.toMatchObject({
      code: 'hash-mismatch',
      message: expect.stringContaining(file.sha256),
    });
  });

  test('of the same name but another content elsewhere is passed over', async () => {
    await put('a/sample.txt', 'somebody else');
    await put('b/sample.txt', content);
    expect(await resolveFile(file, locations)).toHaveLength(content.length);
  });

  test('that is nowhere names every place and what to do', async () => {
    await expect(resolveFile(file, locations)).rejects.toMatchObject({
      code: 'data-unavailable',
      message: expect.stringMatching(/a\/text\/sample\/sample\.txt.*cache.*CLAIMBENCH_DATA_PATH/),
    });
  });

  test('is downloaded once where that is allowed, verified, and kept', async () => {
    let requests = 0;
    let body = content;
    const server = createServer((_, response) => {
      requests += 1;
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const remote = { ...file, url: `http://127.0.0.1:${address.port}/sample.txt` };
      await expect(resolveFile(remote, locations)).rejects.toThrow('downloads are off');
      const open = { ...locations, download: true };
      body = 'forged';
      await expect(resolveFile(remote, open)).rejects.toMatchObject({ code: 'hash-mismatch' });
      body = content;
      await resolveFile(remote, open);
      await resolveFile(remote, locations);
      expect(requests).toBe(2);
      expect(await readdir(join(locations.cacheFolder, 'data'))).toHaveLength(1);
    } finally {
      server.close();
    }
    const gone = { ...file, sha256: '1'.repeat(64), url: 'http://127.0.0.1:9/' };
    await expect(resolveFile(gone, { ...locations, download: true })).rejects.toMatchObject({
      code: 'data-unavailable',
    });
  });

  test("of one's own resolves by its hash and never leads out of the data path", async () => {
    await put('b/mine.txt', content);
    await put('secret.txt', content);
    const set = await loadDataSet({ name: 'mine.txt', sha256: file.sha256 }, locations);
    expect((['train', 'validation', 'test'] as const).flatMap((split) => documentsOr(set, split))).toHaveLength(2);
    for (const name of ['../secret.txt', join(folder, 'secret.txt'), 'x/../../secret.txt']) {
      await expect(loadDataSet({ name, sha256: file.sha256 }, locations)).rejects.toMatchObject({
        code: 'unknown-data-set',
      });
    }
    await expect(loadDataSet({ name: 'mine.txt' }, locations)).rejects.toThrow('needs its SHA-256');
  });
});

function documentsOr(set: Awaited<ReturnType<typeof loadDataSet>>, split: 'train' | 'validation' | 'test') {
  try {
    return set.documents(split);
  } catch {
    return [];
  }
}

describe('node-docs', () => {
  test('is the pinned text, in three splits', async () => {
    const set = await loadDataSet({ name: 'node-docs' }, locations);
    expect(set.bytes).toBe(836_287);
    expect(set.documents('train').length).toBeGreaterThan(2000);
    expect(set.documents('test').length).toBeGreaterThan(200);
  });

  test('is kept in the cache, and made anew when the entry is damaged', async () => {
    await loadDataSet({ name: 'node-docs' }, locations);
    const [entry] = await readdir(join(locations.cacheFolder, 'data'));
    const path = join(locations.cacheFolder, 'data', entry!);
    await writeFile(path, 'something else');
    expect((await loadDataSet({ name: 'node-docs' }, locations)).bytes).toBe(836_287);
    expect(await readFile(path)).toHaveLength(836_287);
  });

  test('under another hash is refused', async () => {
    await expect(loadDataSet({ name: 'node-docs', sha256: '2'.repeat(64) }, locations)).rejects.toMatchObject({
      code: 'hash-mismatch',
    });
  });

  test('has a byte-pair tokenizer that is trained once and survives a damaged cache', async () => {
    const set = await loadDataSet({ name: 'node-docs' }, locations);
    const choice = { kind: 'byte-pair', vocabularySize: 512 } as const;
    const first = await loadTokenizer(choice, set, locations);
    expect(first.vocabularySize).toBe(512);
    const [entry] = await readdir(join(locations.cacheFolder, 'tokenizers'));
    const path = join(locations.cacheFolder, 'tokenizers', entry!);
    const kept = await readFile(path, 'utf8');
    expect((await loadTokenizer(choice, unasked(set), locations)).toJson()).toEqual(first.toJson());
    await writeFile(path, kept.slice(0, 100));
    expect((await loadTokenizer(choice, set, locations)).toJson()).toEqual(first.toJson());
    expect(await readFile(path, 'utf8')).toBe(kept);
  });

  test('is split as by the hash that browsers have', async () => {
    const set = await loadDataSet({ name: 'node-docs' }, locations);
    const [entry] = await readdir(join(locations.cacheFolder, 'data'));
    const other = textDataSet(NODE_DOCS, await readFile(join(locations.cacheFolder, 'data', entry!)));
    for (const split of ['train', 'validation', 'test'] as const)
      expect(set.documents(split)).toEqual(other.documents(split));
  });

  test('is cut into tokens once, and again where the entry is damaged', async () => {
    const set = await loadDataSet({ name: 'node-docs' }, locations);
    const tokenizer = byteTokenizer();
    const cut = tokenStream(set.documents('test'), tokenizer);
    expect(await loadTokenStream(set, 'test', tokenizer, locations)).toEqual(cut);
    const [entry] = await readdir(join(locations.cacheFolder, 'tokens'));
    const path = join(locations.cacheFolder, 'tokens', entry!);
    const kept = await readFile(path);
    expect(await loadTokenStream(unasked(set), 'test', tokenizer, locations)).toEqual(cut);
    await loadTokenStream(set, 'validation', tokenizer, locations);
    expect(await readdir(join(locations.cacheFolder, 'tokens'))).toHaveLength(2);

    // The same bytes under another name are cut by other rules.
    const other = { ...set, name: 'mine.txt', documents: () => ['another cut'] };
    expect(await loadTokenStream(other, 'test', tokenizer, locations)).toEqual(tokenStream(['another cut'], tokenizer));
    expect(await loadTokenStream(unasked(set), 'test', tokenizer, locations)).toEqual(cut);

    const damaged = Uint8Array.from(kept);
    damaged[1000]! ^= 1;
    for (const content of [damaged, kept.subarray(0, 1001), '']) {
      await writeFile(path, content);
      await expect(loadTokenStream(unasked(set), 'test', tokenizer, locations)).rejects.toThrow('asked for documents');
      expect(await loadTokenStream(set, 'test', tokenizer, locations)).toEqual(cut);
      expect(await readFile(path)).toEqual(kept);
    }
  });
});

/** The same, with documents that nobody may ask for. */
function unasked(set: TextDataSet): TextDataSet {
  return {
    ...set,
    documents() {
      throw new Error('asked for documents');
    },
  };
}

test('every registered text of the data path loads', async () => {
  for (const { name, kind } of registeredData()) {
    if (kind === 'text') expect((await loadDataSet({ name }, testLocations())).bytes, name).toBeGreaterThan(100_000);
  }
});
