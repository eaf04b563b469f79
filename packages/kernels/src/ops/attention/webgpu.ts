import type { Slot } from '../../webgpu/buffers.ts';
import type { WebGpuKernels } from '../../webgpu/kernel.ts';
import { math } from '../../webgpu/math.ts';
import type { Command } from '../command.ts';

// An invocation owns one query (or, for dk and dv, one key) with its row in registers: nothing of size time² is stored, and every sum
// runs in the order of the keys (or queries).
export const attentionWebGpu: WebGpuKernels = {
  'attention.forward': (command, recording) => {
    const { dim, queries, parameters, functions } = scoring(command);
    const logSumExp = command.bufferIfAny('logSumExp');
    recording.run({
      count: queries,
      reads: inputs(command),
      writes: { y: command.buffer('y'), logSumExp },
      ...parameters,
      functions,
      body: `let query = query_of(i);
  var row: array<f32, ${dim}>;
  var largest = -p.infinity;
  var total = 0.0;
  for (var j = query.first; j < query.end; j++) {
    let key = query.keys + j * p.keyStride;
    let score = score_of(query.row, key, query.head, j).value;
    if (score > largest) {
      let shrink = exponential(largest - score);
      total *= shrink;
      for (var d = 0u; d < ${dim}u; d++) { row[d] *= shrink; }
      largest = score;
    }
    let weight = exponential(score - largest);
    total += weight;
    for (var d = 0u; d < ${dim}u; d++) { row[d] = fma(weight, v[key + d], row[d]); }
  }
  for (var d = 0u; d < ${dim}u; d++) { y[query.row + d] = row[d] / total; }
  ${logSumExp === undefined ? '' : 'logSumExp[i] = largest + logarithm(total);'}`,
    });
  },

  'attention.backward': (command, recording) => {
    const { dim, queries, keys, parameters, functions } = scoring(command);
    const [dq, dk, dv] = ['dq', 'dk', 'dv'].map((name) => command.bufferIfAny(name));
    const dy = command.buffer('dy');
    const store = (name: string) => (command.flag(name) ? '+=' : '=');
    // log-sum-exp and dy . y of each query side by side: a device binds as few as eight buffers
    const stats = recording.scratch(2 * queries);
    recording.run({
      count: queries,
      reads: { dy, y: command.buffer('y'), logSumExp: command.buffer('logSumExp') },
      writes: { stats },
      ...parameters,
      functions: queryOf,
      body: `let row = query_of(i).row;
  var product = 0.0;
  for (var d = 0u; d < ${dim}u; d++) { product = fma(dy[row + d], y[row + d], product); }
  stats[2u * i] = logSumExp[i];
  stats[2u * i + 1u] = product;`,
    });
    const pair = `${functions}
struct Pair { probability: f32, dscore: f32 }
fn pair_of(query: u32, row: u32, key: u32, head: u32, j: u32) -> Pair {
  let score = score_of(row, key, head, j);
  let probability = exponential(score.value - stats[2u * query]);
  var product = 0.0;
  for (var d = 0u; d < ${dim}u; d++) { product = fma(dy[row + d], v[key + d], product); }
  return Pair(probability, probability * (product - stats[2u * query + 1u]) * score.slope * p.scale);
}
`;
    if (dq !== undefined) {
      recording.run({
        count: queries,
        reads: { dy, ...inputs(command), stats },
        writes: { dq },
        ...parameters,
        functions: pair,
        body: `let query = query_of(i);
  var row: array<f32, ${dim}>;
  for (var j = query.first; j < query.end; j++) {
    let key = query.keys + j * p.keyStride;
    let dscore = pair_of(i, query.row, key, query.head, j).dscore;
    for (var d = 0u; d < ${dim}u; d++) { row[d] = fma(dscore, k[key + d], row[d]); }
  }
  for (var d = 0u; d < ${dim}u; d++) { dq[query.row + d] ${store('accumulateQ')} row[d]; }`,
      });
    }
    if (dk === undefined && dv === undefined) return;
    const ofKey = (text: string) => (dk === undefined ? '' : text);
    const ofValue = (text: string) => (dv === undefined ? '' : text);
    recording.run({
      count: keys,
      reads: { dy, ...inputs(command), stats },
      writes: { dk, dv },
      ...parameters,
      functions: pair,
      body: `let key = i * ${dim}u; // keys are numbered as they are stored: batch, time, key head
  let keyHead = i % p.keyHeads;
  let j = (i / p.keyHeads) % p.keyTime;
  let batch = i / (p.keyHeads * p.keyTime);
  var keyRow: array<f32, ${dim}>;
  var valueRow: array<f32, ${dim}>;
  let share = p.heads / p.keyHeads;
  for (var head = keyHead * share; head < (keyHead + 1u) * share; head++) {
    for (var time = 0u; time < p.queryTime; time++) {
      let number = (batch * p.heads + head) * p.queryTime + time;
      let query = query_of(number);
      if (j < query.first || j >= query.end) { continue; }
      let found = pair_of(number, query.row, key, head, j);
      for (var d = 0u; d < ${dim}u; d++) {
        ${ofKey('keyRow[d] = fma(found.dscore, q[query.row + d], keyRow[d]);')}
        ${ofValue('valueRow[d] = fma(found.probability, dy[query.row + d], valueRow[d]);')}
      }
    }
  }
  for (var d = 0u; d < ${dim}u; d++) {
    ${ofKey(`dk[key + d] ${store('accumulateK')} keyRow[d];`)}
    ${ofValue(`dv[key + d] ${store('accumulateV')} valueRow[d];`)}
  }`,
    });
  },
};

function inputs(command: Command<Slot>) {
  return {
    q: command.buffer('q'),
    k: command.buffer('k'),
    v: command.buffer('v'),
    slopes: command.bufferIfAny('slopes'),
  };
}

/** Queries are numbered batch, head, time: as log-sum-exp is stored. */
const queryOf = `
struct Query { row: u32, keys: u32, head: u32, first: u32, end: u32 }
fn query_of(number: u32) -> Query {
  let time = number % p.queryTime;
  let head = (number / p.queryTime) % p.heads;
  let batch = number / (p.queryTime * p.heads);
  let keyHead = (head * p.keyHeads) / p.heads;
  // the position counts up to keyTime - 1; one below 0 happens without causal only, where it does not matter
  let position = time + p.keyTime - p.queryTime;
  return Query(
    ((batch * p.queryTime + time) * p.heads + head) * p.dim,
    (batch * p.keyCapacity * p.keyHeads + keyHead) * p.dim,
    head,
    select(0u, position + 1u - p.window, p.window > 0u && position + 1u > p.window),
    select(p.keyTime, position + 1u, p.causal == 1u),
  );
}
`;

function scoring(command: Command<Slot>) {
  const names = ['queryTime', 'keyTime', 'keyCapacity', 'heads', 'keyHeads', 'dim', 'causal', 'window'];
  const u32 = Object.fromEntries(names.map((name) => [name, command.scalar(name)]));
  const [scale, softcap, dim] = [command.scalar('scale'), command.scalar('softcap'), command.scalar('dim')];
  const slopes = command.bufferIfAny('slopes');
  const functions = `${math}${queryOf}
// the score of key j, and its derivative with respect to scale q . k
struct Score { value: f32, slope: f32 }
fn score_of(row: u32, key: u32, head: u32, j: u32) -> Score {
  var product = 0.0;
  for (var d = 0u; d < ${dim}u; d++) { product = fma(q[row + d], k[key + d], product); }
  var score = Score(p.scale * product, 1.0);
  ${softcap === 0 ? '' : 'let capped = hyperbolic_tangent(score.value / p.softcap); score = Score(p.softcap * capped, 1.0 - capped * capped);'}
  ${slopes === undefined ? '' : 'score.value += slopes[head] * f32(j);'}
  return score;
}
`;
  return {
    dim,
    queries: command.scalar('batch') * command.scalar('heads') * command.scalar('queryTime'),
    keys: command.scalar('batch') * command.scalar('keyTime') * command.scalar('keyHeads'),
    parameters: { u32: { ...u32, keyStride: command.scalar('keyHeads') * dim }, f32: { scale, softcap } },
    functions,
  };
}
