import type { Protocol, TechniqueParameters } from '@claimbench/contracts';
import type { z } from 'zod';
import { protocolPath } from './check-protocol.ts';
import type { Corpus } from './corpus.ts';
import type { CorpusIssue } from './corpus-file.ts';

/** What the corpus cannot know by itself: which techniques, subjects and data sets there are. The caller has them. */
export interface Vocabulary {
  /** Id to a check of its parameters, which returns what is wrong: nothing when all is well. */
  readonly techniques: ReadonlyMap<
    string,
    (parameters: z.infer<typeof TechniqueParameters>) => readonly { path: string; message: string }[]
  >;
  readonly subjects: Readonly<Record<Protocol['subject']['kind'], ReadonlySet<string>>>;
  readonly dataSets: ReadonlySet<string>;
  /** Those whose documents ask and answer. */
  readonly tasks: ReadonlySet<string>;
}

/** Protocols that name a technique, parameter, subject or data set that does not exist. Start-up refuses a corpus with any. */
export function checkVocabulary(
  corpus: Pick<Corpus, 'protocols' | 'claimById'>,
  vocabulary: Vocabulary,
): CorpusIssue[] {
  return corpus.protocols.flatMap((protocol) => {
    const paper = corpus.claimById(protocol.claim)?.paper;
    const file = paper ? protocolPath(paper, protocol.id) : protocol.id;
    return problemsOf(protocol, vocabulary).map((problem) => ({ file, ...problem }));
  });
}

function problemsOf(protocol: Protocol, vocabulary: Vocabulary): { field: string; message: string }[] {
  const problems: { field: string; message: string }[] = [];
  const known = (field: string, what: string, name: string, names: Iterable<string>) => {
    const list = [...names];
    if (!list.includes(name)) problems.push({ field, message: `unknown ${what} ${name}; known: ${list.join(', ')}` });
  };
  for (const field of ['subject', 'secondSubject'] as const) {
    const subject = protocol[field];
    if (!subject) continue;
    known(`${field}.name`, subject.kind, subject.name, vocabulary.subjects[subject.kind]);
  }
  known('evaluation.data', 'data set', protocol.evaluation.data, vocabulary.dataSets);
  if (protocol.evaluation.probes?.some(({ kind }) => kind === 'answers')) {
    known('evaluation.data', 'task', protocol.evaluation.data, vocabulary.tasks);
  }
  protocol.arms.forEach((arm, index) => {
    if (arm.subject) known(`arms.${index}.subject.name`, 'recipe', arm.subject.name, vocabulary.subjects.recipe);
    const check = vocabulary.techniques.get(arm.technique.id);
    if (!check) {
      known(`arms.${index}.technique.id`, 'technique', arm.technique.id, vocabulary.techniques.keys());
      return;
    }
    for (const { path, message } of check(arm.technique.parameters)) {
      problems.push({ field: [`arms.${index}.technique.parameters`, path].filter(Boolean).join('.'), message });
    }
  });
  return problems;
}
