import { type FloatArray, type Operands, type ReferenceKernels, store, storeAll } from '../../reference/operands.ts';

/** Where one query stands: its row in q and y, the first element of its key head in k and v, the keys it sees. */
interface Query {
  readonly batch: number;
  readonly head: number;
  readonly time: number;
  /** Offset of q[batch, time, head, 0]. */
  readonly row: number;
  /** Offset of k[batch, 0, keyHead, 0]; key j follows at j keyStride. */
  readonly keys: number;
  readonly keyStride: number;
  /** Visible keys: first <= j < end. */
  readonly first: number;
  readonly end: number;
}

export const attentionReference: ReferenceKernels = {
  'attention.forward': (operands) => {
    const q = operands.floats('q');
    const k = operands.floats('k');
    const v = operands.floats('v');
    const y = operands.floats('y');
    const logSumExps = operands.floatsIfAny('logSumExp');
    const heads = operands.scalar('heads');
    const queryTime = operands.scalar('queryTime');
    const dim = operands.scalar('dim');
    const scoring = scoringOf(operands);
    forEachQuery(operands, (query) => {
      const scores = new Float64Array(query.end);
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = query.first; j < query.end; j++) {
        scores[j] = scoreOf(scoring, query, q, k, j).score;
        largest = Math.max(largest, scores[j]!);
      }
      let sum = 0;
      for (let j = query.first; j < query.end; j++) sum += Math.exp(scores[j]! - largest);
      const logSumExp = largest + Math.log(sum);
      for (let d = 0; d < dim; d++) {
        let value = 0;
        for (let j = query.first; j < query.end; j++) {
          value += Math.exp(scores[j]! - logSumExp) * v[query.keys + j * query.keyStride + d]!;
        }
        y[query.row + d] = value;
      }
      if (logSumExps !== undefined) logSumExps[(query.batch * heads + query.head) * queryTime + query.time] = logSumExp;
    });
  },

  'attention.backward': (operands) => {
    const dy = operands.floats('dy');
    const q = operands.floats('q');
    const k = operands.floats('k');
    const v = operands.floats('v');
    const y = operands.floats('y');
    const logSumExps = operands.floats('logSumExp');
    const heads = operands.scalar('heads');
    const queryTime = operands.scalar('queryTime');
    const dim = operands.scalar('dim');
    const scoring = scoringOf(operands);
    const accumulateQ = operands.flag('accumulateQ');
    const keySize = operands.scalar('batch') * operands.scalar('keyTime') * operands.scalar('keyHeads') * dim;
    const dq = operands.floatsIfAny('dq');
    const dk = new Float64Array(keySize);
    const dv = new Float64Array(keySize);
    const dqRow = new Float64Array(dim);
    forEachQuery(operands, (query) => {
      const logSumExp = logSumExps[(query.batch * heads + query.head) * queryTime + query.time]!;
      dqRow.fill(0);
      const dyDotY = dot(dy, query.row, y, query.row, dim);
      for (let j = query.first; j < query.end; j++) {
        const key = query.keys + j * query.keyStride;
        const { score, slope } = scoreOf(scoring, query, q, k, j);
        const probability = Math.exp(score - logSumExp);
        const dscore = probability * (dot(dy, query.row, v, key, dim) - dyDotY) * slope * scoring.scale;
        for (let d = 0; d < dim; d++) {
          dqRow[d]! += dscore * k[key + d]!;
          dk[key + d]! += dscore * q[query.row + d]!;
          dv[key + d]! += probability * dy[query.row + d]!;
        }
      }
      if (dq === undefined) return;
      for (let d = 0; d < dim; d++) store(dq, query.row + d, dqRow[d]!, accumulateQ);
    });
    storeAll(operands.floatsIfAny('dk'), dk, operands.flag('accumulateK'));
    storeAll(operands.floatsIfAny('dv'), dv, operands.flag('accumulateV'));
  },
};

/** How a score comes from q . k. */
interface Scoring {
  readonly dim: number;
  readonly scale: number;
  readonly softcap: number;
  readonly slopes: FloatArray | undefined;
}

function scoringOf(operands: Operands): Scoring {
  return {
    dim: operands.scalar('dim'),
    scale: operands.scalar('scale'),
    softcap: operands.scalar('softcap'),
    slopes: operands.floatsIfAny('slopes'),
  };
}

/** The score of key j and its derivative with respect to scale q . k. */
function scoreOf(
  { dim, scale, softcap, slopes }: Scoring,
  query: Query,
  q: FloatArray,
  k: FloatArray,
  j: number,
): { score: number; slope: number } {
  const scaled = scale * dot(q, query.row, k, query.keys + j * query.keyStride, dim);
  const capped = softcap === 0 ? scaled : softcap * Math.tanh(scaled / softcap);
  return {
    score: capped + (slopes === undefined ? 0 : slopes[query.head]! * j),
    slope: softcap === 0 ? 1 : 1 - (capped / softcap) ** 2,
  };
}

function forEachQuery(operands: Operands, visit: (query: Query) => void): void {
  const batches = operands.scalar('batch');
  const queryTime = operands.scalar('queryTime');
  const keyTime = operands.scalar('keyTime');
  const keyCapacity = operands.scalar('keyCapacity');
  const heads = operands.scalar('heads');
  const keyHeads = operands.scalar('keyHeads');
  const dim = operands.scalar('dim');
  const causal = operands.flag('causal');
  const window = operands.scalar('window');
  for (let batch = 0; batch < batches; batch++) {
    for (let head = 0; head < heads; head++) {
      const keyHead = Math.floor((head * keyHeads) / heads);
      for (let time = 0; time < queryTime; time++) {
        const position = time + keyTime - queryTime;
        visit({
          batch,
          head,
          time,
          row: ((batch * queryTime + time) * heads + head) * dim,
          keys: (batch * keyCapacity * keyHeads + keyHead) * dim,
          keyStride: keyHeads * dim,
          first: window === 0 ? 0 : Math.max(0, position - window + 1),
          end: causal ? position + 1 : keyTime,
        });
      }
    }
  }
}

function dot(a: FloatArray, atA: number, b: FloatArray, atB: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += a[atA + i]! * b[atB + i]!;
  return sum;
}
