import type { RunView } from '@claimbench/contracts';
import { Cell, EmptyState, Facts, HashText, HeadCell, Row, StateMark, Table } from '@claimbench/ui';
import { bytes, duration } from '@claimbench/ui/numbers';
import Link from 'next/link';
import { Ago, clock } from '../wording/times.tsx';

/** What a run came from, what it serves, what it left behind. */
export function Lineage({ run }: { run: RunView }) {
  const { base, experiments, artifacts } = run.lineage;
  return (
    <Facts
      entries={[
        ['Spec hash', <HashText key="spec" hash={run.specHash} digits={20} />],
        ['Data', <DataLine key="data" name={run.spec.evaluation.data.name} hash={run.spec.evaluation.data.sha256} />],
        [
          'Base',
          base ? (
            <span key="base" className="inline-flex flex-wrap items-center gap-2">
              <Link href={`/runs/${base.id}`} className="text-accent underline underline-offset-2">
                trained base
              </Link>
              <HashText hash={base.specHash} /> <StateMark state={base.state} />
            </span>
          ) : run.spec.subject.kind === 'checkpoint' ? (
            <DataLine key="checkpoint" name={run.spec.subject.name} hash={run.spec.subject.sha256} />
          ) : (
            'none: trained from its seed'
          ),
        ],
        [
          'Serves',
          experiments.length === 0 ? (
            'no experiment any more'
          ) : (
            <ul key="experiments" className="m-0 list-none p-0">
              {experiments.map((experiment) => (
                <li key={`${experiment.id} ${experiment.arm} ${experiment.role}`}>
                  <Link href={`/experiments/${experiment.id}`} className="text-accent underline underline-offset-2">
                    {experiment.title}
                  </Link>{' '}
                  <span className="text-ink-faint">
                    as {experiment.arm} ({experiment.role})
                  </span>
                </li>
              ))}
            </ul>
          ),
        ],
        [
          'Artifacts',
          artifacts.length === 0 ? (
            'none'
          ) : (
            <ul key="artifacts" className="tabular m-0 list-none p-0">
              {artifacts.map((artifact) => (
                <li key={artifact.sha256}>
                  {artifact.name}, {bytes(artifact.bytes)} <HashText hash={artifact.sha256} />
                </li>
              ))}
            </ul>
          ),
        ],
      ]}
    />
  );
}

function DataLine({ name, hash }: { name: string; hash: string }) {
  return (
    <span>
      {name} <HashText hash={hash} />
    </span>
  );
}

/** Each execution of the run by a worker. */
export function Attempts({ run }: { run: RunView }) {
  if (run.attempts.length === 0) {
    return (
      <EmptyState title="Not claimed by a worker yet">
        The run waits in the queue since {clock(run.createdAt)}.
      </EmptyState>
    );
  }
  return (
    <Table label="Attempts">
      <thead>
        <tr>
          <HeadCell numeric>No.</HeadCell>
          <HeadCell>Worker</HeadCell>
          <HeadCell>Claimed</HeadCell>
          <HeadCell numeric>Waited</HeadCell>
          <HeadCell numeric>Worked</HeadCell>
          <HeadCell>End</HeadCell>
        </tr>
      </thead>
      <tbody>
        {run.attempts.map((attempt) => (
          <Row key={attempt.number}>
            <Cell numeric>{attempt.number}</Cell>
            <Cell>
              {attempt.worker}
              <div className="text-xs text-ink-faint">
                {Object.entries(attempt.machine)
                  .map(([name, value]) => `${name} ${value}`)
                  .join(', ')}
              </div>
            </Cell>
            <Cell>
              <Ago at={attempt.claimedAt} />
            </Cell>
            <Cell numeric>{elapsed(run.createdAt, attempt.claimedAt)}</Cell>
            <Cell numeric>
              {attempt.startedAt && attempt.endedAt ? elapsed(attempt.startedAt, attempt.endedAt) : ''}
            </Cell>
            <Cell>
              {attempt.end ?? 'at work'}
              {attempt.failure ? <div className="text-xs text-contradicted">{attempt.failure.message}</div> : null}
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

function elapsed(from: string, to: string): string {
  return duration(Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000));
}
