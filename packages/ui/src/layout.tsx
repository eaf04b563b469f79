import { type ReactNode, useId } from 'react';
import { cn } from './class-names.ts';

/** Where one is, what this is, and what can be done with it. */
export function PageHeader({
  trail,
  title,
  children,
  actions,
}: {
  trail?: ReactNode;
  title: ReactNode;
  /** A line or two under the title. */
  children?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className="mb-6">
      {trail ? <div className="mb-1.5 text-xs text-ink-faint">{trail}</div> : null}
      <div className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <h1 className="max-w-[54rem] min-w-0 text-xl font-semibold tracking-[-0.014em] break-words text-ink sm:text-2xl">
          {title}
        </h1>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </div>
      {children ? <div className="mt-2 max-w-[46rem] text-base text-ink-soft">{children}</div> : null}
    </header>
  );
}

/** A part of a page under a hairline; `aside` stands at the right end of its heading. */
export function Section({
  title,
  aside,
  id,
  children,
  className,
}: {
  title: ReactNode;
  aside?: ReactNode;
  id?: string;
  children: ReactNode;
  className?: string;
}) {
  const titleId = useId();
  return (
    <section id={id} aria-labelledby={titleId} className={cn('min-w-0 border-t border-line pt-4 pb-8', className)}>
      <div className="mb-3 flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1">
        <h2 id={titleId} className="text-base font-semibold tracking-[-0.006em] text-ink">
          {title}
        </h2>
        {aside ? <div className="text-xs text-ink-faint">{aside}</div> : null}
      </div>
      {children}
    </section>
  );
}

/** Names and values in two columns; entries whose value is null are left out. */
export function Facts({
  entries,
  className,
}: {
  entries: readonly (readonly [name: string, value: ReactNode])[];
  className?: string;
}) {
  return (
    <dl
      className={cn(
        'grid content-start grid-cols-[minmax(6rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm',
        className,
      )}
    >
      {entries
        .filter(([, value]) => value !== null && value !== undefined)
        .map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-ink-faint">{name}</dt>
            <dd className="min-w-0 break-words text-ink">{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A large number with its meaning under it. */
export function Figure({ value, label, hint }: { value: ReactNode; label: ReactNode; hint?: ReactNode }) {
  return (
    <div className="min-w-0">
      <div className="tabular text-2xl font-medium tracking-[-0.02em] text-ink">{value}</div>
      <div className="text-sm text-ink-soft">{label}</div>
      {hint ? <div className="text-xs text-ink-faint">{hint}</div> : null}
    </div>
  );
}

/** A small label for a kind, a family, a scale: never for a verdict or a state. */
export function Tag({ children, className }: { children: ReactNode; className?: string }) {
  return (
    <span
      className={cn(
        'inline-block rounded-sm bg-sunken align-baseline px-1.5 py-px text-xs whitespace-nowrap text-ink-soft ring-1 ring-line ring-inset',
        className,
      )}
    >
      {children}
    </span>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-block min-w-5 rounded-sm border border-line bg-sunken px-1 text-center font-sans text-2xs leading-[1.125rem] text-ink-faint">
      {children}
    </kbd>
  );
}
