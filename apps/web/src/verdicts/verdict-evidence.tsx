'use client';
import type { ControlResult, PartResult, TuningResult, Verdict } from '@claimbench/contracts';
import { Cell, cn, Facts, HashText, HeadCell, Notice, Row, Table } from '@claimbench/ui';
import { columnDecimals, fixed, significant } from '@claimbench/ui/numbers';
import { Check, X } from 'lucide-react';
import { quantifierRule, reasonWords, TEMPLATE_RULES } from '../wording/verdicts.ts';
import { PartTable } from './verdict-panel.tsx';

/** The rule by which the verdict was reached, in words. */
export function VerdictRule({ verdict, className }: { verdict: Verdict; className?: string }) {
  const templates: PartResult['template'][] = [...new Set(verdict.parts.map((part) => part.template))];
  const failed = Object.entries(verdict.failedRuns).filter(([, runs]) => runs > 0);
  const subjects = Object.entries(verdict.armSubjectLines ?? {});
  return (
    <div className={cn('grid gap-6', className)}>
      <div className="max-w-[42rem] space-y-2 text-base text-ink">
        {templates.map((template) => (
          <p key={template}>{TEMPLATE_RULES[template]}</p>
        ))}
        {verdict.parts.length > 1 ? <p>{quantifierRule(verdict.quantifier)}</p> : null}
        <p className="text-sm text-ink-soft">
          Arms share seeds, data order and evaluation items; the interval is that of their paired differences. Margins
          and looks were fixed before the seeds existed.
        </p>
      </div>
      <Facts
        entries={[
          ['Kind of claim', verdict.kind.replaceAll('-', ' ')],
          ['Reason', reasonWords(verdict.reason)],
          ['Plan', `${verdict.plan}, decided at look ${verdict.look}`],
          ['Scope', verdict.scope],
          [
            'Subjects of single arms',
            subjects.length === 0 ? null : (
              <ul key="subjects" className="m-0 list-none p-0">
                {subjects.map(([arm, line]) => (
                  <li key={arm}>
                    {arm}: {line}
                  </li>
                ))}
              </ul>
            ),
          ],
          ['Protocol', verdict.protocolId],
          ['Frozen as', <HashText key="hash" hash={verdict.protocolHash} digits={16} />],
          ['Rule version', verdict.ruleVersion],
          ['Failed runs', failed.length === 0 ? 'none' : failed.map(([arm, runs]) => `${arm}: ${runs}`).join(', ')],
        ]}
      />
    </div>
  );
}

const CONTROL_WORDS: Record<ControlResult['kind'], string> = {
  positive: 'a known effect must be found',
  negative: 'nothing must be found',
  bit: 'the same run twice gives the same bits',
};

/** Comparisons whose result was known beforehand, and what else a contradiction needs. */
export function Guards({ verdict }: { verdict: Verdict }) {
  return (
    <div className="space-y-5">
      {verdict.missingGuards.length > 0 ? (
        <Notice tone="caution">
          Missing for a decided verdict: {verdict.missingGuards.map((guard) => guard.replaceAll('-', ' ')).join('; ')}.
        </Notice>
      ) : null}
      <Table label="Controls">
        <thead>
          <tr>
            <HeadCell className="w-24">Passed</HeadCell>
            <HeadCell>Control</HeadCell>
            <HeadCell>Seen</HeadCell>
          </tr>
        </thead>
        <tbody>
          {verdict.controls.map((control) => (
            <Row key={control.id}>
              <Cell>
                <span
                  className={cn(
                    'inline-flex items-center gap-1.5 font-medium',
                    control.passed ? 'text-supported' : 'text-contradicted',
                  )}
                >
                  {control.passed ? <Check aria-hidden="true" size={14} /> : <X aria-hidden="true" size={14} />}
                  {control.passed ? 'passed' : 'failed'}
                </span>
              </Cell>
              <Cell className="min-w-40">
                {control.statement}
                <div className="text-xs text-ink-faint">
                  {control.kind}: {CONTROL_WORDS[control.kind]}
                </div>
              </Cell>
              <Cell className="tabular">{control.finding}</Cell>
            </Row>
          ))}
        </tbody>
      </Table>
      {verdict.premises.length > 0 ? (
        <div>
          <h3 className="mb-1 text-sm font-medium">Premises: what the claim presupposes</h3>
          <PartTable label="Premises" parts={verdict.premises} />
        </div>
      ) : null}
      {verdict.secondSize ? (
        <div>
          <h3 className="mb-1 text-sm font-medium">At a second size: {verdict.secondSize.subjectLine}</h3>
          <PartTable label="Second size" parts={verdict.secondSize.parts} />
        </div>
      ) : null}
      {verdict.tuning.length > 0 ? <Tuning tuning={verdict.tuning} /> : null}
    </div>
  );
}

/** Equal care for all arms: every learning rate for each, best on validation. */
function Tuning({ tuning }: { tuning: readonly TuningResult[] }) {
  const values = [...new Set(tuning.flatMap((one) => one.trials.map((trial) => trial.value)))].sort((a, b) => a - b);
  const decimals = columnDecimals(
    tuning.flatMap((one) => one.trials.map((trial) => trial.loss)),
    4,
  );
  return (
    <div>
      <h3 className="mb-1 text-sm font-medium">
        Tuning: validation loss at each learning rate, the same rates for all arms
      </h3>
      <Table label="Tuning">
        <thead>
          <tr>
            <HeadCell>Arm</HeadCell>
            {values.map((value) => (
              <HeadCell key={value} numeric>
                {significant(value, 2)}
              </HeadCell>
            ))}
            <HeadCell>Chosen</HeadCell>
          </tr>
        </thead>
        <tbody>
          {tuning.map((one) => (
            <Row key={one.arm}>
              <Cell>{one.arm}</Cell>
              {values.map((value) => {
                const trial = one.trials.find((t) => t.value === value);
                return (
                  <Cell key={value} numeric className={value === one.best ? 'font-semibold' : undefined}>
                    {trial ? fixed(trial.loss, decimals) : ''}
                  </Cell>
                );
              })}
              <Cell className="whitespace-nowrap">
                {significant(one.best, 2)}
                {one.bestAtEdge ? <span className="text-caution"> at the edge</span> : null}
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
