import { Temporal } from '../../base/index.ts';
import type { Pack, Settlement } from '../pack.ts';
import type { Finding, LintKnown, Severity } from '../types.ts';
import { bundledConsents, purposesWithoutConsent, repealedGrounds, unknownGrounds } from './consents.ts';
import { calendarsMissing, doubtfulValues, endedActs, reviewsDue, unconfirmedValues } from './currency.ts';
import { editionsTooSoon, editionsWithoutEffect, noticesWithoutChannel, requestWaysNarrow } from './documents.ts';
import { contradictions, type Found, type LintRule, quote, sampleDays } from './lint.ts';
import { placesToFill } from './placeholders.ts';
import { chainsWithoutEnd, dutiesNeverOpened, startsNeverMet, valuesNeverApplied } from './reach.ts';
import { externalTerms, instructionsIncomplete, recipientsAbroad, recipientsUndisclosed } from './recipients.ts';
import { clausesThatAreNotThere, documentsThatAreNotThere, purposesThatAreNotThere } from './references.ts';
import {
  categoriesWithoutBasis,
  categoriesWithoutPurpose,
  categoriesWithoutSchedule,
  ownAmounts,
  ownSchedules,
  purposesWithoutBasis,
  saidDepersonalised,
  schedulesNotEnforced,
} from './register.ts';
import { rightsNarrower, rightsUnnamed } from './rights.ts';
import { openStatus, registerNumberMissing, requisitesMissing, toolNotCertified } from './standing.ts';
import {
  ceilingsUnderFloors,
  documentsThatDiffer,
  looserPromises,
  startsThatDiffer,
  termsOverCeilings,
  termsUnderFloors,
} from './terms.ts';

type Day = Temporal.PlainDate;

const order: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/**
 * Every kind of defect that is looked for. A contradiction of the rule inventory that several of them see is named by
 * the first: a defect declared in the pack, then in this order.
 */
const rules = {
  declared: ({ pack }) => pack.declared.map((finding) => ({ ...finding, clauses: finding.clauses.map(quote) })),
  'documents-differ': documentsThatDiffer,
  'starts-differ': startsThatDiffer,
  'promise-looser': looserPromises,
  'ceiling-under-floor': ceilingsUnderFloors,
  'schedule-under-floor': termsUnderFloors,
  'over-ceiling': termsOverCeilings,
  'right-narrower': rightsNarrower,
  'rights-unnamed': rightsUnnamed,
  'request-ways-narrow': requestWaysNarrow,
  'repealed-ground': repealedGrounds,
  'unknown-ground': unknownGrounds,
  'consent-bundled': bundledConsents,
  'consent-missing': purposesWithoutConsent,
  'no-basis': purposesWithoutBasis,
  'no-basis-for': categoriesWithoutBasis,
  'no-purpose': categoriesWithoutPurpose,
  'no-schedule': categoriesWithoutSchedule,
  'said-depersonalised': saidDepersonalised,
  'ori-status': openStatus,
  'own-schedule': ownSchedules,
  'own-amount': ownAmounts,
  'not-enforced': schedulesNotEnforced,
  'recipient-abroad': recipientsAbroad,
  'recipients-undisclosed': recipientsUndisclosed,
  'term-external': externalTerms,
  'instruction-incomplete': instructionsIncomplete,
  'edition-too-soon': editionsTooSoon,
  'edition-without-effect': editionsWithoutEffect,
  'no-channel': noticesWithoutChannel,
  'owner-must-fill': placesToFill,
  'requisites-missing': requisitesMissing,
  'rkn-number': registerNumberMissing,
  'destruction-tool': toolNotCertified,
  'act-ended': endedActs,
  'review-due': reviewsDue,
  certainty: doubtfulValues,
  unconfirmed: unconfirmedValues,
  'calendar-missing': calendarsMissing,
  'clause-missing': clausesThatAreNotThere,
  'purpose-missing': purposesThatAreNotThere,
  'document-missing': documentsThatAreNotThere,
  unreachable: dutiesNeverOpened,
  'start-never-met': startsNeverMet,
  'value-never-applied': valuesNeverApplied,
  'chain-without-end': chainsWithoutEnd,
} satisfies Record<string, LintRule>;

/** The kinds of defect that are looked for, and of settlements that do not hold. */
export const lintRules: readonly string[] = [
  ...Object.keys(rules),
  'settlement-without-finding',
  'settlement-doubled',
  'settlement-in-future',
];

/**
 * What is wrong, open or doubtful in the packs as of a day: computed from the data where it can be, and the declared
 * defects of wording. A settled finding stays in the list; a settlement that does not hold is an error of its own.
 */
export function findingsOf(pack: Pack, today: Day, known: LintKnown = {}): Finding[] {
  const lint = { pack, today, known, days: sampleDays(pack, today) };
  const found = Object.values(rules as Record<string, LintRule>).map((look) => look(lint));
  const findings = namedOnce(found).map((finding) => decided(finding, pack.settlements, today));
  return [...findings, ...brokenSettlements(pack.settlements, findings, today)].sort(
    (a, b) => order[a.severity] - order[b.severity] || (a.id < b.id ? -1 : 1),
  );
}

/** A contradiction belongs to the first kind of defect that names it. */
function namedOnce(kinds: readonly Found[][]): Found[] {
  const taken = new Set<string>();
  return kinds.flatMap((found) => {
    const own = found.map((finding) => ({
      ...finding,
      inventory: finding.inventory.filter((id) => !taken.has(id) || contradictions([id]).length === 0),
    }));
    for (const { inventory } of own) for (const id of inventory) taken.add(id);
    return own;
  });
}

/** A decision holds from its day on, and only while it is the only one. */
function decided(finding: Found, settlements: readonly Settlement[], today: Day): Finding {
  const [one, ...more] = settlements.filter((settlement) => settlement.finding === finding.id);
  if (!one || more.length > 0 || Temporal.PlainDate.compare(one.on, today) > 0) return { ...finding, settled: false };
  return { ...finding, settled: true, settle: `${one.by}, ${one.on}: ${one.reason}` };
}

function brokenSettlements(settlements: readonly Settlement[], findings: readonly Finding[], today: Day): Finding[] {
  return [...new Set(settlements.map((one) => one.finding))].flatMap((id) => {
    const all = settlements.filter((one) => one.finding === id);
    const said = all.map((one) => `settles.yaml: ${one.by}, ${one.on}`);
    const problem = (kind: string, why: string, settle: string): Finding => ({
      ...{ id: `${kind}.${id}`, inventory: [], severity: 'error', rule: id, clauses: said, settled: false },
      ...{ apply: 'Решение не применяется.', why, settle },
    });
    if (!findings.some((finding) => finding.id === id)) {
      return problem(
        'settlement-without-finding',
        'Замечания, к которому относится это решение, больше нет.',
        'Удалите решение из settles.yaml.',
      );
    }
    if (all.length > 1) {
      return problem(
        'settlement-doubled',
        'Об одном замечании принято больше одного решения.',
        'Оставьте в settles.yaml одно решение.',
      );
    }
    if (all.some((one) => Temporal.PlainDate.compare(one.on, today) > 0)) {
      return problem(
        'settlement-in-future',
        'Решение датировано днём, который ещё не наступил.',
        'Исправьте день решения в settles.yaml.',
      );
    }
    return [];
  });
}
