export { type PrunedGroup, prunedGroups } from './pruning/pruned-groups.ts';
export {
  checkFit,
  checkPerceptronFit,
  parameterProblems,
  resolveTechnique,
  techniqueDescriptors,
  techniqueIds,
} from './registry.ts';
export type {
  CheckpointContext,
  Drafting,
  Json,
  ResolvedTechnique,
  TechniqueContext,
  TechniqueDescription,
  TrainingChange,
  TrainingContext,
} from './technique.ts';
export { type ParameterProblem, TechniqueError, type TechniqueErrorCode } from './technique-error.ts';
export type { WeightCosts } from './weights/costs.ts';
