'use client';
import { type ReactNode, useId, useState } from 'react';
import { cn } from '../class-names.ts';
import { Segmented } from '../segmented.tsx';
import { Cell, HeadCell, Row, Table } from '../table.tsx';

/** What a chart shows, as rows: the same numbers for readers who do not look at pictures. */
export interface ChartTable {
  columns: readonly { label: string; unit?: string; numeric?: boolean }[];
  rows: readonly { id: string; cells: readonly string[] }[];
}

/** A chart with its heading, what stands behind it ("n = 3 seeds"), and the same as a table one click away. */
export function ChartFrame({
  title,
  note,
  controls,
  table,
  children,
  className,
}: {
  title: string;
  note: ReactNode;
  controls?: ReactNode;
  table: ChartTable;
  children: ReactNode;
  className?: string;
}) {
  const [view, setView] = useState<'chart' | 'table'>('chart');
  const titleId = useId();
  return (
    <figure aria-labelledby={titleId} className={cn('min-w-0', className)}>
      <div className="mb-2 flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <h3 id={titleId} className="text-sm font-medium text-ink">
          {title}
        </h3>
        <div className="flex flex-wrap items-center gap-2">
          {controls}
          <Segmented
            label={`${title}: show as`}
            value={view}
            onChange={setView}
            options={[
              { value: 'chart', label: 'Chart' },
              { value: 'table', label: 'Table' },
            ]}
          />
        </div>
      </div>
      {view === 'chart' ? (
        children
      ) : (
        <div className="max-h-[24rem] overflow-y-auto">
          <Table label={title}>
            <thead className="sticky top-0 bg-canvas">
              <tr>
                {table.columns.map((column) => (
                  <HeadCell key={column.label} numeric={column.numeric ?? false} unit={column.unit}>
                    {column.label}
                  </HeadCell>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row) => (
                <Row key={row.id}>
                  {row.cells.map((cell, i) => (
                    <Cell key={table.columns[i]?.label ?? i} numeric={table.columns[i]?.numeric ?? false}>
                      {cell}
                    </Cell>
                  ))}
                </Row>
              ))}
            </tbody>
          </Table>
        </div>
      )}
      <figcaption className="mt-2 text-xs text-ink-faint">{note}</figcaption>
    </figure>
  );
}
