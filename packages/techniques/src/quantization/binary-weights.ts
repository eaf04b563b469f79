import { z } from 'zod';
import { defineTechnique } from '../technique.ts';
import { checkGroups, GroupSize } from '../weights/groups.ts';
import { PlanesLinear } from '../weights/planes-linear.ts';
import { quantizeEach } from '../weights/stored-linear.ts';

export const binaryWeights = defineTechnique({
  id: 'binary-weights',
  title: 'Binary weights',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'One bit a weight: its sign, times the mean magnitude of its group, which is the scale of least squared error (Rastegari et al. 2016, XNOR-Net’s weights). Found without data and ' +
    'computed on the packed signs. A trained model does not survive it; it is what methods of few bits are compared with.',
  equation: String.raw`\hat w = \alpha\,\mathrm{sign}(w),\qquad \alpha = \tfrac1g \lVert w \rVert_1`,
  papers: [177],
  parameters: z.strictObject({ groupSize: GroupSize }),
  grid: { groupSize: [16, 32, 64] },
  label: ({ groupSize }) => `groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('binary-weights', config, groupSize),
  changeWeights: (decoder, { groupSize }) =>
    quantizeEach(decoder, ({ outSize, inSize, values }) => {
      const entries = Int8Array.from(values, (w) => (w < 0 ? -1 : 1));
      const scales = meanMagnitudes(values, groupSize);
      const shape = { outSize, inSize, groupSize, entries: 'signs' } as const;
      return {
        linear: new PlanesLinear(decoder.backend, shape, [{ entries, scales }]),
        values: values.map((_, i) => entries[i]! * scales[Math.floor(i / groupSize)]!),
      };
    }),
});

function meanMagnitudes(values: Float32Array, groupSize: number): Float32Array {
  return Float32Array.from({ length: values.length / groupSize }, (_, group) => {
    const ofGroup = values.subarray(group * groupSize, (group + 1) * groupSize);
    return ofGroup.reduce((sum, w) => sum + Math.abs(w), 0) / groupSize;
  });
}
