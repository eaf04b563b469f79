import { z } from 'zod';
import { doesNotFit } from '../technique-error.ts';

export const LAYER_CHOICES = ['deep', 'last', 'first', 'middle', 'even', 'random', 'listed'] as const;

/** Which layers a technique acts on: shared by everything that leaves layers out. */
export const layerSelection = {
  select: z
    .enum(LAYER_CHOICES)
    .default('deep')
    .meta({
      title: 'Which',
      description:
        'deep: the deepest but the last; last: the deepest; first: the earliest; middle: a block in the middle; even: spread evenly, first ' +
        'and last kept; random: drawn from the seed; listed: the layers named',
    }),
  count: z
    .number()
    .int()
    .min(0)
    .max(64)
    .nullable()
    .default(null)
    .meta({ title: 'Number', description: 'Number of layers; empty: by the share' }),
  share: z.number().min(0).max(1).default(0.25).meta({ title: 'Share', description: 'Share of all layers, rounded' }),
  layers: z
    .array(z.number().int().min(0).max(63))
    .max(64)
    .default([])
    .meta({ title: 'Layers', description: 'For "listed": layers, counted from 0' }),
};

export interface LayerSelection {
  readonly select: (typeof LAYER_CHOICES)[number];
  readonly count: number | null;
  readonly share: number;
  readonly layers: readonly number[];
}

/** Refuses a list without "listed", or "listed" with a layer twice: for the schemas of techniques that take a selection. */
export function checkSelection(
  selection: LayerSelection,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
): void {
  const refuse = (message: string) => context.addIssue({ code: 'custom', path: ['layers'], message });
  if (selection.select !== 'listed' && selection.layers.length > 0)
    refuse('layers are named only with select "listed"');
  if (new Set(selection.layers).size < selection.layers.length) refuse('a layer is named twice');
}

/**
 * The chosen layers of `total`, ascending. `draw` gives uniform numbers in [0, 1) for "random", one a layer; it is not called otherwise.
 * Throws `technique-does-not-fit` where there are too few layers.
 */
export function selectLayers(
  technique: string,
  selection: LayerSelection,
  total: number,
  draw: (count: number) => Float64Array | Float32Array,
): number[] {
  const { select, layers } = selection;
  if (select === 'listed') {
    const missing = layers.find((layer) => layer >= total);
    if (missing !== undefined) {
      throw doesNotFit(technique, `it names layer ${missing}; the model has layers 0 to ${total - 1}`);
    }
    return layers.toSorted((a, b) => a - b);
  }
  const count = selection.count ?? Math.round(selection.share * total);
  const candidates = select === 'even' ? total - 2 : select === 'deep' ? total - 1 : total;
  if (count > candidates) {
    throw doesNotFit(
      technique,
      `it takes ${count} layers ("${select}"); a model of ${total} layers has ${Math.max(candidates, 0)} to choose from`,
    );
  }
  switch (select) {
    case 'first':
      return run(0, count);
    case 'last':
      return run(total - count, count);
    case 'deep':
      return run(total - 1 - count, count);
    case 'middle':
      return run(Math.floor((total - count) / 2), count);
    case 'even':
      // the middles of `count` equal stretches of the inner layers 1 .. total - 2
      return Array.from({ length: count }, (_, i) => 1 + Math.floor(((i + 0.5) * candidates) / count));
    case 'random': {
      const drawn = draw(total);
      const order = run(0, total).sort((a, b) => drawn[a]! - drawn[b]! || a - b);
      return order.slice(0, count).sort((a, b) => a - b);
    }
  }
}

/** "2 deep", "25 % even", "layers 1, 3". */
export function selectionLabel({ select, count, share, layers }: LayerSelection): string {
  if (select === 'listed') return layers.length === 0 ? 'none' : `layers ${layers.join(', ')}`;
  return `${count ?? `${Number((100 * share).toFixed(1))} %`} ${select}`;
}

function run(start: number, length: number): number[] {
  return Array.from({ length }, (_, i) => start + i);
}
