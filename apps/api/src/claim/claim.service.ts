import {
  AppError,
  type Claim,
  type ClaimSummary,
  type ClaimView,
  type Paper,
  type VerdictRecord,
  type VerdictWord,
} from '@claimbench/contracts';
import { claimStatus, corpus, searchCorpus } from '@claimbench/corpus';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ExperimentRepository } from '../experiment/experiment.repository.ts';
import { pageOf, readCursor } from '../page/cursor.ts';
import { VerdictRepository } from '../verdict/verdict.repository.ts';
import type { ClaimPage, ClaimQuery } from './claim.schemas.ts';

interface Entry {
  paper: Paper;
  claim: Claim;
}

/** Experiments of a claim that its page shows; the list of experiments has them all. */
const SHOWN_EXPERIMENTS = 50;

/** The corpus in the order of its papers, each claim once. */
const ENTRIES: readonly Entry[] = corpus.papers.flatMap((paper) => paper.claims.map((claim) => ({ paper, claim })));

@Injectable()
export class ClaimService {
  constructor(
    private readonly verdicts: VerdictRepository,
    private readonly experiments: ExperimentRepository,
  ) {}

  async list({ family, status, verdict, testable, q, cursor, limit }: ClaimQuery): Promise<ClaimPage> {
    const words = await this.verdicts.words();
    const order = q ? search(q) : ENTRIES;
    const found = order.filter(
      ({ paper, claim }) =>
        (family === undefined || paper.family === family) &&
        (testable === undefined || claim.testability?.at === testable) &&
        (verdict === undefined || words.get(claim.id) === verdict) &&
        (status === undefined || statusOf(paper, claim, words).status === status),
    );
    const after = readCursor(cursor, z.string());
    // The order is fixed by the corpus (or the search), so going on after a claim neither skips nor repeats one. A claim that a
    // filter dropped meanwhile is still found in the unfiltered order.
    const start = after === null ? 0 : 1 + order.findIndex((entry) => entry.claim.id === after);
    const rest = new Set(order.slice(start));
    const shown = found.filter((entry) => rest.has(entry)).slice(0, limit + 1);
    const headlines = await this.verdicts.headlines(shown.map((entry) => entry.claim.id));
    return pageOf(
      shown,
      limit,
      found.length,
      ({ paper, claim }) => summary(paper, claim, words, headlines.get(claim.id) ?? null),
      ({ claim }) => claim.id,
    );
  }

  async get(id: string): Promise<ClaimView> {
    const found = corpus.claimById(id);
    if (!found) throw new AppError('not-found', `There is no claim ${id}.`);
    const { paper, claim } = found;
    const [words, headlines, history, experiments] = await Promise.all([
      this.verdicts.words(),
      this.verdicts.headlines([id]),
      this.verdicts.history(id),
      this.experiments.list({ claim: id, limit: SHOWN_EXPERIMENTS }),
    ]);
    const { claims: _claims, ...rest } = paper;
    return {
      claim: summary(paper, claim, words, headlines.get(id) ?? null),
      paper: rest,
      protocols: [...corpus.protocolsOf(id)],
      history,
      experiments: experiments.items,
    };
  }
}

/** Claims that answer the query, best first. */
function search(q: string): Entry[] {
  return searchCorpus(q, { limit: Number.POSITIVE_INFINITY }).flatMap(({ paper, claim }) =>
    claim === null ? [] : [{ paper, claim }],
  );
}

function statusOf(paper: Paper, claim: Claim, words: ReadonlyMap<string, VerdictWord>) {
  const protocols = corpus.protocolsOf(claim.id).length;
  return claimStatus(paper, claim, { protocols, hasVerdict: words.has(claim.id) });
}

function summary(
  paper: Paper,
  claim: Claim,
  words: ReadonlyMap<string, VerdictWord>,
  headline: VerdictRecord | null,
): ClaimSummary {
  const { status, reason } = statusOf(paper, claim, words);
  return {
    ...claim,
    status,
    statusReason: reason,
    paper: { number: paper.number, title: paper.title, slug: paper.slug, family: paper.family },
    protocolIds: corpus.protocolsOf(claim.id).map((protocol) => protocol.id),
    headline,
  };
}
