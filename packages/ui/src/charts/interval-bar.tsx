import { cn } from '../class-names.ts';
import { VERDICT_TEXT, type VerdictName } from '../marks.tsx';
import type { Bounds } from '../numbers.ts';
import type { Axis } from './axis.ts';

const percent = (share: number) => `${(Math.min(Math.max(share, 0), 1) * 100).toFixed(3)}%`;

/**
 * One estimate with its interval on a shared axis: whisker, mark in the verdict's shape, zero line, margin lines, the range
 * that agrees with the claim, the single blocks, and the claimed value. A picture only: the numbers stand beside it.
 */
export function IntervalBar({
  axis,
  effect,
  interval,
  verdict = null,
  margins = [],
  agreeing = null,
  contrasts = [],
  claimed = null,
  className,
}: {
  axis: Axis;
  effect: number;
  interval: Bounds;
  verdict?: VerdictName | null;
  margins?: readonly number[];
  agreeing?: Bounds | null;
  contrasts?: readonly number[];
  claimed?: number | null;
  className?: string;
}) {
  const at = (value: number) => percent(axis.share(value));
  const [low, high] = interval;
  const left = low === null ? '0%' : at(low);
  const right = high === null ? '100%' : at(high);
  return (
    <div aria-hidden="true" className={cn('relative h-9', className)}>
      {agreeing ? (
        <div
          className="absolute inset-y-0 bg-supported-soft"
          style={{
            left: agreeing[0] === null ? '0%' : at(agreeing[0]),
            right: `calc(100% - ${agreeing[1] === null ? '100%' : at(agreeing[1])})`,
          }}
        />
      ) : null}
      <div className="absolute inset-y-0 w-px bg-line-strong" style={{ left: at(0) }} />
      {margins.map((margin) => (
        <div
          key={margin}
          className="absolute inset-y-0 border-l border-dashed border-supported"
          style={{ left: at(margin) }}
        />
      ))}
      {[...new Set(contrasts)].map((value) => (
        <div key={value} className="absolute bottom-[3px] h-1.5 w-px bg-ink-faint/80" style={{ left: at(value) }} />
      ))}
      <svg aria-hidden="true" className="absolute inset-0 h-full w-full overflow-visible">
        <g className={verdict === null ? 'text-ink' : VERDICT_TEXT[verdict]} stroke="currentColor" strokeWidth="1.75">
          <line x1={left} x2={right} y1="50%" y2="50%" />
          {low === null ? null : <line x1={left} x2={left} y1="36%" y2="64%" />}
          {high === null ? null : <line x1={right} x2={right} y1="36%" y2="64%" />}
        </g>
      </svg>
      {low === null ? <End side="left" verdict={verdict} /> : null}
      {high === null ? <End side="right" verdict={verdict} /> : null}
      {claimed === null ? null : (
        <div
          className="absolute top-1/2 size-2.5 -translate-x-1/2 -translate-y-1/2 rotate-45 border-2 border-accent bg-surface"
          style={{ left: at(claimed) }}
        />
      )}
      <svg
        aria-hidden="true"
        viewBox="0 0 12 12"
        className={cn(
          'absolute top-1/2 size-3 -translate-x-1/2 -translate-y-1/2',
          verdict === null ? 'text-ink' : VERDICT_TEXT[verdict],
        )}
        style={{ left: at(effect) }}
      >
        <circle
          cx="6"
          cy="6"
          r="4.75"
          strokeWidth="1.6"
          stroke="currentColor"
          fill={verdict === 'supported' || verdict === null ? 'currentColor' : 'var(--surface)'}
        />
        {verdict === 'contradicted' ? (
          <path d="M3.8 3.8 8.2 8.2 M8.2 3.8 3.8 8.2" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
        ) : null}
      </svg>
    </div>
  );
}

/** The arrow of an interval that has no end. */
function End({ side, verdict }: { side: 'left' | 'right'; verdict: VerdictName | null }) {
  return (
    <svg
      aria-hidden="true"
      viewBox="0 0 8 8"
      className={cn(
        'absolute top-1/2 size-2 -translate-y-1/2',
        side === 'left' ? 'left-0' : 'right-0 rotate-180',
        verdict === null ? 'text-ink' : VERDICT_TEXT[verdict],
      )}
    >
      <path d="M8 0 0 4 8 8Z" fill="currentColor" />
    </svg>
  );
}

/** The axis under a column of interval bars. */
export function IntervalAxis({ axis, label, className }: { axis: Axis; label?: string; className?: string }) {
  return (
    <div aria-hidden="true" className={cn('text-2xs text-ink-faint', className)}>
      <div className="relative h-5 border-t border-line-strong">
        {axis.ticks.map((tick) => {
          const share = axis.share(tick);
          return (
            <div key={tick} className="absolute top-0" style={{ left: percent(share) }}>
              <div className="h-1 w-px bg-line-strong" />
              <div
                className={cn(
                  'tabular absolute top-1 whitespace-nowrap',
                  share < 0.06 ? 'left-0' : share > 0.94 ? 'right-0' : '-translate-x-1/2',
                )}
              >
                {tick === 0 ? '0' : tick.toFixed(axis.decimals).replace('-', '\u2212')}
              </div>
            </div>
          );
        })}
      </div>
      {label ? <div className="text-center">{label}</div> : null}
    </div>
  );
}
