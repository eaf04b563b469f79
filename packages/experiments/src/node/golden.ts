import { AppError } from '@claimbench/contracts';

export async function checkGoldenVerdicts(
  _path: string,
): Promise<{ checked: number; failures: { id: string; message: string }[] }> {
  throw new AppError('internal', 'checkGoldenVerdicts is not built yet');
}
