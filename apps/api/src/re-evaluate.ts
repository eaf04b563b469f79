/**
 * pnpm --filter @claimbench/api re-evaluate [--dry-run]
 *
 * Judges every verdict that older rules reached again by those of this build, from the stored outcomes, appends the results and lists
 * the flips. With --dry-run it writes nothing. Needs DATABASE_URL.
 */
import { parseArgs } from 'node:util';
import { readSettings } from '@claimbench/contracts';
import { createApplication } from './application.ts';
import { ExperimentReevaluation } from './experiment/experiment.reevaluation.ts';

const write = (line: string) => process.stdout.write(`${line}\n`);
const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
const settings = readSettings({ CLAIMBENCH_LOG_LEVEL: 'warn', ...process.env });
const app = await createApplication({ settings, reconcileEveryMs: null });
try {
  await app.init();
  const { ruleVersion, judged, flips } = await app
    .get(ExperimentReevaluation)
    .reevaluate({ dryRun: values['dry-run'] });
  const done = values['dry-run'] ? 'would be judged again' : 'judged again';
  write(`Rule ${ruleVersion}: ${judged} verdicts ${done}, ${flips.length} flipped.`);
  for (const { claim, protocolId, experimentId, from, to } of flips) {
    const side = ({ verdict, reason, ruleVersion: rule }: typeof from) => `${verdict} (${reason}, rule ${rule})`;
    write(`${claim} ${protocolId} ${experimentId}: ${side(from)} -> ${side(to)}`);
  }
} finally {
  await app.close();
}
