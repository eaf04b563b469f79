import type { ComponentProps, ReactNode } from 'react';
import { cn } from './class-names.ts';

const CONTROL =
  'w-full rounded-md border border-line-strong bg-surface px-2.5 text-base text-ink transition-colors hover:border-ink-faint aria-invalid:border-contradicted aria-invalid:outline-contradicted disabled:cursor-not-allowed disabled:bg-sunken disabled:text-ink-faint sm:text-sm';

/** What a control needs to be tied to its label, its hint and its error. */
export interface FieldControl {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

/** Label, control, hint and error of one field. The error replaces nothing: hint and error are both read out. */
export function Field({
  id,
  label,
  hint,
  error,
  aside,
  className,
  children,
}: {
  id: string;
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  /** Stands at the right end of the label's line. */
  aside?: ReactNode;
  className?: string;
  children: (control: FieldControl) => ReactNode;
}) {
  const describedBy = [hint ? `${id}-hint` : null, error ? `${id}-error` : null].filter(Boolean).join(' ');
  return (
    <div className={cn('min-w-0', className)}>
      <div className="mb-1 flex min-h-5 items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-sm font-medium text-ink">
          {label}
        </label>
        {aside}
      </div>
      {children({
        id,
        'aria-describedby': describedBy === '' ? undefined : describedBy,
        'aria-invalid': error ? true : undefined,
      })}
      {hint ? (
        <p id={`${id}-hint`} className="mt-1 text-xs text-ink-faint">
          {hint}
        </p>
      ) : null}
      <FieldError id={`${id}-error`} message={error} />
    </div>
  );
}

/** The error of a field; announced when it appears. */
export function FieldError({ id, message }: { id: string; message: string | undefined }) {
  return message ? (
    <p id={id} role="alert" className="mt-1 text-xs font-medium text-contradicted">
      {message}
    </p>
  ) : null;
}

export function TextInput({ className, ...props }: ComponentProps<'input'>) {
  return <input className={cn(CONTROL, 'h-9 sm:h-8', className)} autoComplete="off" spellCheck={false} {...props} />;
}

export function TextArea({ className, ...props }: ComponentProps<'textarea'>) {
  return <textarea className={cn(CONTROL, 'min-h-16 py-1.5 font-mono', className)} spellCheck={false} {...props} />;
}

/** The platform's own list: works with keyboard, screen reader and thumb alike. */
export function Select({ className, children, ...props }: ComponentProps<'select'>) {
  return (
    <span className={cn('relative inline-flex w-full', className)}>
      <select className={cn(CONTROL, 'h-9 appearance-none pr-7 sm:h-8')} {...props}>
        {children}
      </select>
      <svg
        aria-hidden="true"
        viewBox="0 0 10 6"
        width="10"
        height="6"
        className="pointer-events-none absolute top-1/2 right-2.5 -translate-y-1/2 text-ink-faint"
      >
        <path d="M1 1l4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.5" />
      </svg>
    </span>
  );
}

/** A checkbox with its label at its right. */
export function Checkbox({
  label,
  hint,
  id,
  className,
  ...props
}: Omit<ComponentProps<'input'>, 'type'> & { id: string; label: ReactNode; hint?: ReactNode }) {
  return (
    <div className={cn('flex items-start gap-2', className)}>
      <input
        type="checkbox"
        id={id}
        aria-describedby={hint ? `${id}-hint` : undefined}
        className="mt-[3px] size-4 shrink-0 accent-[var(--accent)]"
        {...props}
      />
      <div className="min-w-0">
        <label htmlFor={id} className="text-sm text-ink">
          {label}
        </label>
        {hint ? (
          <p id={`${id}-hint`} className="text-xs text-ink-faint">
            {hint}
          </p>
        ) : null}
      </div>
    </div>
  );
}
