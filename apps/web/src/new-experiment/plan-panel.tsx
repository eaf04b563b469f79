'use client';
import type { ExperimentPlan } from '@claimbench/contracts';
import { Button, cn, ErrorState, Figure, Loading, Notice, ProgressBar, ScrollRegion } from '@claimbench/ui';
import { count, duration } from '@claimbench/ui/numbers';
import { explain } from '../api/problem.ts';

/** What submitting would start: how many runs, how long, against which limit. */
export function PlanPanel({
  plan,
  planning,
  error,
  incomplete,
  submitting,
  submitError,
}: {
  plan: ExperimentPlan | undefined;
  /** An answer for what is in the form now is on its way. */
  planning: boolean;
  error: Error | null;
  /** What keeps the form from being planned; null: nothing. */
  incomplete: string | null;
  submitting: boolean;
  submitError: Error | null;
}) {
  const current = incomplete === null && error === null ? plan : undefined;
  const failure = submitError ?? (incomplete === null ? error : null);
  return (
    <section aria-label="Plan" aria-busy={planning} className="min-w-0">
      <h2 className="mb-3 text-base font-semibold text-ink">Plan</h2>
      {incomplete !== null ? (
        <Notice>{incomplete}</Notice>
      ) : current ? (
        <div className={cn('space-y-4', planning && 'opacity-60')} data-plan="ready">
          <div className="grid grid-cols-2 gap-4">
            <Figure
              value={count(current.runs)}
              label={current.runs === 1 ? 'run' : 'runs'}
              hint={current.bases > 0 ? `${current.bases} of them train a base` : null}
            />
            <Figure
              value={duration(current.wallSeconds)}
              label="until done"
              hint={`${duration(current.computeSeconds)} of computing`}
            />
          </div>
          <div>
            <ProgressBar
              label="Share of the limit"
              parts={[{ name: 'runs', share: Math.min(current.runs / current.limit, 1), tone: 'bg-accent' }]}
            />
            <p className="tabular mt-1 text-xs text-ink-faint">
              limit {count(current.limit)} runs
              {current.reused > 0 ? `; ${count(current.reused)} are answered by earlier outcomes` : ''}
              {current.atMostRuns > current.runs
                ? `; later stages may add up to ${count(current.atMostRuns - current.runs)}`
                : ''}
            </p>
          </div>
          {current.notes.map((note) => (
            <Notice key={note}>{note}</Notice>
          ))}
          <ScrollRegion label="Arms" className="max-h-72">
            <table className="w-full text-xs">
              <caption className="sr-only">Runs of each arm</caption>
              <thead className="sr-only">
                <tr>
                  <th scope="col">Arm</th>
                  <th scope="col">Runs</th>
                </tr>
              </thead>
              <tbody>
                {current.arms.map((arm) => (
                  <tr key={arm.arm} className="border-t border-line">
                    <td className="py-1 pr-3 text-ink-soft">{arm.label}</td>
                    <td className="tabular py-1 text-right text-ink">{arm.runs}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollRegion>
        </div>
      ) : failure ? null : (
        <Loading lines={4} label="Planning" />
      )}
      {failure ? (
        <ErrorState title={explain(failure).title} detail={explain(failure).detail} code={explain(failure).code} />
      ) : null}
      <div className="mt-5">
        <Button
          type="submit"
          variant="primary"
          className="h-9 w-full"
          disabled={submitting}
          aria-keyshortcuts="Control+Enter Meta+Enter"
        >
          {submitting ? 'Submitting…' : 'Submit experiment'}
        </Button>
        <p className="mt-1.5 text-center text-xs text-ink-faint max-sm:hidden">Ctrl Enter from any field</p>
      </div>
    </section>
  );
}
