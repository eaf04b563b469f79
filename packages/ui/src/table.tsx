import type { ComponentProps, ReactNode } from 'react';
import { cn } from './class-names.ts';

/** A named part of the page that scrolls inside its own frame, and can be reached and scrolled by keyboard. */
export function ScrollRegion({
  label,
  children,
  className,
}: {
  label: string;
  children: ReactNode;
  className?: string;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section aria-label={label} tabIndex={0} className={cn('relative min-w-0 overflow-auto', className)}>
      {children}
    </section>
  );
}

/** A dense table that scrolls sideways inside its own frame; `label` names it for screen readers. */
export function Table({ label, children, className }: { label: string; children: ReactNode; className?: string }) {
  return (
    <ScrollRegion label={label} className={cn('overflow-y-hidden', className)}>
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">{label}</caption>
        {children}
      </table>
    </ScrollRegion>
  );
}

export function HeadCell({
  numeric,
  unit,
  className,
  children,
  ...props
}: ComponentProps<'th'> & { numeric?: boolean; unit?: string | null | undefined }) {
  return (
    <th
      scope="col"
      className={cn(
        'border-b border-line-strong/50 px-2 py-1.5 align-bottom text-xs font-medium text-ink-faint first:pl-0 last:pr-0',
        numeric ? 'text-right' : 'text-left',
        className,
      )}
      {...props}
    >
      {children}
      {unit ? <span className="block font-normal">{unit}</span> : null}
    </th>
  );
}

export function Cell({ numeric, className, ...props }: ComponentProps<'td'> & { numeric?: boolean }) {
  return (
    <td
      className={cn(
        'border-b border-line px-2 py-1.5 align-baseline first:pl-0 last:pr-0',
        numeric && 'tabular text-right whitespace-nowrap',
        className,
      )}
      {...props}
    />
  );
}

/** A row that answers to the pointer; the link inside it is what the keyboard reaches. */
export function Row({ className, ...props }: ComponentProps<'tr'>) {
  return <tr className={cn('hover:bg-sunken/70', className)} {...props} />;
}
