import { Refusal, Temporal } from '../base/index.ts';
import { amountOf } from './amount.ts';
import { incidentClassOf, protectionLevelOf } from './classes.ts';
import { applies, dueOf } from './due.ts';
import { openPolicies } from './files.ts';
import { findingsOf } from './findings/index.ts';
import { categoryOf, keepOf } from './keep.ts';
import { mayOf } from './may.ts';
import { type Pack, readPack } from './pack.ts';
import { planChangeOf } from './plan-change.ts';
import { purchaseOf } from './purchase.ts';
import { nearest } from './raw.ts';
import { receiptOf } from './receipt.ts';
import { groundsOn } from './repeal.ts';
import { summaryOf } from './summary.ts';
import { valueOn } from './term.ts';
import { thresholdOf } from './threshold.ts';
import type { DatedValue, DutyType, Law, LoadOptions, Rule } from './types.ts';

type Day = Temporal.PlainDate;

/**
 * Loads the law and one operator's pack from the folder `policies/`.
 * @throws PolicyError for the first thing that is wrong: file, line, reason; nothing is loaded in part
 */
export async function loadLaw(options: LoadOptions): Promise<Law> {
  return createLaw(await readPack(options.root, options.operator));
}

/**
 * Loads the law with the pack of every operator, or of those that are named; what they share is read once.
 * @returns by the operators' ids
 * @throws PolicyError as {@link loadLaw}: when one pack is wrong, none is loaded
 */
export async function loadLaws(options: {
  root: URL | string;
  operators?: readonly string[];
}): Promise<Map<string, Law>> {
  const reader = await openPolicies(options.root);
  const names = options.operators ?? (await reader.operators());
  const laws = new Map<string, Law>();
  for (const name of names) laws.set(name, createLaw(await readPack(reader.root, name, reader)));
  return laws;
}

/** The questions the house asks of a merged pack. */
export function createLaw(pack: Pack): Law {
  const rule = (id: string): Rule => {
    const found = pack.rules.get(id);
    if (found) return found;
    throw new Refusal('law.unknown-rule', 'not-found', { rule: id, near: nearest(id, [...pack.rules.keys()]) });
  };
  const value = (id: string, on: Day): DatedValue => {
    const found = valueOn(rule(id), on);
    if (found) return found;
    throw new Refusal('law.no-value', 'unavailable', { rule: id, day: on.toString() });
  };
  const dutyType = (id: string): DutyType => {
    const found = pack.duties.get(id);
    if (found) return found;
    throw new Refusal('law.unknown-duty', 'not-found', { duty: id, near: nearest(id, [...pack.duties.keys()]) });
  };
  const destructionFields = (id: string, on: Day) => {
    const now = valueOn(rule(id), on);
    if (now) return { fields: now.items ?? [], cite: now.cite };
    // Order 179 is over and its successor is not entered: the law's own duty stays, the fields are the operator's choice.
    const last = rule(id).values.findLast((one) => Temporal.PlainDate.compare(one.from, on) <= 0) ?? rule(id).values[0];
    return {
      fields: last?.items ?? [],
      cite: value('ru.152-fz.destruction.confirmed', on).cite,
      note: 'Состав сведений сохранён по выбору оператора: прежние требования больше не действуют, новые ещё не внесены.',
    };
  };

  const law: Law = {
    digest: pack.digest,
    calendar: pack.calendar,
    zone: pack.calendar.zone,
    operator: pack.operator,
    rule,
    rules: () => [...pack.rules.values()],
    value,
    due: (duty, query) => dueOf(pack, duty, query),
    keep: (category, query) => keepOf(pack, category, query),
    effective(kind, published) {
      const { mayFrom, because } = dueOf(pack, `change.${kind}`, { from: published });
      return { effectiveOn: mayFrom as Day, because };
    },
    amount: (id, input) => amountOf(pack, id, input),
    purchase: (query) => purchaseOf(pack, query),
    planChange: (query) => planChangeOf(pack, query),
    threshold: (input) => thresholdOf(pack, input),
    receipt: (channel, input) => receiptOf(pack, channel, input),
    may: (what, input) => mayOf(pack, what, input),
    duties(fact, fields) {
      const opened: string[] = [];
      for (const duty of pack.duties.values()) {
        // Without a rule that bounds it here, nobody owes it: another operator's promise, a life cycle this one has not,
        // a law that protects consumers only.
        if (!pack.byDuty.get(duty.id)?.some((one) => applies(one, pack, customerOf(fields)))) continue;
        const opens = duty.opens.some(
          (one) =>
            one.fact === fact &&
            (!fields ||
              Object.entries(one.when ?? {}).every(([field, allowed]) => allowed.includes(String(fields[field])))),
        );
        if (opens) opened.push(duty.id);
      }
      return opened;
    },
    dutyTypes: () => [...pack.duties.values()],
    dutyType,
    dischargedBy: (duty) => [...dutyType(duty).discharged],
    lint: (today, known) => findingsOf(pack, today, known),
    facts: () => [...pack.facts.values()],
    categories: () => [...pack.categories.values()],
    category: (id) => categoryOf(pack, id),
    grounds: (purpose, on) => groundsOn(pack, purpose, on),
    answerPoints: (on) => value('ru.152-fz.access.points', on).items ?? [],
    actFields: (on) => destructionFields('ru.rkn-179.act', on),
    extractFields: (on) => destructionFields('ru.rkn-179.extract', on),
    refusalGrounds(on) {
      const grounds = value('ru.152-fz.refusal.grounds', on);
      return (grounds.items ?? []).map((item) => ({ ...item, cite: { ...grounds.cite, point: item.point } }));
    },
    incidentClass: (incident, on) => incidentClassOf(pack, rule('ru.koap.personal-data'), incident, on),
    protectionLevel: (system, on) =>
      protectionLevelOf(pack, rule('ru.protection.levels'), value('ru.protection.levels', on), system),
    summary: (document, on) => summaryOf(pack, document, on),
    boundaries() {
      const days = new Map<string, Day>();
      for (const one of pack.rules.values()) {
        for (const { from, until } of one.values) {
          days.set(from.toString(), from);
          if (until) days.set(until.add({ days: 1 }).toString(), until.add({ days: 1 }));
        }
      }
      return [...days.values()].sort(Temporal.PlainDate.compare);
    },
  };
  return law;
}

function customerOf(fields: Readonly<Record<string, unknown>> = {}): 'business' | 'consumer' | undefined {
  return fields.customer === 'business' || fields.customer === 'consumer' ? fields.customer : undefined;
}
