import { z } from 'zod';
import { ModelError } from '../model-error.ts';
import type { DecoderConfig } from './config.ts';
import { layerShape, streamEnds } from './layer-shape.ts';

const Step = z.strictObject({
  layer: z.number().int().min(0).max(1023),
  part: z.enum(['layer', 'attention', 'mlp']),
});

/** One step through the model: a whole layer, or one of its two sub-layers. */
export type LayerStep = Readonly<z.infer<typeof Step>>;

/**
 * Branches that all start from the same stream `x`. `sum`: `x + sum_i (f_i(x) - x)`, which is what the layers do when each adds to
 * the stream without seeing the others; `mean`: the average of the branches' results.
 */
export interface ParallelSteps {
  readonly parallel: readonly LayerPlan[];
  readonly combine: 'sum' | 'mean';
}

/**
 * The order in which a decoder runs its layers: any of them left out, repeated, moved or run side by side, without touching the model.
 * A plan belongs to a forward pass, not to the weights: setting it costs nothing and can be undone.
 */
export type LayerPlan = readonly (LayerStep | ParallelSteps)[];

export const LayerPlan: z.ZodType<LayerPlan> = z.lazy(() =>
  z.array(z.union([Step, z.strictObject({ parallel: z.array(LayerPlan).min(1), combine: z.enum(['sum', 'mean']) })])),
);

export function isParallel(item: LayerStep | ParallelSteps): item is ParallelSteps {
  return 'parallel' in item;
}

export function fullPlan(layers: number): LayerPlan {
  return Array.from({ length: layers }, (_, layer) => ({ layer, part: 'layer' }));
}

/** Whether a plan runs each of `layers` layers once, whole, one after the other. */
export function runsInOrder(plan: LayerPlan, layers: number): boolean {
  return (
    plan.length === layers && plan.every((item, at) => !isParallel(item) && item.layer === at && item.part === 'layer')
  );
}

/** Leaves out whole layers, or only their attention or MLP, inside parallel branches too. Layers that the plan does not run make no difference. */
export function dropFromPlan(plan: LayerPlan, layers: readonly number[], part: LayerStep['part']): LayerPlan {
  const dropped = new Set(layers);
  return plan.flatMap((step): LayerPlan => {
    if (isParallel(step)) {
      const branches = step.parallel.map((branch) => dropFromPlan(branch, layers, part));
      return [{ ...step, parallel: branches }];
    }
    if (!dropped.has(step.layer)) return [step];
    if (part === 'layer' || step.part === part) return [];
    if (step.part === 'layer') return [{ layer: step.layer, part: part === 'attention' ? 'mlp' : 'attention' }];
    return [step];
  });
}

/** Runs the steps from `from` up to and without `to` `times` times in a row (looped layers). */
export function repeatInPlan(plan: LayerPlan, from: number, to: number, times: number): LayerPlan {
  const looped = plan.slice(from, to);
  return [...plan.slice(0, from), ...Array.from({ length: times }, () => looped).flat(), ...plan.slice(to)];
}

/** Runs the steps from `from` up to and without `to` side by side, each a branch of its own. */
export function parallelInPlan(
  plan: LayerPlan,
  from: number,
  to: number,
  combine: ParallelSteps['combine'],
): LayerPlan {
  const branches = plan.slice(from, to).map((step) => [step]);
  if (branches.length === 0) return plan;
  return [...plan.slice(0, from), { parallel: branches, combine }, ...plan.slice(to)];
}

/** The steps of a plan in the order in which they run, branches one after the other. */
export function stepsOf(plan: LayerPlan): readonly LayerStep[] {
  return plan.flatMap((item) => (isParallel(item) ? item.parallel.flatMap((branch) => stepsOf(branch)) : [item]));
}

/** Sub-layer evaluations of one pass: a layer counts two. What layer skipping saves. */
export function subLayerEvaluations(plan: LayerPlan): number {
  return stepsOf(plan).reduce((sum, step) => sum + (step.part === 'layer' ? 2 : 1), 0);
}

/**
 * Throws `invalid-layer-plan` when a step names a layer that is not there, or takes the stream at another width than it has. An
 * empty plan is allowed (embedding to logits).
 */
export function checkLayerPlan(plan: LayerPlan, config: DecoderConfig): void {
  const { first, last } = streamEnds(config);
  const width = widthBehind(plan, first, config);
  if (width !== last) {
    throw new ModelError('invalid-layer-plan', `the plan leaves the stream ${width} wide, the logits read ${last}`);
  }
}

function widthBehind(plan: LayerPlan, before: number, config: DecoderConfig): number {
  const { layers } = config;
  let width = before;
  plan.forEach((item, index) => {
    if (isParallel(item)) {
      for (const branch of item.parallel) {
        const behind = widthBehind(branch, width, config);
        if (behind === width) continue;
        throw new ModelError(
          'invalid-layer-plan',
          `step ${index} of the layer plan: a parallel branch turns a stream of ${width} into ${behind}`,
        );
      }
      return;
    }
    const { layer, part } = item;
    if (!Number.isInteger(layer) || layer < 0 || layer >= layers) {
      throw new ModelError(
        'invalid-layer-plan',
        `step ${index} of the layer plan names layer ${layer}; there are layers 0 to ${layers - 1}`,
      );
    }
    const { input, middle, output } = layerShape(config, layer).stream;
    const taken = part === 'mlp' ? middle : input;
    if (taken !== width) {
      throw new ModelError(
        'invalid-layer-plan',
        `step ${index} of the layer plan: layer ${layer} takes a stream of ${taken} features, it is ${width} wide there`,
      );
    }
    width = part === 'attention' ? middle : output;
  });
  return width;
}
