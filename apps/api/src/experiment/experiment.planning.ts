import {
  AppError,
  type ComparisonRequest,
  type ExperimentPlan,
  type PlannedRun,
  type Protocol,
  type ProtocolRequest,
  type RegisteredProtocol,
  type Verdict,
} from '@claimbench/contracts';
import { type Corpus, corpus } from '@claimbench/corpus';
import {
  type Advance,
  type AdvanceInput,
  advanceProtocol,
  armLabels,
  planComparison,
  planSummary,
  previewProtocol,
  registerProtocol,
  rejudgeProtocol,
} from '@claimbench/experiments';
import { checkCorpus } from '@claimbench/experiments/node';
import { Injectable } from '@nestjs/common';
import { CatalogueService } from '../catalogue/catalogue.service.ts';

/** Arm key that plans give to bases. */
export const BASE_ARM = 'base';

/** What experiments are made of and what comes next: pure answers of packages/experiments over the corpus and the resources. */
@Injectable()
export class ExperimentPlanning {
  constructor(private readonly catalogue: CatalogueService) {}

  async comparison(request: ComparisonRequest): Promise<{ runs: PlannedRun[]; labels: Record<string, string> }> {
    if (request.claim !== null && !corpus.claimById(request.claim))
      throw new AppError('invalid-request', `There is no claim ${request.claim}.`, {
        errors: [{ path: 'claim', message: 'expected a claim of the corpus' }],
      });
    const runs = await planComparison(request, await this.catalogue.resources());
    return { runs, labels: { ...armLabels(request), [BASE_ARM]: 'Base' } };
  }

  summary(
    runs: readonly PlannedRun[],
    options: { labels: Record<string, string>; reused: ReadonlySet<string>; slots: number },
  ): ExperimentPlan {
    return planSummary(runs, options);
  }

  protocol(id: string): Protocol {
    const protocol = corpus.protocolById(id);
    if (!protocol) throw new AppError('unknown-protocol', `There is no protocol ${id}.`);
    return protocol;
  }

  async preview(request: ProtocolRequest, slots: number): Promise<ExperimentPlan> {
    return previewProtocol(this.protocol(request.protocolId), await this.catalogue.resources(), { slots });
  }

  async register(request: ProtocolRequest): Promise<{ registered: RegisteredProtocol; protocolHash: string }> {
    const options = request.backend ? { backend: request.backend } : {};
    return registerProtocol(this.protocol(request.protocolId), await this.catalogue.resources(), options);
  }

  /** The next stage of a registered protocol or its verdict; the same answer for the same finished runs. */
  advance(input: AdvanceInput): Promise<Advance> {
    return advanceProtocol(input);
  }

  /** What today's rules say of an ended protocol, from its stored outcomes alone. */
  rejudge(input: AdvanceInput): Promise<Verdict> {
    return rejudgeProtocol(input);
  }

  /**
   * Throws for protocols that could not run. CorpusError names every technique, parameter, subject and data set that is not there,
   * by file and field; AppError the first protocol whose technique does not fit its subject.
   */
  async checkProtocols(checked: Pick<Corpus, 'protocols' | 'claimById'> = corpus): Promise<void> {
    checkCorpus(checked, await this.catalogue.resources());
  }
}
