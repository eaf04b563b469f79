import { cva, type VariantProps } from 'class-variance-authority';
import type { ComponentProps } from 'react';
import { cn } from './class-names.ts';

/** The look of a button, also for links that act like one: `<Link className={buttonClass({ variant: 'primary' })}>`. */
export const buttonClass = cva(
  'inline-flex items-center justify-center gap-1.5 whitespace-nowrap rounded-md border text-sm font-medium transition-colors select-none disabled:cursor-not-allowed disabled:opacity-55',
  {
    variants: {
      variant: {
        primary: 'border-accent bg-accent text-accent-ink hover:border-accent-strong hover:bg-accent-strong',
        plain: 'border-line-strong/60 bg-surface text-ink hover:border-line-strong hover:bg-sunken',
        quiet: 'border-transparent bg-transparent text-ink-soft hover:bg-sunken hover:text-ink',
        danger: 'border-contradicted/60 bg-surface text-contradicted hover:bg-contradicted-soft',
      },
      size: { regular: 'h-8 px-3', small: 'h-7 px-2 text-xs', icon: 'size-8 p-0' },
    },
    defaultVariants: { variant: 'plain', size: 'regular' },
  },
);

export type ButtonProps = ComponentProps<'button'> & VariantProps<typeof buttonClass>;

export function Button({ variant, size, className, type = 'button', ...props }: ButtonProps) {
  return <button type={type} className={cn(buttonClass({ variant, size }), className)} {...props} />;
}
