import { add, concat, RandomStream, scale, slice, sub, type Tensor } from '@claimbench/kernels';
import type { Decoder } from '../decoder/decoder.ts';
import { fullPlan, runsInOrder } from '../decoder/layer-plan.ts';
import { ModelError } from '../model-error.ts';
import { namedStream, RANDOM_STREAMS } from '../random-streams.ts';

/** Layers that are left out at random while a decoder is trained. */
export interface LayerDropout {
  /** Chance, from 0 up to and without 1, that `layer` is left out in `step`, counted from 1. */
  rate(layer: number, step: number): number;
  /** Whether each text of a batch is drawn for by itself, or the whole batch at once. */
  readonly unit: 'text' | 'batch';
  /** What a layer adds is divided by the chance that it runs, so that its mean is what it adds without dropout. */
  readonly rescaled: boolean;
}

/**
 * Dropout at work on a decoder: `step` says which step the next pass belongs to; passes of one step are parts of its batch. Disposed, every
 * layer runs again.
 */
export interface LayerDropoutAtWork extends Disposable {
  step: number;
}

/**
 * Leaves layers out of every pass of a decoder in which it is `training`: the stream of a text whose draw lies below the rate passes
 * the layer unchanged. Draws come from the counter, Philox at the place (step, layer, text) of a stream of the seed's own, so that neither
 * other draws nor a step that is computed again move them. Throws `invalid-layer-plan` where the decoder does not run each layer
 * once, one after the other.
 */
export function dropLayersInTraining(decoder: Decoder, seed: number, dropout: LayerDropout): LayerDropoutAtWork {
  const { layers } = decoder.config;
  const inOrder = fullPlan(layers);
  const { plan } = decoder;
  if (!runsInOrder(plan, layers)) {
    const found = `the plan has ${plan.length} steps for ${layers} layers`;
    throw new ModelError(
      'invalid-layer-plan',
      `layers are dropped from a model that runs each once, in order; ${found}`,
    );
  }
  const stream = new RandomStream(seed, namedStream(RANDOM_STREAMS.technique, 'layer-dropout'));
  let current = 0;
  /** Texts of the step that each layer has seen. */
  const seen = new Uint32Array(layers);
  const removals = inOrder.map((_, layer) =>
    decoder.hooks.around(`layers.${layer}`, (input, run) => {
      const rate = decoder.training ? dropout.rate(layer, current) : 0;
      if (rate <= 0) return run(input);
      const texts = input.shape[0]!;
      // At most 1,024 layers and as many texts in a batch: every draw has a place of its own.
      stream.position = (current * 1024 + layer) * 1024 + (dropout.unit === 'batch' ? 0 : seen[layer]!);
      seen[layer]! += texts;
      const once = dropout.unit === 'batch' ? stream.nextUniform() : undefined;
      const kept = Array.from({ length: texts }, (_, text) => text).filter(
        () => (once ?? stream.nextUniform()) >= rate,
      );
      const factor = dropout.rescaled ? 1 / (1 - rate) : 1;
      return onSomeTexts(input, kept, (x) => rescaled(x, run(x), factor));
    }),
  );
  return {
    get step() {
      return current;
    },
    set step(step) {
      if (step !== current) seen.fill(0);
      current = step;
    },
    [Symbol.dispose]: () => {
      for (const remove of removals) remove();
    },
  };
}

/** `x + factor * (y - x)`. */
function rescaled(x: Tensor, y: Tensor, factor: number): Tensor {
  return factor === 1 ? y : add(x, scale(sub(y, x), factor));
}

/** `run` on the rows named, ascending, of `[batch, …]`; the others stay as they are and are not computed. */
function onSomeTexts(input: Tensor, rows: readonly number[], run: (x: Tensor) => Tensor): Tensor {
  const texts = input.shape[0]!;
  if (rows.length === 0) return input;
  if (rows.length === texts) return run(input);
  const row = (x: Tensor, at: number) => slice(x, 0, at, 1);
  const changed = run(
    concat(
      rows.map((at) => row(input, at)),
      0,
    ),
  );
  return concat(
    Array.from({ length: texts }, (_, at) => (rows.includes(at) ? row(changed, rows.indexOf(at)) : row(input, at))),
    0,
  );
}
