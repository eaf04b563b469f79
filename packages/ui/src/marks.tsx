import { Ban, Check, CircleDashed, CircleDot, LoaderCircle, type LucideIcon, TimerOff, X as XIcon } from 'lucide-react';
import { cn } from './class-names.ts';

export type VerdictName = 'supported' | 'contradicted' | 'inconclusive';

export const VERDICT_TEXT: Record<VerdictName, string> = {
  supported: 'text-supported',
  contradicted: 'text-contradicted',
  inconclusive: 'text-inconclusive',
};

/** Filled circle, crossed circle, hollow circle: told apart without colour. Decorative: the word stands beside it. */
export function VerdictGlyph({
  verdict,
  size = 12,
  className,
}: {
  verdict: VerdictName;
  size?: number;
  className?: string;
}) {
  return (
    <svg
      viewBox="0 0 12 12"
      width={size}
      height={size}
      aria-hidden="true"
      data-verdict={verdict}
      className={cn('shrink-0', VERDICT_TEXT[verdict], className)}
    >
      <circle
        cx="6"
        cy="6"
        r="4.9"
        fill={verdict === 'supported' ? 'currentColor' : 'var(--surface)'}
        stroke="currentColor"
        strokeWidth="1.5"
      />
      {verdict === 'contradicted' ? (
        <path d="M3.7 3.7 8.3 8.3 M8.3 3.7 3.7 8.3" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
      ) : null}
    </svg>
  );
}

/** Glyph and word. `null` is a claim without a verdict. */
export function VerdictMark({
  verdict,
  children,
  className,
  size = 12,
}: {
  verdict: VerdictName | null;
  /** Says more than the bare word, e.g. "contradicted (not yet replicated)". */
  children?: React.ReactNode;
  className?: string;
  size?: number;
}) {
  if (verdict === null)
    return <span className={cn('text-ink-faint whitespace-nowrap', className)}>{children ?? 'no verdict'}</span>;
  return (
    <span className={cn('inline-flex items-baseline gap-1.5 font-medium', VERDICT_TEXT[verdict], className)}>
      <VerdictGlyph verdict={verdict} size={size} className="relative top-[0.08em]" />
      <span>{children ?? verdict}</span>
    </span>
  );
}

export type StateName = 'queued' | 'claimed' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'timed-out';

const STATES: Record<StateName, { word: string; icon: LucideIcon; tone: string }> = {
  queued: { word: 'queued', icon: CircleDashed, tone: 'text-ink-faint' },
  claimed: { word: 'claimed', icon: CircleDot, tone: 'text-accent' },
  running: { word: 'running', icon: LoaderCircle, tone: 'text-accent' },
  succeeded: { word: 'succeeded', icon: Check, tone: 'text-supported' },
  failed: { word: 'failed', icon: XIcon, tone: 'text-contradicted' },
  cancelled: { word: 'cancelled', icon: Ban, tone: 'text-ink-faint' },
  'timed-out': { word: 'timed out', icon: TimerOff, tone: 'text-contradicted' },
};

/** The state of a run or an experiment: an icon of its own shape and the word. */
export function StateMark({ state, className }: { state: StateName; className?: string }) {
  const { word, icon: Icon, tone } = STATES[state];
  return (
    <span className={cn('inline-flex items-baseline gap-1.5 whitespace-nowrap', tone, className)}>
      <Icon
        aria-hidden="true"
        size={14}
        strokeWidth={2}
        className={cn('self-center', state === 'running' && 'motion-safe:animate-[spin_1.6s_linear_infinite]')}
      />
      <span>{word}</span>
    </span>
  );
}
