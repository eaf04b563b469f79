import { AppError, type Paper, type PaperSummary, type VerdictWord } from '@claimbench/contracts';
import { corpus, searchCorpus } from '@claimbench/corpus';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { pageOf, readCursor } from '../page/cursor.ts';
import { VerdictRepository } from '../verdict/verdict.repository.ts';
import type { PaperPage, PaperQuery } from './paper.schemas.ts';

@Injectable()
export class PaperService {
  constructor(private readonly verdicts: VerdictRepository) {}

  async list({ family, q, cursor, limit }: PaperQuery): Promise<PaperPage> {
    const words = await this.verdicts.words();
    const ordered = q ? search(q) : corpus.papers;
    const found = ordered.filter((paper) => family === undefined || paper.family === family);
    const after = readCursor(cursor, z.number());
    const start = after === null ? 0 : 1 + found.findIndex((paper) => paper.number === after);
    return pageOf(
      found.slice(start, start + limit + 1),
      limit,
      found.length,
      (paper) => summary(paper, words),
      (paper) => paper.number,
    );
  }

  get(number: number): Paper {
    const paper = corpus.paperByNumber(number);
    if (!paper) throw new AppError('not-found', `There is no paper ${number}.`);
    return paper;
  }
}

/** Papers that answer the query, by themselves or by a claim, best first. */
function search(q: string): Paper[] {
  return [...new Set(searchCorpus(q, { limit: Number.POSITIVE_INFINITY }).map((hit) => hit.paper))];
}

function summary(paper: Paper, words: ReadonlyMap<string, VerdictWord>): PaperSummary {
  const { claims, technique: _technique, scaledDownTest: _test, ...rest } = paper;
  return {
    ...rest,
    claimCount: claims.length,
    verdictCount: claims.filter((claim) => words.has(claim.id)).length,
  };
}
