import { type Corpus, CorpusError, checkVocabulary } from '@claimbench/corpus';
import { checkProtocol } from '../protocol/register.ts';
import type { Resources } from '../resources.ts';
import { vocabularyOf } from '../vocabulary.ts';

/**
 * What start-up demands of a corpus before it accepts work: every protocol of it could be registered. Throws CorpusError, which names every
 * technique, parameter, subject and data set that is not there by file and field, or AppError for the first protocol whose technique
 * does not fit its subject.
 */
export function checkCorpus(checked: Pick<Corpus, 'protocols' | 'claimById'>, resources: Resources): void {
  const issues = checkVocabulary(checked, vocabularyOf(resources));
  if (issues.length > 0) throw new CorpusError(issues);
  for (const protocol of checked.protocols) checkProtocol(protocol);
}
