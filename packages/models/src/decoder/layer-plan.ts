import { ModelError } from '../model-error.ts';

/** One step through the model: a whole layer, or one of its two sub-layers. */
export interface LayerStep {
  readonly layer: number;
  readonly part: 'layer' | 'attention' | 'mlp';
}

/**
 * The order in which a decoder runs its layers: any of them left out, repeated or moved, without touching the model.
 * A plan belongs to a forward pass, not to the weights: setting it costs nothing and can be undone.
 */
export type LayerPlan = readonly LayerStep[];

export function fullPlan(layers: number): LayerPlan {
  return Array.from({ length: layers }, (_, layer) => ({ layer, part: 'layer' }));
}

/** Leaves out whole layers, or only their attention or MLP. Layers that the plan does not run make no difference. */
export function dropFromPlan(plan: LayerPlan, layers: readonly number[], part: LayerStep['part']): LayerPlan {
  const dropped = new Set(layers);
  return plan.flatMap((step): readonly LayerStep[] => {
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

/** Sub-layer evaluations of one pass: a layer counts two. What layer skipping saves. */
export function subLayerEvaluations(plan: LayerPlan): number {
  return plan.reduce((sum, step) => sum + (step.part === 'layer' ? 2 : 1), 0);
}

/** Throws `invalid-layer-plan` when a step names a layer that is not there. An empty plan is allowed (embedding to logits). */
export function checkLayerPlan(plan: LayerPlan, layers: number): void {
  plan.forEach(({ layer }, index) => {
    if (!Number.isInteger(layer) || layer < 0 || layer >= layers) {
      throw new ModelError(
        'invalid-layer-plan',
        `step ${index} of the layer plan names layer ${layer}; there are layers 0 to ${layers - 1}`,
      );
    }
  });
}
