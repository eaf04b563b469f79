// The decoder of the speed comparisons, built on the public API as any model is: GPT-2's form (learned positions, pre-norm, GELU), untied head.
import {
  adamW,
  add,
  attention,
  createAdamWState,
  crossEntropy,
  dynamicTanh,
  embedding,
  gelu,
  keep,
  layerNorm,
  linear,
  RandomStream,
  randomNormal,
  rmsNorm,
  scope,
  Tensor,
  valueAndGrad,
} from '../packages/kernels/dist/index.js';

/** The sizes that are compared, by their number of parameters. */
export const decoderSizes = {
  '0.14M': {
    layers: 2,
    hiddenSize: 64,
    feedForwardSize: 256,
    heads: 4,
    contextLength: 64,
    vocabularySize: 256,
    batchSize: 16,
  },
  '0.94M': {
    layers: 4,
    hiddenSize: 128,
    feedForwardSize: 512,
    heads: 4,
    contextLength: 128,
    vocabularySize: 512,
    batchSize: 8,
  },
  '3.45M': {
    layers: 4,
    hiddenSize: 256,
    feedForwardSize: 1024,
    heads: 4,
    contextLength: 128,
    vocabularySize: 512,
    batchSize: 16,
  },
};

export function buildDecoder(backend, spec) {
  const { layers, hiddenSize, feedForwardSize, heads, contextLength, vocabularySize, batchSize, norm } = spec;
  const stream = new RandomStream(1, 0);
  const parameters = [];
  const parameter = (shape, fill) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const data = fill === undefined ? randomNormal(stream, size, 0, 0.02) : new Float32Array(size).fill(fill);
    const tensor = keep(Tensor.from(backend, data, shape));
    parameters.push(tensor);
    return tensor;
  };
  const makeNorm = () => {
    if (norm === 'rmsNorm') {
      const gain = parameter([hiddenSize], 1);
      return (x) => rmsNorm(x, gain);
    }
    if (norm === 'dynamicTanh') {
      const [alpha, gain, bias] = [parameter([1], 0.5), parameter([hiddenSize], 1), parameter([hiddenSize], 0)];
      return (x) => dynamicTanh(x, alpha, gain, bias);
    }
    const [gain, bias] = [parameter([hiddenSize], 1), parameter([hiddenSize], 0)];
    return (x) => layerNorm(x, gain, bias);
  };
  const makeLinear = (input, output) => ({ weight: parameter([output, input]), bias: parameter([output], 0) });

  const tokens = parameter([vocabularySize, hiddenSize]);
  const positions = parameter([contextLength, hiddenSize]);
  const blocks = Array.from({ length: layers }, () => ({
    norm1: makeNorm(),
    q: makeLinear(hiddenSize, hiddenSize),
    k: makeLinear(hiddenSize, hiddenSize),
    v: makeLinear(hiddenSize, hiddenSize),
    out: makeLinear(hiddenSize, hiddenSize),
    norm2: makeNorm(),
    up: makeLinear(hiddenSize, feedForwardSize),
    down: makeLinear(feedForwardSize, hiddenSize),
  }));
  const finalNorm = makeNorm();
  const head = parameter([vocabularySize, hiddenSize]);

  const split = [batchSize, contextLength, heads, hiddenSize / heads];
  const whole = [batchSize, contextLength, hiddenSize];
  const loss = (ids, targets) => {
    let x = add(embedding(ids, tokens), positions);
    for (const { norm1, q, k, v, out, norm2, up, down } of blocks) {
      const h = norm1(x);
      const project = ({ weight, bias }) => linear(h, weight, bias).reshape(split);
      const mixed = attention(project(q), project(k), project(v), { causal: true }).reshape(whole);
      x = linear(mixed, out.weight, out.bias, x);
      x = linear(gelu(linear(norm2(x), up.weight, up.bias), 'erf'), down.weight, down.bias, x);
    }
    const logits = linear(finalNorm(x), head).reshape([-1, vocabularySize]);
    return crossEntropy(logits, targets);
  };

  const state = createAdamWState(parameters);
  const size = batchSize * contextLength;
  const batches = Array.from({ length: 4 }, () => ({
    ids: keep(Tensor.from(backend, tokensOf(stream, size, vocabularySize), [batchSize, contextLength])),
    targets: keep(Tensor.from(backend, tokensOf(stream, size, vocabularySize), [size])),
  }));
  let count = 0;
  return {
    parameterCount: parameters.reduce((sum, { size: own }) => sum + own, 0),
    parameters,
    /** One step: loss, gradients, AdamW. Gives the loss. */
    async step() {
      const { ids, targets } = batches[count++ % batches.length];
      const value = scope(() => {
        const { value, gradients } = valueAndGrad(parameters, () => loss(ids, targets));
        adamW(parameters, gradients, state, { learningRate: 3e-4, weightDecay: 0.01 });
        return value;
      });
      const [nats] = await value.readFloats();
      value.dispose();
      return nats;
    },
    dispose() {
      const all = [
        ...parameters,
        ...state.firstMoments,
        ...state.secondMoments,
        ...batches.flatMap((batch) => Object.values(batch)),
      ];
      for (const tensor of all) tensor.dispose();
    },
  };
}

function tokensOf(stream, count, vocabularySize) {
  return Int32Array.from({ length: count }, () => stream.nextBelow(vocabularySize));
}
