import {
  AppError,
  type BackendName,
  canonicalJson,
  hashOf,
  isEncoderSubject,
  type Part,
  type Protocol,
  RegisteredProtocol,
  type SubjectSpec,
  type SubjectTemplate,
} from '@claimbench/contracts';
import { checkExampleData } from '../plan/example-data.ts';
import { checkProbes } from '../plan/probes.ts';
import { checkFit, checkTiming, completeSpec, resolveTechnique } from '../plan/technique.ts';
import type { Resources } from '../resources.ts';
import { findDataSet, findSubject, trainedSubjects } from '../subjects/subjects.ts';
import { RULE_VERSION } from '../verdicts/index.ts';
import { protocolArms, subjectTemplate } from './arms.ts';

/**
 * What a protocol must have besides the corpus's own checks: techniques that exist, take their parameters and fit the subject,
 * parts that name arms and fit their template, controls. Throws AppError; start-up calls it for every protocol.
 */
export function checkProtocol(protocol: Protocol): void {
  const arms = protocolArms(protocol);
  const refuse = (path: string, message: string): never => {
    throw new AppError('invalid-request', `protocol ${protocol.id}: ${path}: ${message}`, {
      errors: [{ path, message }],
    });
  };
  // Listing them counts the parameters of each: once a protocol, not for each of its arms.
  const resources = { subjects: trainedSubjects(), dataSets: [] };
  const named = (template: SubjectTemplate) => findSubject(template, resources);
  checkArmSubjects(protocol, named, refuse);
  const data = { name: protocol.evaluation.data };
  for (const { arm, technique, spec, timed } of arms) {
    for (const template of [subjectTemplate(protocol, arm), protocol.secondSubject]) {
      if (!template || template.kind === 'checkpoint') continue;
      const subject = named(template);
      checkExampleData({ subject, evaluation: { ...protocol.evaluation, data } });
      checkFit(technique, subject);
      checkProbes({ subject, technique: spec, evaluation: { ...protocol.evaluation, data } });
      if (timed) checkTiming({ technique: spec, timing: protocol.timing, subject });
    }
  }
  if (protocol.tuning && protocol.subject.kind === 'checkpoint') {
    refuse('tuning', `${protocol.subject.name} is trained already; there is no rate to tune`);
  }
  if (protocol.scope === 'recipe' && protocol.subject.kind === 'checkpoint') {
    refuse('scope', 'a single checkpoint speaks for itself, not for its recipe: expected checkpoint');
  }
  const ids = new Set(protocol.arms.map((arm) => arm.id));
  const checkPart = (part: Part, path: string) => {
    for (const { arm } of part.contrast.terms) {
      if (!ids.has(arm)) refuse(path, `no arm is called ${arm}; arms: ${[...ids].join(', ')}`);
    }
    if (part.margin.kind === 'relative' && !ids.has(part.margin.of)) refuse(path, `no arm is called ${part.margin.of}`);
    if ((part.template === 'count') !== (part.counted !== null)) {
      refuse(path, 'the template count, and only it, holds the contrast against a counted claim');
    }
    const signs = part.contrast.terms.map(({ coefficient }) => coefficient);
    if (part.template === 'rate' && signs.some((sign, i) => sign !== (i % 2 === 0 ? 1 : -1))) {
      refuse(path, 'a rate compares pairs of arms: coefficients 1, -1, 1, -1, ...');
    }
    if (part.template === 'rate' && signs.length % 2 === 1) refuse(path, 'a rate compares pairs of arms; one is alone');
  };
  for (const [i, part] of protocol.parts.entries()) checkPart(part, `parts.${i}`);
  for (const [i, part] of protocol.premises.entries()) checkPart(part, `premises.${i}`);
  for (const [i, control] of protocol.controls.entries()) {
    if (control.part) checkPart(control.part, `controls.${i}.part`);
    if (control.kind !== 'bit' && !control.part) refuse(`controls.${i}`, `a ${control.kind} control needs a part`);
    if (control.kind !== 'bit') continue;
    const repeat = arms.find(({ arm }) => arm.id === control.arm && arm.seeds === 'repeat');
    if (!repeat) refuse(`controls.${i}.arm`, 'a bit control names an arm with the seeds repeat');
    else if (!repeatedArm(protocol, repeat.arm.id)) refuse(`controls.${i}.arm`, 'it repeats no arm with shared seeds');
  }
}

/** Arms of one block are compared item by item, and at one size: their subjects read the same text in the same windows. */
function checkArmSubjects(
  protocol: Protocol,
  named: (template: SubjectTemplate) => SubjectSpec,
  refuse: (path: string, message: string) => never,
): void {
  for (const [i, { id, subject: template }] of protocol.arms.entries()) {
    if (!template) continue;
    if (protocol.subject.kind === 'checkpoint') {
      refuse(
        `arms.${i}.subject`,
        `the arms of a checkpoint are judged on ${protocol.subject.name} alone: leave it out`,
      );
    }
    if (protocol.subject.kind === 'classifier') {
      refuse(`arms.${i}.subject`, `no decoder is compared with the classifier ${protocol.subject.name}: leave it out`);
    }
    if (protocol.secondSubject) {
      refuse('secondSubject', `the arm ${id} has a subject of its own, which has no second size: expected null`);
    }
    const [own, common] = [template, protocol.subject].map((name) => readingOf(named(name), protocol));
    if (own !== common) {
      const message = `arms are compared on the same items: ${template.name} reads ${own}, and ${protocol.subject.name} ${common}`;
      refuse(`arms.${i}.subject`, message);
    }
  }
}

/** How a recipe reads a text, in words. */
function readingOf(subject: SubjectSpec, { evaluation }: Protocol): string {
  if (subject.kind !== 'recipe') throw new RangeError(`${subject.name} is no recipe`);
  const { tokenizer, architecture, data } = subject;
  const window = evaluation.windowTokens ?? architecture.contextLength;
  const unit = tokenizer.kind === 'byte' ? 'bytes' : `tokens, ${tokenizer.vocabularySize} of them from ${data.name}`;
  return `windows of ${window} ${unit}${isEncoderSubject(subject) ? ', some of them masked' : ''}`;
}

/** The arm with shared seeds that an arm with the seeds `repeat` executes again. */
export function repeatedArm(protocol: Protocol, repeatId: string): string | undefined {
  const arms = protocolArms(protocol);
  const repeat = arms.find(({ arm }) => arm.id === repeatId);
  return arms.find(
    ({ arm, technique }) =>
      arm.seeds === 'shared' &&
      arm.learningRate === repeat?.arm.learningRate &&
      canonicalJson(subjectTemplate(protocol, arm)) === canonicalJson(subjectTemplate(protocol, repeat.arm)) &&
      technique.id === repeat.technique.id &&
      JSON.stringify(technique.parameters) === JSON.stringify(repeat.technique.parameters),
  )?.arm.id;
}

/** The subjects that a protocol names, each with its complete spec. Throws AppError `unknown-subject`. */
export function resolvedSubjects(
  { subject, secondSubject, arms }: Protocol,
  resources: Resources,
): Pick<RegisteredProtocol, 'subject' | 'secondSubject' | 'armSubjects'> {
  const named = arms.flatMap((arm) => arm.subject ?? []);
  const armSubjects = Object.fromEntries(named.map((template) => [template.name, findSubject(template, resources)]));
  return {
    subject: findSubject(subject, resources),
    secondSubject: secondSubject && findSubject(secondSubject, resources),
    ...(named.length > 0 ? { armSubjects } : {}),
  };
}

/**
 * Freezes a protocol: names resolved to hashes, defaults written out, the rule's version noted. The hash of the result is what
 * seeds are drawn from, so nothing of it can follow from its seeds.
 */
export async function registerProtocol(
  protocol: Protocol,
  resources: Resources,
  options: { backend?: BackendName } = {},
): Promise<{ registered: RegisteredProtocol; protocolHash: string }> {
  checkProtocol(protocol);
  const arms = protocolArms(protocol);
  const registered = RegisteredProtocol.parse({
    ruleVersion: RULE_VERSION,
    protocol: {
      ...protocol,
      backend: options.backend ?? protocol.backend,
      arms: arms.map(({ arm, spec }) => ({ ...arm, technique: spec })),
      ...(protocol.timing
        ? { timing: { ...protocol.timing, against: completeSpec(resolveTechnique(protocol.timing.against)) } }
        : {}),
    },
    ...resolvedSubjects(protocol, resources),
    evaluation: { ...protocol.evaluation, data: findDataSet(protocol.evaluation.data, resources) },
  } satisfies RegisteredProtocol);
  return { registered, protocolHash: await hashOf(registered) };
}
