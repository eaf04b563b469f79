import { bitLinearCheck } from './bit-linear.ts';
import { angularDistanceCheck } from './depth.ts';
import { batchNormCheck } from './batch-norm.ts';
import { principalAxesCheck } from './slicegpt.ts';
import { smoothQuantCheck } from './smoothquant.ts';
import { lacoCheck } from './laco.ts';
import { layerSkipCheck, selfSpeculationCheck } from './layer-skip.ts';
import { llmDropCheck } from './llm-drop.ts';
import { awqCheck, hqqCheck, normalFloatCheck } from './quantizers.ts';
import { preRmsNormCheck } from './pre-rmsnorm.ts';
import { gptqCheck, higgsCheck, laserCheck, qepCheck, sparseGptCheck } from './second-moments.ts';
import { wandaCheck } from './wanda.ts';
import type { GoldenCheck, GoldenFinding } from './finding.ts';
import { goldenCases } from './values.ts';

/** Golden files that our techniques are checked against, by their slug. */
const CHECKS: Readonly<Record<string, GoldenCheck>> = {
  'angular-distance': angularDistanceCheck,
  awq: awqCheck,
  batchnorm: batchNormCheck,
  'bitlinear-bottom-up': bitLinearCheck,
  gptq: gptqCheck,
  higgs: higgsCheck,
  hqq: hqqCheck,
  laco: lacoCheck,
  laser: laserCheck,
  'layerskip-training': layerSkipCheck,
  'llm-drop': llmDropCheck,
  'nf4-fp4': normalFloatCheck,
  'pca-rotation': principalAxesCheck,
  'pre-rmsnorm': preRmsNormCheck,
  qep: qepCheck,
  'self-speculative-verify': selfSpeculationCheck,
  smoothquant: smoothQuantCheck,
  sparsegpt: sparseGptCheck,
  wanda: wandaCheck,
};

export const CHECKED_SLUGS: readonly string[] = Object.keys(CHECKS);

/**
 * Checks one golden file of techniques: the outputs of its cases that our techniques have. null where no technique here belongs to its slug. Throws TypeError
 * where the file is not what it should be.
 */
export async function checkTechniqueGolden(
  manifest: unknown,
  tensors: Uint8Array | undefined,
): Promise<readonly GoldenFinding[] | null> {
  const { slug, cases } = goldenCases(manifest, tensors);
  const check = CHECKS[slug];
  if (!check) return null;
  const findings: GoldenFinding[] = [];
  for (const one of cases) findings.push(...(await check(one)));
  return findings;
}
