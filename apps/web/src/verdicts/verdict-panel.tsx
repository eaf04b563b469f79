'use client';
import type { Claim, PartResult, VerdictRecord } from '@claimbench/contracts';
import {
  Cell,
  ForestPlot,
  HeadCell,
  interval,
  Notice,
  Row,
  Table,
  Tag,
  Tooltip,
  VerdictGlyph,
  VerdictMark,
} from '@claimbench/ui';
import { forestRows, partEffect, scaleDistance } from '../claims/claim-numbers.ts';
import {
  detectableWords,
  EVIDENCE_WORDS,
  levelWords,
  reasonWords,
  scaleNotice,
  verdictPhrase,
} from '../wording/verdicts.ts';

/**
 * A verdict in the order in which it is to be read: word and reason, effect with interval, n and scale, what was detectable,
 * level of evidence. The paper's own value stands beside it on the page.
 */
export function VerdictPanel({
  record,
  claim,
}: {
  record: Pick<VerdictRecord, 'verdict' | 'evidenceLevel'>;
  claim: Pick<Claim, 'claimedValue' | 'unit' | 'subject' | 'condition'>;
}) {
  const { verdict, evidenceLevel } = record;
  const rows = forestRows(verdict.parts, verdict.grade, claim);
  const counted = verdict.parts.filter((part) => !rows.some((row) => row.id === part.id));
  const leading = verdict.parts.length === 1 ? verdict.parts[0] : undefined;
  const scale = scaleNotice(verdict);
  const distance = scaleDistance(claim, verdict);
  // the words of an inconclusive verdict say it already
  const detectable =
    verdict.verdict === 'inconclusive'
      ? null
      : detectableWords(verdict.parts.filter((part) => rows.some((row) => row.id === part.id)));
  return (
    <div className="min-w-0 space-y-5">
      <div>
        <div className="flex items-start gap-3">
          <VerdictGlyph verdict={verdict.verdict} size={20} className="mt-1" />
          <div className="min-w-0">
            <p className="text-xl font-semibold tracking-[-0.014em] text-ink first-letter:uppercase">
              {verdictPhrase(verdict, evidenceLevel)}
            </p>
            <p className="text-sm text-ink-soft">{reasonWords(verdict.reason)}</p>
          </div>
        </div>
        {leading ? (
          <p className="tabular mt-4 text-2xl font-medium tracking-[-0.02em] text-ink">
            {partEffect(leading)} <span className="text-base font-normal text-ink-soft">{leading.unit}</span>
          </p>
        ) : null}
        <p className="tabular mt-1 text-sm text-ink-soft">
          n = {verdict.n} {verdict.scope === 'recipe' ? 'seeds' : 'items of one checkpoint'}, {verdict.subjectLine}
        </p>
        <div className="mt-2 flex flex-wrap items-center gap-1.5">
          <Tooltip text={EVIDENCE_WORDS[evidenceLevel]}>
            <button type="button" className="inline-flex rounded-sm">
              <Tag>evidence: {evidenceLevel}</Tag>
            </button>
          </Tooltip>
          <Tag>{verdict.grade.replace('-', ' ')}</Tag>
          {verdict.labels.map((label) => (
            <Tag key={label}>{label}</Tag>
          ))}
        </div>
        {scale ? (
          <Notice className="mt-4">
            {scale} {distance}
          </Notice>
        ) : null}
      </div>

      {rows.length > 0 ? (
        <ForestPlot
          title={rows.length === 1 ? 'Effect' : `Effects, ${rows.length} parts`}
          rows={rows}
          levelText={`whisker: ${levelWords(verdict.parts[0]?.level ?? 0.95)}, paired by seed`}
        />
      ) : null}
      {counted.length > 0 ? <CountedParts parts={counted} /> : null}

      <div className="space-y-1 text-sm text-ink-soft">
        <p className="text-base text-ink">{verdict.words}</p>
        {detectable === null ? null : <p className="tabular">{detectable}</p>}
      </div>
    </div>
  );
}

/** Parts without an interval: counted or compared exactly. */
function CountedParts({ parts }: { parts: readonly PartResult[] }) {
  return (
    <Table label="Counted parts">
      <thead>
        <tr>
          <HeadCell>Part</HeadCell>
          <HeadCell numeric>Counted</HeadCell>
          <HeadCell numeric>n</HeadCell>
          <HeadCell>Verdict</HeadCell>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => (
          <Row key={part.id}>
            <Cell className="min-w-48">{part.statement}</Cell>
            <Cell numeric>
              {partEffect(part)} {part.unit}
            </Cell>
            <Cell numeric>{part.n}</Cell>
            <Cell>
              <VerdictMark verdict={part.verdict} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** All numbers of parts: effect, interval, margin, spread. */
export function PartTable({ parts, label }: { parts: readonly PartResult[]; label: string }) {
  return (
    <Table label={label}>
      <thead>
        <tr>
          <HeadCell>Part</HeadCell>
          <HeadCell>Verdict</HeadCell>
          <HeadCell numeric>Effect</HeadCell>
          <HeadCell numeric>Interval</HeadCell>
          <HeadCell numeric>Margin</HeadCell>
          <HeadCell>Unit</HeadCell>
          <HeadCell numeric>n</HeadCell>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => (
          <Row key={part.id}>
            <Cell className="min-w-48">{part.statement}</Cell>
            <Cell className="whitespace-nowrap">
              <VerdictMark verdict={part.verdict} />
            </Cell>
            <Cell numeric>{partEffect(part)}</Cell>
            <Cell numeric>{interval(part.interval, { signed: true })}</Cell>
            <Cell numeric>{part.margin === 0 ? '0' : part.margin.toPrecision(2)}</Cell>
            <Cell>{part.unit}</Cell>
            <Cell numeric>{part.n}</Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
