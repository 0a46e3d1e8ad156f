import { Refusal, Temporal } from '../base/index.ts';
import { cite } from './cite.ts';
import { unknownNames } from './coverage.ts';
import { PolicyError } from './errors.ts';
import { openPolicies, type PolicyFile, type Reader } from './files.ts';
import { createLaw } from './load.ts';
import { type Pack, readPack } from './pack.ts';
import { type AskedCase, told } from './sentence.ts';
import { anchorOf, describeValue, endOf, stepOf } from './term.ts';
import type { CheckReport, Incident, Law, LawStep, Operator, ProtectedSystem, Rule } from './types.ts';
import { walk } from './walk.ts';

/** One sentence of a `*.test.yaml`: what happened when, and what follows. */
export interface PolicyCase extends AskedCase {
  name: string;
  rule?: string; // this rule alone
  duty?: string; // the whole resolution of a duty
  keep?: string; // … of a category
  effective?: 'document' | 'price';
  lint?: string; // is this finding there on the day `on`?
  list?: string; // the list of this rule on the day `on`
  incident?: Incident; // the part it falls under on the day `on`
  protection?: ProtectedSystem; // the level it needs on the day `on`
  ori_status?: Operator['oriStatus']; // as if the operator had this status
  on?: string;
  as_of?: string;
  given?: Record<string, string>; // one fact and when it happened: a day or an instant with its offset
  extended?: boolean | string;
  erased?: string; // the day on which the person's profile goes
  hold?: { from: string; until: string }[];
  expect: Partial<Record<Expected, Wanted>>;
}
type Wanted = string | number | boolean | null | readonly (string | number)[];
type Expected =
  | 'due_on'
  | 'late_from'
  | 'may_from'
  | 'outer_on'
  | 'keep_until'
  | 'destroy_from'
  | 'destroy_by'
  | 'effective_on'
  | 'winner'
  | 'finding'
  | 'kopecks'
  | 'decision'
  | 'allowed'
  | 'reason'
  | 'from'
  | 'valid'
  | 'received_on'
  | 'accepted'
  | 'notices'
  | 'resets_at'
  | 'paid_until'
  | 'suspended_from'
  | 'part'
  | 'fine'
  | 'level'
  | 'count'
  | 'has'
  | 'lacks'
  | 'certainty'
  | 'asks'
  | 'refused'
  | 'period'
  | 'clause';

/** Words whose answers are instants: the same moment in another offset is the same. */
const instants: readonly Expected[] = ['late_from', 'resets_at', 'suspended_from'];

type Day = Temporal.PlainDate;

/** A case in its place, ready to be run: `run` gives what does not hold, or null. */
export interface PlacedCase {
  case: PolicyCase;
  file: string;
  line: number;
  run(): string | null;
}

/**
 * Checks the packs: shape, references, meaning, the sentences beside the rules, and a walk over every day on which a
 * value begins or ends (the day before, on it, after it).
 *
 * @param operators the packs to check; all there are when left out
 */
export async function checkPolicies(root: URL | string, operators?: readonly string[]): Promise<CheckReport> {
  const report: CheckReport = { files: 0, cases: 0, problems: [] };
  const note = (error: unknown) => {
    if (!(error instanceof PolicyError)) throw error;
    if (!report.problems.some((known) => known.message === error.message)) report.problems.push(error);
  };
  let reader: Reader;
  let names: readonly string[];
  try {
    reader = await openPolicies(root, { carefully: true });
    names = operators ?? (await reader.operators());
  } catch (error) {
    note(error);
    return report;
  }
  for (const [index, name] of names.entries()) {
    try {
      const pack = await readPack(root, name, reader);
      report.files += index === 0 ? pack.fileCount : (await reader.list(`operators/${name}`)).length;
      for (const problem of walk(pack)) note(problem);
      const files = await caseFiles(reader, name, index === 0);
      report.files += files.length;
      for (const file of files) {
        for (const placed of casesOf(file, pack)) {
          report.cases++;
          const wrong = placed.run();
          if (wrong) note(new PolicyError(placed.file, placed.line, `«${placed.case.name}»: ${wrong}`));
        }
      }
    } catch (error) {
      note(error);
    }
  }
  try {
    for (const problem of await unknownNames(reader)) note(problem);
  } catch (error) {
    note(error);
  }
  return report;
}

/** The sentences beside the rules of the laws and of one operator, for a test runner. @throws PolicyError */
export async function readCases(root: URL | string, operator: string): Promise<PlacedCase[]> {
  const reader = await openPolicies(root);
  const pack = await readPack(root, operator, reader);
  const files = await caseFiles(reader, operator, true);
  return files.flatMap((file) => casesOf(file, pack));
}

async function caseFiles(reader: Reader, operator: string, withLaws: boolean): Promise<PolicyFile[]> {
  const folders = [...(withLaws ? ['laws', 'calendars', 'taxonomy'] : []), `operators/${operator}`];
  const paths = (await Promise.all(folders.map((folder) => reader.list(folder, true)))).flat();
  return Promise.all(paths.map((path) => reader.read(path, 'cases.schema.json')));
}

function casesOf(file: PolicyFile, whole: Pack): PlacedCase[] {
  const pack = file.path.startsWith('laws/') ? lawAlone(whole) : whole;
  const law = createLaw(pack);
  return (file.data as PolicyCase[]).map((one, index) => ({
    case: one,
    file: file.name,
    line: file.lineOf([index]),
    run() {
      if (!one.ori_status) return inTime(() => runCase(one, law, pack));
      const other = { ...pack, operator: { ...pack.operator, oriStatus: one.ori_status } };
      return inTime(() => runCase(one, createLaw(other), other));
    },
  }));
}

/** A day that does not exist is a fault of the sentence that names it. */
function inTime(run: () => string | null): string | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** What stands beside the law speaks of the law: it holds whatever an operator has promised or chosen. */
function lawAlone(pack: Pack): Pack {
  const ofLaw = (groups: Map<string, Rule[]>) =>
    new Map([...groups].map(([key, rules]) => [key, rules.filter((rule) => rule.layer === 'law')] as const));
  return { ...pack, byDuty: ofLaw(pack.byDuty), byCategory: ofLaw(pack.byCategory), scheduleOf: new Map() };
}

/** Runs one sentence. Gives what does not hold, in words; null when all of it holds. */
function runCase(one: PolicyCase, law: Law, pack: Pack): string | null {
  const [fact, when] = Object.entries(one.given ?? {})[0] ?? [];
  if (fact && !pack.facts.has(fact)) return `there is no fact "${fact}"`;
  let found: Partial<Record<Expected, Wanted>>;
  try {
    found = answer(one, when ? moment(when) : null, law, pack);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (one.expect.refused === undefined) return `refused: ${error.code}`;
    found = { refused: error.code };
  }
  for (const [key, wanted] of Object.entries(one.expect) as [Expected, Wanted][]) {
    const got = found[key] ?? null;
    const same = instants.includes(key)
      ? sameInstant(got, wanted)
      : key === 'clause'
        ? plain(got).includes(plain(wanted))
        : key === 'has' || key === 'lacks'
          ? String(got).split('; ').includes(String(wanted)) === (key === 'has')
          : plain(got) === plain(wanted);
    if (!same) return `${key}: expected ${wanted}, found ${got}`;
  }
  return null;
}

function answer(one: PolicyCase, from: Day | Temporal.Instant | null, law: Law, pack: Pack): ReturnType<typeof steps> {
  const asOf = one.as_of ? { asOf: Temporal.PlainDate.from(one.as_of) } : {};
  if (one.lint) {
    const id = one.lint;
    const day = Temporal.PlainDate.from(one.on as string);
    return { finding: law.lint(day).some((finding) => finding.id === id || finding.inventory.includes(id)) };
  }
  if (one.list || one.incident || one.protection) return classed(one, law);
  const found = told(one, law);
  if (found) return found;
  if (!from) throw new Refusal('case.incomplete', 'invalid', { message: 'the case gives no fact' });
  if (one.effective) {
    const { effectiveOn, because } = law.effective(one.effective, from as Day);
    return steps({ effective_on: effectiveOn }, because.winner);
  }
  if (one.keep) {
    const hold = one.hold?.map((span) => ({
      from: Temporal.PlainDate.from(span.from),
      until: Temporal.PlainDate.from(span.until),
    }));
    const erasedOn = one.erased ? { erasedOn: Temporal.PlainDate.from(one.erased) } : {};
    const keep = law.keep(one.keep, { from, ...asOf, ...erasedOn, ...(hold ? { hold } : {}) });
    return steps(
      {
        keep_until: keep.keepUntil,
        destroy_from: keep.destroyFrom,
        destroy_by: keep.destroyBy,
        outer_on: keep.outerOn,
        asks: keep.doubt?.finding ?? null,
      },
      keep.because.winner,
    );
  }
  if (one.duty) {
    const extended = typeof one.extended === 'string' ? moment(one.extended) : one.extended;
    const due = law.due(one.duty, {
      from,
      ...asOf,
      ...(extended === undefined ? {} : { extended }),
      ...(one.customer ? { customer: one.customer } : {}),
    });
    return steps(
      { due_on: due.dueOn, late_from: due.lateFrom, may_from: due.mayFrom, outer_on: due.outerOn },
      due.because.winner,
    );
  }
  const rule = law.rule(one.rule as string);
  const context = { calendar: law.calendar, zone: law.zone, rules: pack.rules };
  const known: { asOf?: Day; extendedOn?: Day | true } = { ...asOf };
  if (one.on) known.asOf = Temporal.PlainDate.from(one.on);
  if (one.extended) known.extendedOn = one.extended === true ? true : Temporal.PlainDate.from(one.extended);
  const end = endOf(rule, anchorOf(from, law.zone), context, known);
  if (!end) throw new Refusal('law.no-value', 'unavailable', { rule: rule.id });
  return {
    ...steps({ due_on: end.last, keep_until: end.last, late_from: end.lateFrom }, stepOf(end, end.last)),
    period: describeValue(rule, end.value),
  };
}

/** What a list says on a day, which part an incident falls under, which level a system needs. */
function classed(one: PolicyCase, law: Law): Partial<Record<Expected, Wanted>> {
  const on = Temporal.PlainDate.from(one.on as string);
  if (one.list) {
    const { cite: place, items } = law.value(one.list, on);
    const points = (items ?? []).map((item) => item.point).join('; ');
    return { count: items?.length ?? 0, has: points, lacks: points, clause: cite(place, 'ru') };
  }
  if (one.protection) {
    const { level, because } = law.protectionLevel(one.protection, on);
    return { level, ...steps({}, because.winner) };
  }
  const found = law.incidentClass(one.incident as Incident, on);
  if (!found) return { part: null };
  return { part: found.part, fine: found.because.winner.value, ...steps({}, found.because.winner) };
}

function steps(
  days: Partial<Record<Expected, { toString(): string } | null>>,
  winner: LawStep,
): Partial<Record<Expected, Wanted>> {
  const texts = Object.entries(days).map(([key, day]) => [key, day ? String(day) : null]);
  return {
    ...Object.fromEntries(texts),
    winner: winner.rule,
    period: winner.value,
    clause: cite(winner.cite, 'ru'),
    certainty: winner.cite.certainty,
  };
}

function moment(text: string): Day | Temporal.Instant {
  return text.includes('T') ? Temporal.Instant.from(text) : Temporal.PlainDate.from(text);
}

function sameInstant(got: unknown, wanted: unknown): boolean {
  if (typeof got !== 'string' || typeof wanted !== 'string') return got === wanted;
  return Temporal.Instant.from(got).equals(Temporal.Instant.from(wanted));
}

function plain(value: unknown): string {
  return String(value).replaceAll('\u00a0', ' ');
}
