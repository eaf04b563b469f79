import { CircleAlert, Info } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from './class-names.ts';

/** Grey bars in the place of text that is on its way. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden="true" className={cn('h-4 motion-safe:animate-pulse rounded-sm bg-line/80', className)} />;
}

const LINE_WIDTHS = ['w-11/12', 'w-4/5', 'w-full', 'w-2/3', 'w-5/6', 'w-3/4', 'w-1/2', 'w-10/12', 'w-7/12', 'w-9/12'];

/** A list or page that loads: keeps the space (at most ten lines), and says so to screen readers. */
export function Loading({ lines = 5, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="space-y-3 py-2">
      {LINE_WIDTHS.slice(0, lines).map((width) => (
        <Skeleton key={width} className={width} />
      ))}
    </div>
  );
}

/** Nothing here: why, and what to do about it. */
export function EmptyState({
  title,
  children,
  action,
}: {
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="rounded-lg border border-dashed border-line-strong/50 px-5 py-7 text-sm">
      <p className="font-medium text-ink">{title}</p>
      {children ? <div className="mt-1 max-w-[40rem] text-ink-soft">{children}</div> : null}
      {action ? <div className="mt-4 flex flex-wrap gap-2">{action}</div> : null}
    </div>
  );
}

/** Something went wrong: what, its code, and a way on. */
export function ErrorState({
  title,
  detail,
  code,
  action,
}: {
  title: ReactNode;
  detail: ReactNode;
  code?: string | null;
  action?: ReactNode;
}) {
  return (
    <div role="alert" className="rounded-lg border border-contradicted/40 bg-contradicted-soft px-5 py-4 text-sm">
      <p className="flex items-center gap-2 font-medium text-contradicted">
        <CircleAlert aria-hidden="true" size={16} /> {title}
      </p>
      <div className="mt-1 max-w-[46rem] break-words text-ink">{detail}</div>
      {code ? <p className="mt-1 font-mono text-xs text-ink-soft">{code}</p> : null}
      {action ? <div className="mt-3 flex flex-wrap gap-2">{action}</div> : null}
    </div>
  );
}

/** A remark beside the matter: a caution, or plain information. */
export function Notice({
  tone = 'information',
  children,
  className,
}: {
  tone?: 'information' | 'caution';
  children: ReactNode;
  className?: string;
}) {
  const Icon = tone === 'caution' ? CircleAlert : Info;
  return (
    <div
      className={cn(
        'flex items-start gap-2 rounded-md px-3 py-2 text-sm',
        tone === 'caution' ? 'bg-caution-soft text-caution' : 'bg-sunken text-ink-soft',
        className,
      )}
    >
      <Icon aria-hidden="true" size={15} className="mt-[3px] shrink-0" />
      <div className="min-w-0">{children}</div>
    </div>
  );
}

/** A share of something done, 0 to 1; `parts` draws several colours one after another. */
export function ProgressBar({
  parts,
  label,
  className,
}: {
  parts: readonly { share: number; tone: string; name: string }[];
  label: string;
  className?: string;
}) {
  const done = Math.min(
    parts.reduce((sum, part) => sum + part.share, 0),
    1,
  );
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(done * 100)}
      className={cn('flex h-1.5 overflow-hidden rounded-full bg-line', className)}
    >
      {parts.map((part) => (
        <div
          key={part.name}
          className={cn('h-full motion-safe:transition-[width] motion-safe:duration-300', part.tone)}
          style={{ width: `${part.share * 100}%` }}
        />
      ))}
    </div>
  );
}
