import { type DecoderConfig, NORM_PLACES, type NormSpec, replaceNorms } from '@claimbench/models';
import { z } from 'zod';
import { doesNotFit } from '../technique-error.ts';

export const NormEpsilon = z
  .number()
  .positive()
  .max(1)
  .default(1e-5)
  .meta({ title: 'Epsilon', description: 'Added to the variance before the root' });

/** The config with `norm` at every place that has a norm. Throws `technique-does-not-fit` where none has. */
export function replaceEveryNorm(technique: string, config: DecoderConfig, norm: NormSpec): DecoderConfig {
  const places = [config.norms, ...config.normOverrides.map(({ norms }) => norms)];
  const present = places.some((norms) =>
    NORM_PLACES.some(
      (place) => place in norms && Object.entries(norms).some(([key, spec]) => key === place && spec.kind !== 'none'),
    ),
  );
  if (!present) throw doesNotFit(technique, 'it replaces the norms of a model, and this model has none');
  return replaceNorms(config, () => norm);
}
