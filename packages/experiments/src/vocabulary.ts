import type { SubjectOption } from '@claimbench/contracts';
import type { Vocabulary } from '@claimbench/corpus';
import { parameterProblems, techniqueIds } from '@claimbench/techniques';
import { TASKS } from './plan/probes.ts';
import type { Resources } from './resources.ts';

/** Every name that a protocol may use: what start-up checks the corpus against. */
export function vocabularyOf({ subjects, dataSets }: Resources): Vocabulary {
  const named = (kind: SubjectOption['kind']) =>
    new Set(subjects.filter((subject) => subject.kind === kind).map(({ name }) => name));
  return {
    techniques: new Map(techniqueIds().map((id) => [id, (parameters) => parameterProblems(id, parameters)])),
    subjects: { recipe: named('recipe'), classifier: named('classifier'), checkpoint: named('checkpoint') },
    dataSets: new Set(dataSets.map(({ name }) => name)),
    tasks: new Set(TASKS),
  };
}
