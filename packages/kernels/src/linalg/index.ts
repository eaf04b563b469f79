export { cholesky, inversePositiveDefinite, solveTriangular } from './cholesky.ts';
export { eigh, type SymmetricEigen } from './eigh.ts';
export { hadamardTransform } from './hadamard.ts';
export { identity, type Matrix, matrix, product, transposed } from './matrix.ts';
export { qr } from './qr.ts';
export { type SingularValues, svd } from './svd.ts';
