import { defineTechnique } from '../technique.ts';
import { checkGroups } from '../weights/groups.ts';
import { PlanesLinear } from '../weights/planes-linear.ts';
import { quantizeEach } from '../weights/stored-linear.ts';
import { PtqtpParameters, planesOf } from './ptqtp.ts';

export const ptqtpPlanes = defineTechnique({
  id: 'ptqtp-planes',
  title: 'PTQTP, computed on its planes',
  family: 'quantization',
  seam: 'checkpoint',
  summary:
    'The two trit-planes of PTQTP, found as there, in layers that compute on the packed planes and not on the values that they stand for: inputs of a group ' +
    'are added and subtracted as the trits say, and each group and plane is multiplied by its scale once. Sums are taken in another order than in a product with the ' +
    'values, so that results differ by rounding. Trits are packed five to a byte in rows that are filled up to eighty, which the size counts.',
  equation: String.raw`y_o = \sum_{g} \sum_{k=1}^{2} \alpha_{k,o,g} \sum_{i \in g} T_{k,o,i}\, x_i`,
  papers: [177],
  parameters: PtqtpParameters,
  grid: { groupSize: [16, 32, 64] },
  label: ({ groupSize }) => `groups of ${groupSize}`,
  checkConfig: (config, { groupSize }) => checkGroups('ptqtp-planes', config, groupSize),
  changeWeights: (decoder, parameters) =>
    quantizeEach(decoder, ({ outSize, inSize, values }) => {
      const { planes, scales, values: approximated } = planesOf(values, parameters);
      const shape = { outSize, inSize, groupSize: parameters.groupSize, entries: 'trits' } as const;
      const linear = new PlanesLinear(decoder.backend, shape, [
        { entries: planes[0], scales: scales[0] },
        { entries: planes[1], scales: scales[1] },
      ]);
      return { linear, values: approximated };
    }),
});
