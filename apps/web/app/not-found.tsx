import { buttonClass, EmptyState } from '@claimbench/ui';
import Link from 'next/link';

export default function NotFound() {
  return (
    <>
      <h1 className="mb-4 text-xl font-semibold">Nothing is at this address</h1>
      <EmptyState
        title="The page does not exist"
        action={
          <Link href="/" className={buttonClass({ variant: 'primary' })}>
            Overview
          </Link>
        }
      >
        Ctrl K searches claims, techniques and experiments by name.
      </EmptyState>
    </>
  );
}
