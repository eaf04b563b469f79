import {
  AppError,
  isEncoderSubject,
  NO_TECHNIQUE,
  type ProbeSpec,
  type RunSpec,
  type SubjectKind,
} from '@claimbench/contracts';
import { GENERATED_TEXTS } from '@claimbench/models';
import { resolveTechnique, trainsItsSubject } from './technique.ts';

/** Names of the data sets whose documents ask and answer. */
export const TASKS: readonly string[] = GENERATED_TEXTS.filter(({ isTask }) => isTask).map(({ name }) => name);

/** Probes that compare with the trained model that a technique starts from. */
const COMPARED: Partial<Record<ProbeSpec['kind'], string>> = {
  agreement: 'agreement is with',
  'state-errors': 'errors of states are against',
};

/** What decides whether a run can be probed. */
export interface Probed {
  readonly subject: SubjectKind;
  readonly technique: RunSpec['technique'];
  readonly evaluation: Pick<RunSpec['evaluation'], 'probes'> & { readonly data: { readonly name: string } };
}

/** Throws AppError where a run cannot measure what its evaluation asks for beside the loss, before anything runs. */
export function checkProbes({ subject, technique, evaluation }: Probed): void {
  const { data, probes = [] } = evaluation;
  const unprobed = subject.kind === 'classifier' ? 'a classifier' : isEncoderSubject(subject) ? 'an encoder' : null;
  if (unprobed !== null && probes.length > 0) {
    throw new AppError('invalid-request', `probes look into decoders: ${unprobed} has its loss and its accuracy`, {
      errors: [{ path: 'probes', message: `leave them out for ${unprobed}` }],
    });
  }
  for (const { kind } of probes) {
    if (kind === 'answers' && !TASKS.includes(data.name)) {
      throw new AppError(
        'invalid-request',
        `answers are measured on tasks (${TASKS.join(', ')}); ${data.name} has none`,
        { errors: [{ path: 'probes', message: `${data.name} has no answers` }] },
      );
    }
    const compared = COMPARED[kind];
    if (compared === undefined || subject.kind === 'checkpoint' || technique.id === NO_TECHNIQUE.id) continue;
    const resolved = resolveTechnique(technique);
    if (!trainsItsSubject(resolved)) continue;
    throw new AppError(
      'technique-does-not-fit',
      `${compared} the trained model that a technique starts from; ${resolved.title} trains its own`,
      { errors: [{ path: 'probes', message: `${resolved.title} starts from no trained model` }] },
    );
  }
}
