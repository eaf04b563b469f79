'use client';
import type { Protocol } from '@claimbench/contracts';
import { Button, Dialog, ErrorState, Facts, Loading, Tag } from '@claimbench/ui';
import { duration } from '@claimbench/ui/numbers';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { explain } from '../api/problem.ts';
import { experimentPlan, submitExperiment } from '../api/queries.ts';
import { planWords, quantifierRule } from '../wording/verdicts.ts';

/** How the claim can be tested here; where there is a choice, each with its button (a single one has it on top of the page). */
export function ProtocolList({ protocols }: { protocols: readonly Protocol[] }) {
  return (
    <ul className="m-0 list-none space-y-6 p-0">
      {protocols.map((protocol) => (
        <li key={protocol.id} className="grid gap-x-10 gap-y-3 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
          <div>
            <div className="flex flex-wrap items-center gap-2">
              <h3 className="text-base font-medium text-ink">{protocol.title}</h3>
              <Tag>{protocol.scale}</Tag>
              <Tag>{protocol.grade.replace('-', ' ')}</Tag>
            </div>
            <p className="mt-1 text-sm text-ink-soft">{protocol.reading}</p>
            {protocols.length > 1 ? (
              <div className="mt-3">
                <RegisterButton protocol={protocol} />
              </div>
            ) : null}
          </div>
          <ProtocolFacts protocol={protocol} />
        </li>
      ))}
    </ul>
  );
}

/** What a protocol fixes before its seeds exist. */
export function ProtocolFacts({ protocol }: { protocol: Protocol }) {
  return (
    <Facts
      entries={[
        ['Subject', protocol.subject.name],
        [
          'Evaluated on',
          `${protocol.evaluation.data}, ${protocol.evaluation.split} split, ${protocol.evaluation.items} items`,
        ],
        [
          'Arms',
          <ul key="arms" className="m-0 list-none p-0">
            {protocol.arms.map((arm) => (
              <li key={arm.id}>
                {arm.label}{' '}
                <span className="text-ink-faint">
                  ({arm.subject ? `${arm.role}, on ${arm.subject.name}` : arm.role})
                </span>
              </li>
            ))}
          </ul>,
        ],
        [
          'Parts',
          <ul key="parts" className="m-0 list-none p-0">
            {protocol.parts.map((part) => (
              <li key={part.id}>{part.statement}</li>
            ))}
          </ul>,
        ],
        ['Decides', protocol.parts.length > 1 ? quantifierRule(protocol.quantifier) : null],
        ['Controls', protocol.controls.map((control) => control.kind).join(', ')],
        [
          'Tuning',
          protocol.tuning
            ? `${protocol.tuning.values.length} learning rates × ${protocol.tuning.seeds} seeds for every arm`
            : 'nothing to tune',
        ],
        ['Plan', planWords(protocol.plan)],
        ['Expected time', `about ${duration(protocol.expectedSeconds)} on two cores`],
      ]}
    />
  );
}

/** Registers a protocol and runs it, after showing what that starts. */
export function RegisterButton({ protocol, again = false }: { protocol: Protocol; again?: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant={again ? 'plain' : 'primary'} onClick={() => setOpen(true)}>
        <Play aria-hidden="true" size={13} /> {again ? 'Register again' : 'Register and run'}
      </Button>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title="Register this protocol and run it?"
        description="The protocol is frozen and hashed now; only then its seeds are revealed. Its verdict is kept, whatever it is. Registering it again later adds to the same evidence and never replaces it."
      >
        <Registration protocol={protocol} close={() => setOpen(false)} />
      </Dialog>
    </>
  );
}

function Registration({ protocol, close }: { protocol: Protocol; close: () => void }) {
  const router = useRouter();
  const client = useQueryClient();
  const [request] = useState(() => ({ kind: 'protocol', protocolId: protocol.id }) as const);
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const plan = useQuery(experimentPlan(request));
  const submit = useMutation({
    mutationFn: () => submitExperiment(request, idempotencyKey),
    onSuccess: (experiment) => {
      void client.invalidateQueries({ queryKey: ['experiments'] });
      void client.invalidateQueries({ queryKey: ['claims', 'view', protocol.claim] });
      router.push(`/experiments/${experiment.id}`);
    },
  });
  const failure = submit.error ?? plan.error;
  return (
    <div className="mt-4">
      {plan.data ? (
        <Facts
          className="tabular"
          entries={[
            ['Protocol', protocol.id],
            ['Runs now', `${plan.data.runs}${plan.data.reused > 0 ? `, ${plan.data.reused} already measured` : ''}`],
            ['At most', `${plan.data.atMostRuns} with later looks`],
            ['Wall time', `about ${duration(plan.data.wallSeconds)} with the workers connected`],
          ]}
        />
      ) : plan.isPending && !plan.error ? (
        <Loading lines={3} label="Planning" />
      ) : null}
      {plan.data?.notes.map((note) => (
        <p key={note} className="mt-2 text-sm text-ink-soft">
          {note}
        </p>
      ))}
      {failure ? (
        <div className="mt-3">
          <ErrorState title={explain(failure).title} detail={explain(failure).detail} code={explain(failure).code} />
        </div>
      ) : null}
      <div className="mt-5 flex justify-end gap-2">
        <Button onClick={close}>Not now</Button>
        <Button variant="primary" disabled={submit.isPending || submit.isSuccess} onClick={() => submit.mutate()}>
          {submit.isPending || submit.isSuccess ? 'Registering…' : 'Register and run'}
        </Button>
      </div>
    </div>
  );
}
