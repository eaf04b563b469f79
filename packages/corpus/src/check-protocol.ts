import {
  type Arm,
  type ClaimKind,
  canonicalJson,
  type MetricName,
  type Paper,
  type Part,
  PROBE_OF_METRIC,
  Protocol,
  type Template,
} from '@claimbench/contracts';
import { paperPath } from './check-paper.ts';
import { type Checked, checkShape } from './check-shape.ts';
import type { CorpusFile, CorpusIssue } from './corpus-file.ts';

/** Templates by which a kind may be decided (docs/method.md, section 1). A kind without one has no protocol. */
const TEMPLATES: Record<ClaimKind, readonly Template[]> = {
  superiority: ['greater'],
  'no-loss': ['not-worse'],
  equivalence: ['within'],
  ordering: ['greater'],
  frontier: ['greater', 'within', 'not-worse'],
  trend: ['greater'],
  interaction: ['greater', 'within'],
  threshold: ['not-worse', 'greater'],
  'gap-closure': ['greater'],
  stability: ['rate'],
  dispersion: ['greater'],
  'contrast-within': ['greater'],
  'share-or-shape': ['greater'],
  association: ['greater'],
  law: ['greater'],
  identity: ['exact'],
  theorem: ['exact'],
  count: ['count'],
  speed: ['greater', 'not-worse', 'within'],
  'time-to-target': ['greater'],
  construction: ['exact', 'count'],
  generality: ['greater', 'not-worse', 'within'],
  level: ['within'],
  context: [],
};

/** Longest expected time of a scale on two cores, in seconds; `full` has none. */
const SCALE_SECONDS = { quick: 120, standard: 1200, full: Number.POSITIVE_INFINITY } as const;

/** Where a protocol's file stands: beside its paper, in a folder of the paper's name. */
export function protocolPath(paper: Pick<Paper, 'family' | 'number' | 'slug'>, protocolId: string): string {
  return `${paperPath(paper).replace(/\.json$/, '.protocols')}/${protocolId}.json`;
}

/**
 * One protocol against the claim that it tests: its shape and place, the names inside it, its controls and its rule. What needs
 * the techniques, subjects and data sets of the project is checked by `checkVocabulary`.
 */
export function checkProtocol(file: CorpusFile, papers: readonly Paper[]): Checked<Protocol> {
  const checked = checkShape(file, Protocol);
  if (checked.value === null) return checked;
  const protocol = checked.value;
  const issues: CorpusIssue[] = [];
  const report = (field: string, message: string) => issues.push({ file: file.path, field, message });

  checkClaim(protocol, file, papers, report);
  checkSubjects(protocol, report);
  checkArms(protocol, report);
  protocol.premises.forEach((premise, index) => {
    checkPart(premise, `premises.${index}`, protocol, ['shared'], report);
  });
  protocol.parts.forEach((part, index) => {
    checkPart(part, `parts.${index}`, protocol, ['shared'], report);
  });
  checkRule(protocol, report);
  checkTiming(protocol, report);
  checkControls(protocol, report);
  checkUnused(protocol, report);

  const limit = SCALE_SECONDS[protocol.scale];
  if (protocol.expectedSeconds > limit) {
    report(
      'expectedSeconds',
      `the scale ${protocol.scale} takes at most ${limit} s, found ${protocol.expectedSeconds} s`,
    );
  }
  if (protocol.tuning && protocol.evaluation.split !== 'test') {
    report('evaluation.split', 'learning rates are chosen on validation, so a tuned protocol is judged on test');
  }
  return issues.length > 0 ? { value: null, issues } : checked;
}

type Report = (field: string, message: string) => void;

function checkClaim(protocol: Protocol, file: CorpusFile, papers: readonly Paper[], report: Report): void {
  const paper = papers.find((p) => p.claims.some((claim) => claim.id === protocol.claim));
  const claim = paper?.claims.find((c) => c.id === protocol.claim);
  if (!paper || !claim) {
    report('claim', `no paper of the corpus makes the claim ${protocol.claim}`);
    return;
  }
  if (!protocol.id.startsWith(`${protocol.claim}-${protocol.scale}`)) {
    report('id', `expected ${protocol.claim}-${protocol.scale}, or that with a suffix, found ${protocol.id}`);
  }
  const place = protocolPath(paper, protocol.id);
  if (file.path !== place) report('', `the protocol ${protocol.id} stands in ${place}`);
  if (claim.kind === null) report('claim', `the claim ${claim.id} is outside the tested families`);
  else if (claim.kind !== protocol.kind) {
    report('kind', `the claim ${claim.id} is of kind ${claim.kind}, found ${protocol.kind}`);
  }
  if (!claim.unit)
    report('claim', `the claim ${claim.id} has no unit: what is measured of "${claim.metric}" is not said`);
  if (claim.testability?.at === 'not-here') {
    report('claim', `the claim ${claim.id} cannot be tested here: ${claim.testability.reason}`);
  }
}

function checkSubjects({ subject, secondSubject, grade, scope, arms }: Protocol, report: Report): void {
  if (secondSubject && canonicalJson(secondSubject) === canonicalJson(subject)) {
    report('secondSubject', 'is the subject itself: expected another size');
  }
  const ownSubject = arms.find((arm) => arm.subject);
  if (ownSubject && secondSubject) {
    const why = `the arm ${ownSubject.id} has a subject of its own, which has no second size`;
    report('secondSubject', `${why}: expected null`);
  }
  if (!secondSubject && grade === 'scaled-down' && scope === 'recipe') {
    const why = 'a scaled-down claim needs a second size: without one no contradiction can stand';
    if (!ownSubject) report('secondSubject', why);
    else report('grade', `${why}, and the arm ${ownSubject.id}, with a subject of its own, has none: mechanism-only`);
  }
  arms.forEach((arm, index) => {
    if (arm.subject && canonicalJson(arm.subject) === canonicalJson(subject)) {
      report(`arms.${index}.subject`, 'is the subject of the protocol: leave it out');
    }
  });
  if (arms.every((arm) => arm.subject)) report('subject', `no arm is run on ${subject.name}: each has its own`);
}

function checkArms(protocol: Protocol, report: Report): void {
  const seen = new Map<string, string>();
  const ids = new Set<string>();
  protocol.arms.forEach((arm, index) => {
    if (ids.has(arm.id)) report(`arms.${index}.id`, `two arms are called ${arm.id}`);
    ids.add(arm.id);
    const runs = canonicalJson({ ...modelOf(arm), seeds: arm.seeds });
    const twin = seen.get(runs);
    if (twin) {
      report(`arms.${index}`, `is the same as the arm ${twin}: equal subject, technique, parameters, rate and seeds`);
    }
    seen.set(runs, arm.id);
  });
  for (const role of ['baseline', 'technique'] as const) {
    if (!protocol.arms.some((arm) => arm.role === role)) report('arms', `no arm has the role ${role}`);
  }
}

/** What two arms share where one repeats the other under its own or other seeds. */
function modelOf({ technique, learningRate, subject }: Arm) {
  return { technique, learningRate, subject: subject ?? null };
}

/** `seeds`: which arms the contrast may use. A verdict compares judged seeds alone; a negative control also others. */
function checkPart(part: Part, at: string, protocol: Protocol, seeds: readonly string[], report: Report): void {
  const named = new Set<string>();
  part.contrast.terms.forEach((term, index) => {
    const field = `${at}.contrast.terms.${index}`;
    const arm = protocol.arms.find((a) => a.id === term.arm);
    if (!arm) report(`${field}.arm`, unknownArm(term.arm, protocol));
    else if (!seeds.includes(arm.seeds))
      report(`${field}.arm`, `the arm ${arm.id} has the seeds "${arm.seeds}": expected ${seeds.join(' or ')}`);
    // One arm may stand for two groups of its own, each with its metric.
    const name = `${term.arm} ${term.metric ?? part.contrast.metric}`;
    if (named.has(name)) report(`${field}.arm`, `the arm ${term.arm} is named twice in one contrast`);
    named.add(name);
    checkProbed(term.metric ?? part.contrast.metric, protocol, `${field}.metric`, report);
    if (term.coefficient === 0) report(`${field}.coefficient`, 'is 0: leave the term out');
  });
  checkShapeOf(part.contrast, `${at}.contrast`, report);
  if ((part.template === 'count') !== (part.counted !== null)) {
    report(`${at}.counted`, 'the template count, and only that one, is held against a counted number');
  }
  if (part.margin.kind === 'relative') {
    const of = part.margin.of;
    if (!protocol.arms.some((arm) => arm.id === of)) report(`${at}.margin.of`, unknownArm(of, protocol));
    const { scale, shape } = part.contrast;
    if (scale !== 'raw' || shape?.kind === 'dispersion' || shape?.kind === 'exponent') {
      report(`${at}.margin`, 'a contrast of logarithms has an absolute margin');
    }
  }
}

/** A metric of a probe exists only where the evaluation asks for it. */
function checkProbed(metric: MetricName, { evaluation }: Protocol, at: string, report: Report): void {
  const probe = PROBE_OF_METRIC[metric];
  if (probe === undefined || evaluation.probes?.some(({ kind }) => kind === probe)) return;
  report(at, `${metric} is measured by the probe ${probe}, which evaluation.probes does not ask for`);
}

/** Least numbers of doses, costs and levels (docs/method.md): with fewer there is no line, no curve and no spread. */
const LEAST = { trend: 4, exponent: 4, frontier: 4, dispersion: 5 } as const;

function checkShapeOf({ metric, terms, shape, plus }: Part['contrast'], at: string, report: Report): void {
  const isTimed = metric === 'timeRatio';
  const above = terms.filter(({ coefficient }) => coefficient > 0).length;
  const below = terms.filter(({ coefficient }) => coefficient < 0).length;
  if (!shape) {
    const sum = terms.reduce((total, term) => total + term.coefficient, 0);
    if (plus === undefined && !isTimed && Math.abs(sum) > 1e-9) {
      report(`${at}.terms`, `coefficients add up to ${sum}: a contrast compares, so they must add up to 0`);
    }
    if (terms.some(({ dose }) => dose !== undefined)) report(`${at}.terms`, 'a plain sum knows no doses');
    return;
  }
  const least = LEAST[shape.kind];
  if (shape.kind === 'frontier' || shape.kind === 'dispersion') {
    const what = shape.kind === 'frontier' ? 'costs' : 'levels';
    if (above < least || below < least) {
      report(`${at}.terms`, `a ${shape.kind} needs ${least} ${what} on either side, found ${above} and ${below}`);
    }
    if (shape.kind === 'dispersion' && above !== below) {
      report(`${at}.terms`, `both sides have the same levels, found ${above} and ${below}`);
    }
    return;
  }
  terms.forEach(({ dose }, index) => {
    if (dose === undefined) report(`${at}.terms.${index}.dose`, `a ${shape.kind} needs a dose with every term`);
    else if (shape.kind === 'exponent' && dose <= 0) report(`${at}.terms.${index}.dose`, 'has no logarithm');
  });
  const doses = new Set(terms.map(({ dose }) => dose));
  if (doses.size < least) report(`${at}.terms`, `a ${shape.kind} needs ${least} doses, found ${doses.size}`);
  if (shape.kind === 'exponent' && above > 0 && below > 0) {
    report(`${at}.terms`, 'an exponent is fitted to one curve: all coefficients 1, or all -1');
  }
}

function unknownArm(id: string, protocol: Protocol): string {
  return `no arm is called ${id}; arms: ${protocol.arms.map((arm) => arm.id).join(', ')}`;
}

function checkRule(protocol: Protocol, report: Report): void {
  const allowed = TEMPLATES[protocol.kind];
  if (allowed.length === 0) report('kind', `claims of kind ${protocol.kind} have no verdict`);
  protocol.parts.forEach((part, index) => {
    if (allowed.length > 0 && !allowed.includes(part.template)) {
      report(
        `parts.${index}.template`,
        `a claim of kind ${protocol.kind} is decided by ${allowed.join(' or ')}, found ${part.template}`,
      );
    }
  });
  if (
    protocol.kind === 'threshold' &&
    !TEMPLATES.threshold.every((t) => protocol.parts.some((part) => part.template === t))
  ) {
    report(
      'parts',
      'a threshold needs a part that says where it holds (not-worse) and one that says where it fails (greater)',
    );
  }
  const single = protocol.parts.length === 1;
  if (single !== (protocol.quantifier === 'single')) {
    report('quantifier', single ? 'one part needs the quantifier single' : 'several parts need all, any or most');
  }
  repeated([...protocol.premises, ...protocol.parts].map((part) => part.id)).forEach((id) => {
    report('parts', `two parts are called ${id}`);
  });
}

/** What something faster may have to keep. */
const LOSSES: readonly MetricName[] = ['natsPerByte', 'natsPerToken', 'trainingLoss'];

/** Processes that a claim about speed is measured in at least: with fewer the noise guard refuses most sittings. */
const LEAST_PROCESSES = 8;

function checkTiming({ kind, timing, parts, plan }: Protocol, report: Report): void {
  const timed = parts.filter(({ contrast }) => contrast.metric === 'timeRatio');
  if (timing && timed.length === 0) report('timing', 'no part compares times: leave it out');
  if (!timing && timed.length > 0) report('timing', 'a part compares times, and nothing says against what');
  const lossless = parts.filter((part) => part.template === 'not-worse' && LOSSES.includes(part.contrast.metric));
  if (kind === 'speed' && timed.length + lossless.length < parts.length) {
    report(
      'parts',
      'a claim about speed is judged on timeRatio, and on losses that are not worse; counted things never share its verdict',
    );
  }
  if (!timing) return;
  timed.forEach(({ contrast: { terms, scale, shape } }) => {
    if (terms.length === 1 && terms[0]!.coefficient === 1 && scale === 'raw' && !shape) return;
    report('parts', 'a time ratio is a comparison already: one term with the coefficient 1');
  });
  if (plan.name !== 'fixed' || plan.blocks < LEAST_PROCESSES) {
    report('plan', `a claim about speed needs a fixed plan of ${LEAST_PROCESSES} processes or more`);
  }
}

function checkControls(protocol: Protocol, report: Report): void {
  repeated(protocol.controls.map((control) => control.id)).forEach((id) => {
    report('controls', `two controls are called ${id}`);
  });
  for (const kind of ['positive', 'negative', 'bit'] as const) {
    if (!protocol.controls.some((control) => control.kind === kind)) report('controls', `no ${kind} control`);
  }
  protocol.controls.forEach((control, index) => {
    const at = `controls.${index}`;
    if (control.kind === 'bit') {
      checkBitControl(control.arm, at, protocol, report);
      if (control.part) report(`${at}.part`, 'a bit control compares digests: expected null');
      return;
    }
    if (!control.part) {
      report(`${at}.part`, `a ${control.kind} control needs a part`);
      return;
    }
    checkPart(
      control.part,
      `${at}.part`,
      protocol,
      control.kind === 'negative' ? ['shared', 'other'] : ['shared'],
      report,
    );
    const usesOther = control.part.contrast.terms.some(
      (term) => protocol.arms.find((arm) => arm.id === term.arm)?.seeds === 'other',
    );
    if (control.kind === 'negative' && !usesOther) {
      report(
        `${at}.part.contrast`,
        'a negative control compares an arm with itself under other seeds: no arm has the seeds "other"',
      );
    }
  });
}

function checkBitControl(armId: string | null, at: string, protocol: Protocol, report: Report): void {
  const arm = protocol.arms.find((a) => a.id === armId);
  if (!arm) {
    report(
      `${at}.arm`,
      armId === null ? 'a bit control names an arm with the seeds "repeat"' : unknownArm(armId, protocol),
    );
    return;
  }
  if (arm.seeds !== 'repeat') report(`${at}.arm`, `the arm ${arm.id} has the seeds "${arm.seeds}": expected repeat`);
  const repeated = canonicalJson(modelOf(arm));
  if (!protocol.arms.some((a) => a.seeds === 'shared' && canonicalJson(modelOf(a)) === repeated)) {
    report(
      `${at}.arm`,
      `the arm ${arm.id} repeats nothing: no arm with shared seeds has its subject, technique and parameters`,
    );
  }
}

/** An arm that nothing reads would be run for nothing. */
function checkUnused(protocol: Protocol, report: Report): void {
  const used = new Set<string>();
  const controlled = protocol.controls.map((control) => control.part);
  for (const part of [...protocol.premises, ...protocol.parts, ...controlled]) {
    for (const term of part?.contrast.terms ?? []) used.add(term.arm);
  }
  for (const control of protocol.controls) if (control.arm !== null) used.add(control.arm);
  protocol.arms.forEach((arm, index) => {
    if (!used.has(arm.id)) report(`arms.${index}`, `the arm ${arm.id} is in no part and no control`);
  });
}

function repeated(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))];
}
