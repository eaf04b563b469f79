'use client';
import {
  Cell,
  cn,
  EmptyState,
  Facts,
  HashText,
  HeadCell,
  Loading,
  PageHeader,
  Row,
  Section,
  Table,
} from '@claimbench/ui';
import { useQuery } from '@tanstack/react-query';
import { Check, X } from 'lucide-react';
import { systemStatus } from '../api/queries.ts';
import { QueryView } from '../lists/query-view.tsx';
import { Ago, useNow } from '../wording/times.tsx';

/** A worker that has been silent for longer has lost its runs. */
const SILENT_MS = 15_000;

export function SystemPage() {
  const status = useQuery(systemStatus);
  const now = useNow(1000);
  return (
    <>
      <PageHeader title="System">Workers, queue and database, asked every five seconds.</PageHeader>
      <QueryView query={status} what="the system’s state" loading={<Loading lines={6} label="Loading the state" />}>
        {(system) => (
          <>
            <Section title="Services">
              <Facts
                entries={[
                  ['Database', <Up key="database" state={system.database} />],
                  [
                    'Queue',
                    <span key="queue" className="inline-flex gap-2">
                      <Up state={system.queue} /> on {system.queueBackend === 'redis' ? 'Redis' : 'PostgreSQL'}
                    </span>,
                  ],
                  ['Version', system.version],
                  ['Rule of verdicts', `version ${system.ruleVersion}`],
                  [
                    'Next seeds',
                    <span key="seeds">
                      commitment <HashText hash={system.nextCommitment} digits={24} />
                    </span>,
                  ],
                ]}
              />
            </Section>
            <Section title={system.workers.length === 1 ? '1 worker' : `${system.workers.length} workers`}>
              {system.workers.length === 0 ? (
                <EmptyState title="No worker is connected">
                  Runs wait in the queue until one is: the same worker runs on any machine, pointed at this API.
                </EmptyState>
              ) : (
                <Table label="Workers">
                  <thead>
                    <tr>
                      <HeadCell>Worker</HeadCell>
                      <HeadCell>Machine</HeadCell>
                      <HeadCell numeric>Runs at work</HeadCell>
                      <HeadCell numeric>Last heard</HeadCell>
                    </tr>
                  </thead>
                  <tbody>
                    {system.workers.map((worker) => {
                      const silent = now > 0 && now - Date.parse(worker.lastSeen) > SILENT_MS;
                      return (
                        <Row key={worker.name}>
                          <Cell className="font-medium">{worker.name}</Cell>
                          <Cell className="text-xs text-ink-soft">
                            {Object.entries(worker.machine)
                              .map(([name, value]) => `${name} ${value}`)
                              .join(', ')}
                          </Cell>
                          <Cell numeric>{worker.running}</Cell>
                          <Cell numeric className={cn(silent && 'text-caution')}>
                            <Ago at={worker.lastSeen} />
                            {silent ? ', silent' : ''}
                          </Cell>
                        </Row>
                      );
                    })}
                  </tbody>
                </Table>
              )}
            </Section>
          </>
        )}
      </QueryView>
    </>
  );
}

function Up({ state }: { state: 'up' | 'down' }) {
  return (
    <span
      className={cn(
        'inline-flex items-center gap-1.5 font-medium',
        state === 'up' ? 'text-supported' : 'text-contradicted',
      )}
    >
      {state === 'up' ? <Check aria-hidden="true" size={14} /> : <X aria-hidden="true" size={14} />}
      {state}
    </span>
  );
}
