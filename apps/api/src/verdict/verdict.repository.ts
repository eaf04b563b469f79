import { AppError, EvidenceLevel, VerdictRecord, VerdictWord } from '@claimbench/contracts';
import { Injectable } from '@nestjs/common';
import { Prisma } from '../prisma/generated/client.ts';
import { PrismaService } from '../prisma/prisma.service.ts';

/** From the weakest to the strongest (docs/method.md, "Evidence"). */
const LEVELS = EvidenceLevel.options;

/** A claim's headline is its latest verdict of the highest evidence level that it has. */
const HEADLINE_ORDER = Prisma.sql`claim, array_position(${[...LEVELS]}::text[], evidence_level) desc, at desc, id desc`;

interface VerdictRow {
  id: string;
  at: Date;
  cause: string;
  evidence_level: string;
  experiment_id: string;
  verdict: unknown;
}

/** Reads verdicts; they are appended where an experiment ends, and never changed. */
@Injectable()
export class VerdictRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Claim to the word of its headline, for every claim that has a verdict. */
  async words(): Promise<Map<string, VerdictWord>> {
    const rows = await this.prisma.$queryRaw<{ claim: string; word: string }[]>`
      select distinct on (claim) claim, word from verdict order by ${HEADLINE_ORDER}`;
    return new Map(rows.map((row) => [row.claim, VerdictWord.parse(row.word)]));
  }

  async headlines(claims: readonly string[]): Promise<Map<string, VerdictRecord>> {
    if (claims.length === 0) return new Map();
    const rows = await this.prisma.$queryRaw<(VerdictRow & { claim: string })[]>`
      select distinct on (claim) claim, id, at, cause, evidence_level, experiment_id, verdict
        from verdict where claim = any(${[...claims]}::text[]) order by ${HEADLINE_ORDER}`;
    return new Map(rows.map((row) => [row.claim, toRecord(row)]));
  }

  async byId(id: string): Promise<VerdictRecord> {
    const [row] = await this.prisma.$queryRaw<VerdictRow[]>`
      select id, at, cause, evidence_level, experiment_id, verdict from verdict where id = ${id}::uuid`;
    if (!row) throw new AppError('not-found', `There is no verdict ${id}.`);
    return toRecord(row);
  }

  /** All verdicts of a claim, the latest first. */
  async history(claim: string): Promise<VerdictRecord[]> {
    const rows = await this.prisma.$queryRaw<VerdictRow[]>`
      select id, at, cause, evidence_level, experiment_id, verdict
        from verdict where claim = ${claim} order by at desc, id desc`;
    return rows.map(toRecord);
  }
}

function toRecord(row: VerdictRow): VerdictRecord {
  return VerdictRecord.parse({
    id: row.id,
    at: row.at.toISOString(),
    cause: row.cause,
    evidenceLevel: row.evidence_level,
    experimentId: row.experiment_id,
    verdict: row.verdict,
  } satisfies Record<keyof VerdictRecord, unknown>);
}
