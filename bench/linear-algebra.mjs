// Times of our linear algebra beside NumPy's (LAPACK) on the same matrices, interleaved, one thread, and the residuals of ours.
//   pnpm --filter @claimbench/kernels build && node bench/linear-algebra.mjs [--python python3] [--sizes 128,256,512]
// Without NumPy only our times are printed.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { cholesky, eigh, matrix, product, qr, RandomStream, svd, transposed } from '../packages/kernels/dist/index.js';

const { values: options } = parseArgs({
  options: { python: { type: 'string', default: 'python3' }, sizes: { type: 'string', default: '128,256,512' } },
});

const peer = `
import json, sys, time
import numpy as np
n = int(sys.argv[1])
x = np.random.default_rng(1).standard_normal((n, n))
a = x @ x.T + np.eye(n)
out = {}
for name, act in {'cholesky': lambda: np.linalg.cholesky(a), 'qr': lambda: np.linalg.qr(x), 'eigh': lambda: np.linalg.eigh(a), 'svd': lambda: np.linalg.svd(x)}.items():
    act()
    times = []
    for _ in range(3):
        t = time.perf_counter(); act(); times.append(time.perf_counter() - t)
    out[name] = sorted(times)[1]
print(json.dumps(out))
`;

function numpy(n) {
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
  const { status, stdout } = spawnSync(options.python, ['-c', peer, String(n)], { env, encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : null;
}

function median(act) {
  let result = act();
  const times = [];
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    result = act();
    times.push((performance.now() - started) / 1000);
  }
  return { seconds: times.sort((a, b) => a - b)[1], result };
}

/** max |A - B| / max |A| */
function residual(a, b) {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < a.values.length; i++) {
    worst = Math.max(worst, Math.abs(a.values[i] - b.values[i]));
    largest = Math.max(largest, Math.abs(a.values[i]));
  }
  return worst / largest;
}

const scaled = (m, s) => ({ ...m, values: m.values.map((value, i) => value * s[i % m.columns]) });

console.log(`${cpus()[0].model}, Node ${process.versions.node}, one thread`);
console.log('op        size   ours s   NumPy s   ratio   residual');
for (const n of options.sizes.split(',').map(Number)) {
  const stream = new RandomStream(1, 1);
  const x = matrix(
    n,
    n,
    Float64Array.from({ length: n * n }, () => stream.nextNormal()),
  );
  const a = product(x, transposed(x));
  for (let i = 0; i < n; i++) a.values[i * (n + 1)] += 1;
  const theirs = numpy(n);
  const ours = {
    cholesky: [() => cholesky(a), (l) => residual(a, product(l, transposed(l)))],
    qr: [() => qr(x), ({ q, r }) => residual(x, product(q, r))],
    eigh: [() => eigh(a), ({ values, vectors }) => residual(a, product(scaled(vectors, values), transposed(vectors)))],
    svd: [() => svd(x), ({ u, s, v }) => residual(x, product(scaled(u, s), transposed(v)))],
  };
  for (const [name, [act, check]] of Object.entries(ours)) {
    const { seconds, result } = median(act);
    const other = theirs?.[name];
    console.log(
      `${name.padEnd(8)}  ${String(n).padStart(4)}  ${seconds.toFixed(3).padStart(7)}  ${(other?.toFixed(3) ?? '–').padStart(8)}  ${(other ? (other / seconds).toFixed(2) : '–').padStart(6)}   ${check(result).toExponential(1)}`,
    );
  }
}
