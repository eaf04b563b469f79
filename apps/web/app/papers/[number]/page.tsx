import type { Metadata } from 'next';
import { PaperPage } from '../../../src/papers/paper-page.tsx';

interface Props {
  params: Promise<{ number: string }>;
}

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: `Paper ${(await params).number}` };
}

export default async function Page({ params }: Props) {
  const { number } = await params;
  return <PaperPage number={/^\d+$/.test(number) ? Number(number) : null} />;
}
