import { readFileSync } from 'node:fs';
import { createReferenceBackend, scope, Tensor, valueAndGrad } from '@claimbench/kernels';
import { createNativeBackend } from '@claimbench/kernels/node';
import { describe, expect, test } from 'vitest';
import { tokenStream } from '../data/token-stream.ts';
import { decoderConfig } from '../decoder/architectures.ts';
import { Decoder } from '../decoder/decoder.ts';
import { byteTokenizer } from '../tokenizers/byte-tokenizer.ts';
import { hiddenDistillationLoss, logitDistillationLoss, mixedLoss } from './distillation.ts';
import { addLora, isAdapter } from './lora.ts';
import { tokenLoss } from './optimise.ts';
import { train } from './train.ts';

interface Case {
  readonly id: string;
  readonly params: { readonly temperature: number };
  readonly shape: number[];
  readonly student: number[];
  readonly teacher: number[];
  readonly y: number;
  readonly cot: number;
  readonly grads: { readonly student: number[] };
}
const golden = JSON.parse(readFileSync(new URL('../../golden/training/quantizers.json', import.meta.url), 'utf8')) as {
  readonly distillation: readonly Case[];
};

const tokenizer = byteTokenizer();
const stream = tokenStream(['A short text, learned by heart. '.repeat(20)], tokenizer);
const shape = (hiddenSize: number) =>
  decoderConfig(
    { style: 'llama', layers: 2, hiddenSize, heads: 2, feedForwardSize: 2 * hiddenSize, contextLength: 16 },
    tokenizer.vocabularySize,
  );
const recipe = { tokens: 120 * 64, batchSize: 4, learningRate: 0.01, warmup: 0.1, weightDecay: 0, gradientClip: 1 };

describe('distillation', () => {
  test.each(golden.distillation)('$id of logits is that of PyTorch, in value and gradient', async (run) => {
    const backend = createReferenceBackend();
    using student = Tensor.from(backend, Float32Array.from(run.student), run.shape);
    using teacher = Tensor.from(backend, Float32Array.from(run.teacher), run.shape);
    const { value, gradients } = valueAndGrad([student, teacher], () =>
      logitDistillationLoss(student, teacher, run.params.temperature),
    );
    const got = (await value.readFloats())[0]!;
    expect(Math.abs(got - run.y)).toBeLessThan(2e-5 * Math.max(1, Math.abs(run.y)));
    const gradient = await gradients[0]!.readFloats();
    run.grads.student.forEach((want, index) => {
      expect(Math.abs(gradient[index]! * run.cot - want)).toBeLessThan(2e-5);
    });
    // the teacher is held
    expect((await gradients[1]!.readFloats()).every((slope) => slope === 0)).toBe(true);
  });

  test('brings a student to a teacher that says other things than the text does', async () => {
    const backend = createNativeBackend({ threads: 1 });
    {
      const initialisation = { standardDeviation: 0.3, scaledResidual: false };
      using teacher = Decoder.initialise(backend, { ...shape(16), initialisation }, 1);
      using probe = Tensor.from(backend, stream.tokens.slice(0, 16), [1, 16]);
      const distanceAfter = async (share: number) => {
        using student = Decoder.initialise(backend, shape(16), 2);
        const loss = (model: Decoder, ids: Tensor, targets: Tensor) => {
          const logits = model.logits(ids);
          return mixedLoss(tokenLoss(logits, targets), logitDistillationLoss(logits, teacher.logits(ids), 2), share);
        };
        await train(student, stream, recipe, { seed: 2, pointEvery: 100, loss });
        using distance = scope(() => logitDistillationLoss(student.logits(probe), teacher.logits(probe), 1));
        return (await distance.readFloats())[0]!;
      };
      const [alone, half, taught] = [await distanceAfter(0), await distanceAfter(0.5), await distanceAfter(1)];
      expect(taught).toBeLessThan(alone / 2);
      expect(half).toBeLessThan(alone);
    }
    expect(backend.liveBuffers).toBe(0);
    backend.close();
  });

  test('of hidden states is the mean squared difference, and refuses other shapes', async () => {
    const backend = createReferenceBackend();
    using student = Tensor.from(backend, Float32Array.of(1, 2, 3, 4), [2, 2]);
    using teacher = Tensor.from(backend, Float32Array.of(1, 0, 3, 1), [2, 2]);
    const { value, gradients } = valueAndGrad([student, teacher], () => hiddenDistillationLoss(student, teacher));
    expect((await value.readFloats())[0]).toBeCloseTo(13 / 4, 6);
    expect(await gradients[0]!.readFloats()).toEqual(Float32Array.of(0, 1, 0, 1.5));
    expect(await gradients[1]!.readFloats()).toEqual(new Float32Array(4));
    using wider = Tensor.zeros(backend, [2, 3]);
    expect(() => hiddenDistillationLoss(student, wider)).toThrow('the student has [2, 2], the teacher [2, 3]');
    expect(() => logitDistillationLoss(student, wider, 1)).toThrow('the student has [2, 2], the teacher [2, 3]');
  });
});

describe('low-rank adapters', () => {
  const names = ['layers.0.self_attn.q_proj', 'layers.1.mlp.down_proj'];

  test('change nothing at first, then learn alone', async () => {
    const backend = createNativeBackend({ threads: 1 });
    {
      using decoder = Decoder.initialise(backend, shape(16), 1);
      using probe = Tensor.from(backend, stream.tokens.slice(0, 16), [1, 16]);
      const logits = async () => {
        using values = scope(() => decoder.logits(probe));
        return await values.readFloats();
      };
      const plain = await logits();
      await addLora(decoder, names, { rank: 2, alpha: 4 }, 5);
      expect(await logits()).toEqual(plain);
      const trained = [...decoder.trainable.keys()].filter(isAdapter);
      expect(trained.sort()).toEqual(names.flatMap((name) => [`${name}.down`, `${name}.up`]).sort());
      const before = await decoder.readParameters();
      const losses: number[] = [];
      await train(decoder, stream, recipe, {
        seed: 1,
        pointEvery: 1,
        trains: isAdapter,
        onPoint: ({ trainingLoss }) => losses.push(trainingLoss),
      });
      expect(await decoder.readParameters()).toEqual(before);
      expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.3);
    }
    expect(backend.liveBuffers).toBe(0);
    backend.close();
  });

  test('add alpha / rank times the product of their factors', async () => {
    const backend = createReferenceBackend();
    const run = async (alpha: number) => {
      using decoder = Decoder.initialise(backend, shape(16), 1);
      const name = names[0]!;
      await addLora(decoder, [name], { rank: 2, alpha }, 5);
      const linear = decoder.linear(name);
      const up = linear.trainable.get('up')!;
      up.write(Float32Array.from({ length: 32 }, (_, index) => (index % 5) - 2));
      const down = await linear.trainable.get('down')!.readFloats();
      using x = Tensor.from(
        backend,
        Float32Array.from({ length: 16 }, (_, index) => index / 8),
        [1, 16],
      );
      using y = scope(() => linear.forward(x, undefined));
      return { y: await y.readFloats(), down, up: await up.readFloats() };
    };
    const none = await run(0);
    const { y, down, up } = await run(6);
    for (let out = 0; out < 16; out++) {
      let want = none.y[out]!;
      for (const r of [0, 1]) {
        let inner = 0;
        for (let i = 0; i < 16; i++) inner += down[r * 16 + i]! * (i / 8);
        want += 3 * up[out * 2 + r]! * inner;
      }
      expect(y[out]).toBeCloseTo(want, 4);
    }
  });

  test('refuse ranks that the weight does not have', async () => {
    const backend = createReferenceBackend();
    using decoder = Decoder.initialise(backend, shape(16), 1);
    for (const rank of [0, 17, 1.5]) {
      await expect(addLora(decoder, names, { rank, alpha: 1 }, 1)).rejects.toMatchObject({ code: 'invalid-config' });
    }
  });
});

describe('freezing', () => {
  test('leaves what is frozen as it was, to the bit, and refuses to train nothing', async () => {
    const backend = createNativeBackend({ threads: 1 });
    {
      using decoder = Decoder.initialise(backend, shape(16), 1);
      const before = await decoder.readParameters();
      const trains = (name: string) =>
        name.startsWith('norms.') || name.includes('layernorm') || name.includes('norms');
      const free = [...decoder.trainable.keys()].filter(trains);
      expect(free.length).toBeGreaterThan(2);
      await train(decoder, stream, recipe, { seed: 1, pointEvery: 100, trains });
      for (const [name, { data }] of await decoder.readParameters()) {
        if (trains(name)) expect(data, name).not.toEqual(before.get(name)!.data);
        else expect(data, name).toEqual(before.get(name)!.data);
      }
      await expect(
        train(decoder, stream, recipe, { seed: 1, pointEvery: 100, trains: () => false }),
      ).rejects.toMatchObject({ code: 'invalid-config' });
    }
    expect(backend.liveBuffers).toBe(0);
    backend.close();
  });
});

test('a wider model is better on the same text in the same steps', async () => {
  const text = readFileSync(new URL('./optimise.ts', import.meta.url), 'utf8');
  const code = tokenStream([text], tokenizer);
  const lossOf = async (hiddenSize: number) => {
    const backend = createNativeBackend({ threads: 2 });
    try {
      using decoder = Decoder.initialise(backend, shape(hiddenSize), 4);
      const given = { ...recipe, tokens: 300 * 8 * 16, batchSize: 8, learningRate: 0.005 };
      return (await train(decoder, code, given, { seed: 4, pointEvery: 100 })).finalLoss;
    } finally {
      backend.close();
    }
  };
  const [narrow, middle, wide] = [await lossOf(8), await lossOf(24), await lossOf(64)];
  expect(middle).toBeLessThan(narrow - 0.1);
  expect(wide).toBeLessThan(middle - 0.1);
});

test('memory is flat over 1,000 steps of training', async () => {
  const backend = createNativeBackend({ threads: 1 });
  {
    using decoder = Decoder.initialise(backend, shape(16), 1);
    const held: number[] = [];
    const afterStep = () => void held.push(backend.liveBytes);
    await train(decoder, stream, { ...recipe, tokens: 1000 * 64 }, { seed: 1, pointEvery: 100, afterStep });
    expect(held).toHaveLength(1000);
    expect(new Set(held.slice(1)).size).toBe(1);
  }
  expect(backend.liveBuffers).toBe(0);
  backend.close();
});
