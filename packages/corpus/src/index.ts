export { bibtex } from './bibtex.ts';
export { CORE_FAMILIES, isCoreFamily } from './check-paper.ts';
export { checkVocabulary, type Vocabulary } from './check-vocabulary.ts';
export { type Citation, citationCff } from './citation.ts';
export { claimStatus } from './claim-status.ts';
export { type Corpus, checkFiles, compareClaims, corpus, openCorpus } from './corpus.ts';
export { CorpusError, type CorpusFile, type CorpusIssue, describeIssue } from './corpus-file.ts';
export { type SearchHit, searchCorpus } from './search.ts';
