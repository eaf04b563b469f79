import { Flip, RuleChange, type Verdict, VerdictRecord } from '@claimbench/contracts';
import { RULE_VERSION } from '@claimbench/experiments';
import { Injectable } from '@nestjs/common';
import { EventLog } from '../event/event.log.ts';
import { PrismaService } from '../prisma/prisma.service.ts';
import { timeOrderedId } from '../prisma/time-ordered-id.ts';
import { ExperimentPlanning } from './experiment.planning.ts';
import { ExperimentRepository } from './experiment.repository.ts';

interface Judged {
  experimentId: string;
  verdict: Verdict;
}

/**
 * A change of the rules judges again what was measured under older ones: from the stored outcomes, without a new run. Its verdicts
 * are appended beside the old ones, with the cause `rule-change`; those whose word differs are the flips.
 */
@Injectable()
export class ExperimentReevaluation {
  constructor(
    private readonly prisma: PrismaService,
    private readonly experiments: ExperimentRepository,
    private readonly planning: ExperimentPlanning,
    private readonly events: EventLog,
  ) {}

  /** `dryRun` tells what would flip and writes nothing. Asking twice is harmless: the second time nothing is old. */
  async reevaluate({ dryRun }: { dryRun: boolean }): Promise<RuleChange> {
    const flips: Flip[] = [];
    const outdated = await this.#outdated();
    let judged = 0;
    for (const before of outdated) {
      const verdict = await this.#rejudge(before.experimentId);
      if (!dryRun && !(await this.#append(before.experimentId, verdict))) continue;
      judged++;
      if (verdict.verdict !== before.verdict.verdict) flips.push(flipOf(before.experimentId, before.verdict, verdict));
    }
    return { ruleVersion: RULE_VERSION, judged, dryRun, flips };
  }

  /** Every change of a word that a change of the rules brought, the latest first. */
  async flips(): Promise<Flip[]> {
    const rows = await this.prisma.$queryRaw<{ experiment_id: string; verdict: unknown; before: unknown }[]>`
      select experiment_id, verdict, before
        from (select experiment_id, cause, at, id, word, verdict,
                     lag(word) over history as word_before, lag(verdict) over history as before
                from verdict window history as (partition by experiment_id order by at, id)) as steps
       where cause = 'rule-change' and word <> word_before
       order by at desc, id desc`;
    const parse = (verdict: unknown) => VerdictRecord.shape.verdict.parse(verdict);
    return rows.map((row) => flipOf(row.experiment_id, parse(row.before), parse(row.verdict)));
  }

  /** Experiments whose latest verdict was reached by older rules. */
  async #outdated(): Promise<Judged[]> {
    const rows = await this.prisma.$queryRaw<{ experiment_id: string; verdict: unknown }[]>`
      select experiment_id, verdict
        from (select distinct on (experiment_id) experiment_id, rule_version, verdict
                from verdict order by experiment_id, at desc, id desc) as latest
       where rule_version < ${RULE_VERSION}
       order by experiment_id`;
    return rows.map((row) => ({
      experimentId: row.experiment_id,
      verdict: VerdictRecord.shape.verdict.parse(row.verdict),
    }));
  }

  async #rejudge(experimentId: string): Promise<Verdict> {
    const { registration } = await this.experiments.load(experimentId);
    if (!registration) throw new Error(`experiment ${experimentId} has a verdict and no registration`);
    const { registered, protocolHash, reveal } = registration;
    const { finished } = await this.experiments.finished(experimentId, { items: true });
    const earlier = await this.experiments.earlierBlocks(experimentId, protocolHash);
    return this.planning.rejudge({ registered, protocolHash, secret: reveal.secret, finished, earlier });
  }

  /** False when somebody else has appended it meanwhile: the experiment's row is the lock. */
  #append(experimentId: string, verdict: Verdict): Promise<boolean> {
    return this.events.write(async (tx, emit) => {
      await tx.$queryRaw`select 1 from experiment where id = ${experimentId}::uuid for update`;
      const latest = await tx.verdict.findFirst({ where: { experimentId }, orderBy: [{ at: 'desc' }, { id: 'desc' }] });
      if (!latest || latest.ruleVersion >= RULE_VERSION) return false;
      await this.experiments.appendVerdict(tx, timeOrderedId(), experimentId, verdict, 'rule-change');
      emit({ type: 'verdict.reached', experimentId, claim: verdict.claim, verdict: verdict.verdict });
      return true;
    });
  }
}

function flipOf(experimentId: string, before: Verdict, after: Verdict): Flip {
  const side = ({ verdict, reason, ruleVersion }: Verdict) => ({ verdict, reason, ruleVersion });
  const { claim, protocolId } = after;
  return { claim, protocolId, experimentId, from: side(before), to: side(after) };
}
