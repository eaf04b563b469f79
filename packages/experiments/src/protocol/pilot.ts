import type { RegisteredProtocol } from '@claimbench/contracts';
import { standardDeviation } from '../statistics/index.ts';
import { blocksAfterPilot, FIXED_LEVEL, type Look, looksOf, PILOT_BLOCKS } from '../verdicts/index.ts';
import type { ProtocolArm } from './arms.ts';
import { pilotDrafts, type Rates, type SeedlessDraft } from './drafts.ts';
import { type History, pilotKey } from './history.ts';
import { contrastsOf, marginOf } from './judge-part.ts';

export type PilotState =
  | { readonly done: false; readonly drafts: SeedlessDraft[] }
  | { readonly done: true; readonly looks: readonly Look[]; readonly underpowered: boolean };

/**
 * When a protocol looks. With the plan `pilot`: after three blocks of seeds of their own, which are never judged, at as many blocks
 * as their spread asks for. The part that needs most decides; rates, exact parts and counts have no spread to plan with.
 */
export function pilotState(
  registered: RegisteredProtocol,
  arms: readonly ProtocolArm[],
  rates: Rates,
  history: History,
): PilotState {
  const { plan, parts } = registered.protocol;
  if (plan.name !== 'pilot') return { done: true, looks: looksOf(plan), underpowered: false };
  const drafts = pilotDrafts(registered, arms, rates).filter((draft) => !history.outcome(draft.arm, draft.block));
  if (drafts.length > 0) return { done: false, drafts };
  const blocks = Array.from({ length: PILOT_BLOCKS }, (_, block) => block);
  const outcomes = new Map(
    arms.map(({ arm }) => [
      arm.id,
      new Map(
        blocks.flatMap((block) => {
          const outcome = history.outcome(pilotKey(arm.id), block);
          return outcome ? [[block, outcome] as const] : [];
        }),
      ),
    ]),
  );
  const findings = parts.flatMap((part) => {
    if (part.template === 'rate' || part.template === 'exact' || part.template === 'count') return [];
    const sd = standardDeviation(contrastsOf(part, outcomes, blocks));
    return [blocksAfterPilot(sd, marginOf(part, { outcomes, blocks }), part.template, plan.most)];
  });
  const most = findings.length === 0 ? plan.most : Math.max(...findings.map((finding) => finding.blocks));
  return {
    done: true,
    looks: [{ blocks: most, level: FIXED_LEVEL }],
    underpowered: findings.some(({ underpowered }) => underpowered),
  };
}
