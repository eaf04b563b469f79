import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { run } from '../src/run.ts';

const data =
  (process.env.CLAIMBENCH_DATA_PATH ?? '').split(':').find(Boolean) ??
  fileURLToPath(new URL('../../../../shared/data', import.meta.url));
const model = join(data, 'models/stories260K');
const files = ['-c', join(model, 'stories260K.bin'), '-t', join(model, 'tok512.bin')];
const stories = join(data, 'text/tinystories/tinystories_val_1k.txt');

async function claimbench(...words: string[]) {
  let [out, notes] = ['', ''];
  const code = await run(words, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (notes += text) },
    once: () => undefined,
    removeListener: () => undefined,
  });
  return { code, out, notes };
}

describe('claimbench eval', () => {
  const evaluate = (...words: string[]) =>
    claimbench('eval', ...files, '--text', stories, '--segments', 'stories', ...words);

  it('scores stories: the same numbers as a table and as JSON, with a standard error', async () => {
    const { code, out } = await evaluate('--limit', '40', '--cut', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(out);
    expect(report).toMatchObject({ format: 'llama2c', parameters: 260_032, segments: 40, windows: 40 });
    // 1.306 nats/token over 400 stories; the first forty lie within three of their own standard errors.
    expect(Math.abs(report.natsPerToken - 1.306)).toBeLessThan(3 * report.natsPerTokenError);
    expect(report.perplexity).toBeCloseTo(Math.exp(report.natsPerToken), 12);
    const table = await evaluate('--limit', '40', '--cut', '-q');
    expect(table.out).toContain(report.natsPerToken.toFixed(3));
    expect(table.notes).toBe('');
  });

  it('scores every token of longer segments, apart or as one stream', async () => {
    const read = async (...words: string[]) => JSON.parse((await evaluate('--limit', '6', '--json', ...words)).out);
    const apart = await read('--window', '64');
    const joined = await read('--window', '64', '--join', 'joined');
    // The stream scores the begin tokens between the stories too.
    expect(joined.tokens).toBe(apart.tokens + 5);
    expect(joined.bytes).toBe(apart.bytes);
    expect(apart.windows).toBeGreaterThan(6);
  });

  it('compares with a reference, and answers questions made from the text or read from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'claimbench-cli-'));
    try {
      const questions = join(folder, 'questions.jsonl');
      const sun = { context: 'Once upon a time, there was a little', choices: [' girl', ' qxz'], answer: 0 };
      await writeFile(questions, `${JSON.stringify(sun)}\n`);
      const words = ['--limit', '30', '--cut', '--window', '96', '--continuations', '20', '--questions', questions];
      const of = ['--reference', join(model, 'stories260K.bin')];
      const eight = ['-c', join(model, 'stories260K-q8.bin')];
      const { code, out } = await evaluate(...eight, ...words, ...of, '--json', '--items');
      expect(code).toBe(0);
      const report = JSON.parse(out);
      const { reference } = report;
      // Eight bits change little, but not nothing.
      expect(reference.klDivergence).toBeGreaterThan(1e-6);
      expect(reference.klDivergence).toBeLessThan(0.01);
      expect(reference.top1Agreement).toBeGreaterThan(0.95);
      expect(reference.top1Agreement).toBeLessThan(1);
      expect(reference.itemDivergences).toHaveLength(30);
      const plain = JSON.parse((await evaluate('--limit', '30', '--cut', '--window', '96', '--json')).out);
      expect(report.natsPerToken - plain.natsPerToken).toBeCloseTo(reference.excessNatsPerToken, 5);
      expect(plain.itemNats).toBeUndefined();
      expect(report.itemNats).toHaveLength(30);
      expect(report.questions).toMatchObject({ questions: 21 });
      expect(report.questions.correct.byte[0]).toBe(true);
      expect(report.questions.accuracy.byte).toBeGreaterThan(0.4);
      const table = await evaluate(...eight, ...words, ...of, '-q');
      expect(table.out).toMatch(/KL, nats\/token .* ± /);
      expect(table.out).toContain('accuracy, a byte');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('needs something to score', async () => {
    for (const [words, message] of [
      [[], '--text or --questions is needed'],
      [['--questions', 'q.jsonl', '--reference', 'x.bin'], '--text is needed'],
      [['--text', stories, '--items'], '--items is a part of --json'],
    ] as const) {
      expect(await claimbench('eval', ...files, ...words)).toMatchObject({
        code: 2,
        notes: expect.stringContaining(message),
      });
    }
  });

  it.each([
    ['no such reference', ['--reference', '/nowhere.bin'], 3, 'nowhere.bin'],
    ['no such checkpoint', ['-c', '/nowhere.bin'], 3, 'nowhere.bin'],
    ['a file of an unknown kind', ['-c', stories], 3, 'a folder, or a file that ends in'],
    ['a segmentation that there is none of', ['--segments', 'verses'], 2, 'one of whole, lines'],
    ['a window of nothing', ['--window', '0'], 2, 'an integer from 1 expected'],
    ['an unknown option', ['--fast'], 2, '--fast'],
  ])('refuses %s', async (_, words, exit, message) => {
    const { code, notes } = await claimbench('eval', ...files, '--text', stories, ...words);
    expect([code, notes]).toEqual([exit, expect.stringContaining(message)]);
  });

  it('refuses text that is not UTF-8, and names the tokenizer that is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'claimbench-cli-'));
    try {
      await writeFile(join(folder, 'latin1.txt'), Uint8Array.of(0x61, 0xe4, 0x61));
      const bad = await claimbench('eval', ...files, '--text', join(folder, 'latin1.txt'));
      expect([bad.code, bad.notes]).toEqual([3, expect.stringContaining('[invalid-text-encoding]')]);
      await writeFile(join(folder, 'model.bin'), readFileSync(join(model, 'stories260K.bin')));
      const alone = await claimbench('eval', '-c', join(folder, 'model.bin'), '--text', stories);
      expect([alone.code, alone.notes]).toEqual([3, expect.stringContaining('no tokenizer lies with')]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('claimbench generate', () => {
  it('writes the text that llama2.c writes, byte for byte', async () => {
    const { code, out } = await claimbench('generate', ...files, '-n', '200');
    expect(code).toBe(0);
    expect(out.trimEnd()).toBe(readFileSync(join(model, 'greedy_200_steps.txt'), 'utf8').trimEnd());
  });

  it('follows several texts at once, and finds none less likely than the greedy one', async () => {
    const search = async (beams: string) =>
      JSON.parse((await claimbench('generate', ...files, '-p', 'One day', '-n', '12', '--beams', beams, '--json')).out)
        .texts;
    const [greedy] = await search('1');
    const texts = await search('4');
    expect(texts).toHaveLength(4);
    expect(texts[0].score).toBeGreaterThanOrEqual(greedy.score);
    expect(texts[0].text).toMatch(/^One day/);
    const packed = await claimbench('generate', ...files, '-p', 'One day', '-n', '12', '--cache-bits', '8');
    expect(packed.out.trimEnd()).toBe(greedy.text);
    const drawn = await claimbench('generate', ...files, '--beams', '2', '--temperature', '1');
    expect([drawn.code, drawn.notes]).toEqual([2, expect.stringContaining('does not go with --temperature')]);
  });

  it('draws the same text from the same seed, another one from another', async () => {
    const draw = async (seed: string) =>
      (await claimbench('generate', ...files, '-n', '40', '--temperature', '1', '--seed', seed)).out;
    expect(await draw('1')).toBe(await draw('1'));
    expect(await draw('1')).not.toBe(await draw('2'));
  });
});

describe('claimbench', () => {
  it('explains itself, and ends well when asked to', async () => {
    for (const words of [['--help'], ['eval', '--help'], ['reproduce', '--help'], ['--version']]) {
      expect(await claimbench(...words)).toMatchObject({ code: 0, notes: '' });
    }
  });

  it('suggests the command that was meant', async () => {
    expect(await claimbench('evel')).toMatchObject({ code: 2, notes: expect.stringContaining('Did you mean eval?') });
  });
});
