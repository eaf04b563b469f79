import type { VerdictRecord } from '@claimbench/contracts';
import { Cell, HeadCell, Row, Table, VerdictMark } from '@claimbench/ui';
import Link from 'next/link';
import { Ago } from '../wording/times.tsx';
import { reasonWords } from '../wording/verdicts.ts';
import { measuredEffect } from './claim-numbers.ts';

/** Every verdict that the claim ever had, newest first; nothing is edited or removed. */
export function VerdictHistory({ history }: { history: readonly VerdictRecord[] }) {
  const newestFirst = [...history].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <Table label="Verdict history">
      <thead>
        <tr>
          <HeadCell>When</HeadCell>
          <HeadCell>Verdict</HeadCell>
          <HeadCell>Reason</HeadCell>
          <HeadCell numeric>Effect</HeadCell>
          <HeadCell numeric>n</HeadCell>
          <HeadCell>Evidence</HeadCell>
          <HeadCell>Cause</HeadCell>
          <HeadCell numeric>Rule</HeadCell>
          <HeadCell>Experiment</HeadCell>
        </tr>
      </thead>
      <tbody>
        {newestFirst.map((record) => {
          const ours = measuredEffect(record.verdict);
          return (
            <Row key={record.id}>
              <Cell>
                <Ago at={record.at} />
              </Cell>
              <Cell className="whitespace-nowrap">
                <VerdictMark verdict={record.verdict.verdict} />
              </Cell>
              <Cell>{reasonWords(record.verdict.reason)}</Cell>
              <Cell numeric>
                {ours ? (
                  <>
                    {ours.value} <span className="text-ink-faint">{ours.unit}</span>
                  </>
                ) : null}
              </Cell>
              <Cell numeric>{record.verdict.n}</Cell>
              <Cell>{record.evidenceLevel}</Cell>
              <Cell>{record.cause.replace('-', ' ')}</Cell>
              <Cell numeric>v{record.verdict.ruleVersion}</Cell>
              <Cell>
                <Link
                  href={`/experiments/${record.experimentId}`}
                  className="text-accent underline-offset-2 hover:underline"
                >
                  open
                  <span className="sr-only"> the experiment of {record.at}</span>
                </Link>
              </Cell>
            </Row>
          );
        })}
      </tbody>
    </Table>
  );
}
