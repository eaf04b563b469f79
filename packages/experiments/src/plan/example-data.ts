import { AppError, type EvaluationSpec, type SubjectSpec } from '@claimbench/contracts';
import { type ExampleShape, GENERATED_TEXTS } from '@claimbench/models';

/** The data sets whose documents are examples, and what a classifier of them reads and knows. */
const EXAMPLES = new Map<string, ExampleShape>(
  GENERATED_TEXTS.flatMap(({ name, examples }) => (examples ? [[name, examples] as const] : [])),
);

/**
 * Throws AppError where a classifier is to read what is no example of its classes, or to read a part of one, before anything runs. Says
 * nothing of other subjects, which read any text.
 */
export function checkExampleData({
  subject,
  evaluation,
}: {
  readonly subject: SubjectSpec;
  readonly evaluation: Pick<EvaluationSpec, 'windowTokens'> & { readonly data: { readonly name: string } };
}): void {
  if (subject.kind !== 'classifier') return;
  const { inputs, classes } = subject.architecture;
  for (const { name } of [subject.data, evaluation.data]) {
    const shape = EXAMPLES.get(name);
    if (shape?.size === inputs && shape.classes === classes) continue;
    const found = shape ? `has examples of ${shape.size} signs in ${shape.classes} classes` : 'has no examples';
    throw new AppError(
      'invalid-request',
      `${subject.name} reads ${inputs} signs and knows ${classes} classes; ${name} ${found}. Data with examples: ${[...EXAMPLES.keys()].join(', ')}`,
      { errors: [{ path: 'data', message: `${name} ${found}` }] },
    );
  }
  if (evaluation.windowTokens === null) return;
  throw new AppError('invalid-request', `${subject.name} reads an example as a whole: windowTokens must be null`, {
    errors: [{ path: 'windowTokens', message: 'must be null for a classifier' }],
  });
}
