import { ensure } from '../../errors.ts';

/** How the frequencies of a longer context come from those that a model was trained with. */
export type RotaryScaling =
  /** Position interpolation (Chen et al. 2023): every frequency over `factor`. */
  | { readonly kind: 'linear'; readonly factor: number }
  /** NTK-aware: theta times factor^(r / (r - 2)), so that the lowest frequency falls by `factor` and the highest stays. */
  | { readonly kind: 'ntk'; readonly factor: number }
  /**
   * Llama 3.1: wavelengths above originalContext / lowFrequencyFactor are stretched by `factor`, those below
   * originalContext / highFrequencyFactor stay, and the frequencies between are mixed linearly in 1 / wavelength.
   */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      /** Positions that the model was first trained with. */
      readonly originalContext: number;
    };

/** The rotaryDim/2 angular frequencies (radians a position) theta^(-2i / rotaryDim), scaled where asked: `frequencies` of `rotary`. */
export function rotaryFrequencies(rotaryDim: number, theta: number, scaling?: RotaryScaling): number[] {
  ensure(
    Number.isInteger(rotaryDim) && rotaryDim >= 0 && rotaryDim % 2 === 0,
    'invalid-argument',
    () => `rotaryFrequencies: rotaryDim is an even integer, found ${rotaryDim}`,
  );
  ensure(theta > 0, 'invalid-argument', () => `rotaryFrequencies: theta is positive, found ${theta}`);
  ensure(
    scaling === undefined || scaling.factor > 0,
    'invalid-argument',
    () => `rotaryFrequencies: factor is positive, found ${scaling?.factor}`,
  );
  const base =
    scaling?.kind === 'ntk' && rotaryDim > 2 ? theta * scaling.factor ** (rotaryDim / (rotaryDim - 2)) : theta;
  const frequencies = Array.from({ length: rotaryDim / 2 }, (_, i) => base ** ((-2 * i) / rotaryDim));
  if (scaling === undefined || scaling.kind === 'ntk') return frequencies;
  if (scaling.kind === 'linear') return frequencies.map((frequency) => frequency / scaling.factor);
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling;
  ensure(
    low > 0 && high > low && originalContext > 0,
    'invalid-argument',
    () =>
      `rotaryFrequencies: 0 < lowFrequencyFactor < highFrequencyFactor, found ${low} and ${high} of ${originalContext}`,
  );
  return frequencies.map((frequency) => {
    const turns = (originalContext * frequency) / (2 * Math.PI);
    const kept = Math.min(Math.max((turns - low) / (high - low), 0), 1);
    return (1 - kept) * (frequency / factor) + kept * frequency;
  });
}
