import { createHash } from 'node:crypto';
import { Refusal, Temporal } from '../base/index.ts';
import type { DutyType, FactType, Law } from '../law/index.ts';
import type { EventStep, StaffReport } from './event-types.ts';
import { checkFact } from './facts.ts';
import type { Told } from './ledger.ts';

/*
 * What staff may report, and when; without a place to keep it.
 */

/** The number of a document or of a register: nothing that could be somebody's name. */
const documentNumber = /^(?=.*\p{N})[\p{L}\p{N}№][\p{L}\p{N}№./_-]{0,63}$/u;
const mostCounted = 10_000_000_000;

/** The vocabulary of staff, read once from the law. */
export function vocabularyOf(law: Law) {
  const types = new Map(law.facts().map((type) => [type.fact, type]));
  const bounded = new Set(law.rules().flatMap(({ duties }) => duties));
  const discharged = new Map<string, string[]>();
  for (const { id, discharged: by } of law.dutyTypes()) {
    for (const fact of by) discharged.set(fact, [...(discharged.get(fact) ?? []), id]);
  }
  const reported = [...types.values()].filter((type) => type.reported !== null);
  return {
    types,
    /** With these an event may begin: something follows from them for this operator. */
    beginnings: reported.filter(({ fact, reported: how }) => how?.begins && law.duties(fact).length > 0),
    /** Duties that a report of staff ends. */
    duties: law
      .dutyTypes()
      .filter((duty) => duty.discharged.some((fact) => types.get(fact)?.reported))
      .map(({ id }: DutyType) => id),

    /**
     * What may follow on facts that were told already, while these duties are open. A fact that ends duties is told
     * while one is open; where nothing of this operator bounds them, once.
     */
    steps(told: ReadonlySet<string>, open: readonly string[]): EventStep[] {
      return reported.flatMap((type) => {
        const { fact } = type;
        if (!type.reported?.after.some((before) => told.has(before))) return [];
        const ends = discharged.get(fact) ?? [];
        const discharges = [...new Set(open)].filter((duty) => ends.includes(duty));
        const free = ends.every((duty) => !bounded.has(duty)) && (ends.length === 0 || !told.has(fact));
        return discharges.length > 0 || law.duties(fact).length > 0 || free ? [{ fact: type, discharges }] : [];
      });
    },
  };
}
export type Vocabulary = ReturnType<typeof vocabularyOf>;

/**
 * The type and the checked fields of a report.
 * @throws Refusal `fact.unknown`, `fact.malformed`, `event.not-for-staff`, `role.missing`
 */
export function checkReport(
  { types }: Vocabulary,
  { fact, fields = {}, by }: Pick<StaffReport, 'fact' | 'fields' | 'by'>,
): { type: FactType; reported: NonNullable<FactType['reported']>; fields: Record<string, unknown> } {
  const type = types.get(fact);
  if (!type) throw new Refusal('fact.unknown', 'invalid', { fact, field: 'fact' });
  const { reported } = type;
  if (!reported) throw new Refusal('event.not-for-staff', 'invalid', { fact, field: 'fact' });
  if (!reported.by.some((role) => by.roles.includes(role))) {
    throw new Refusal('role.missing', 'forbidden', {
      fact,
      message: `This takes one of the roles: ${reported.by.join(', ')}.`,
    });
  }
  for (const [field, value] of Object.entries(fields)) {
    const rule = type.fields[field];
    if (!rule?.title || !sayable(rule.type, value)) {
      throw new Refusal('fact.malformed', 'invalid', { fact, field, type: rule?.type ?? null });
    }
  }
  return { type, reported, fields: checkFact(types, fact, fields).fields };
}

function sayable(type: string, value: unknown): boolean {
  if (type === 'id') return typeof value === 'string' && documentNumber.test(value);
  if (type === 'number')
    return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= mostCounted;
  return true;
}

/**
 * Nothing can be told of a day on which the law set no term for what follows from it: the day is wrong, not the law.
 * @throws Refusal `event.no-term`
 */
export function checkMoment(law: Law, { name, fields, at }: Pick<Told, 'name' | 'fields' | 'at'>): void {
  for (const duty of law.duties(name, fields)) {
    try {
      law.due(duty, { from: at });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      // A year without a calendar stops nobody: the duty opens, and says that its term is not known.
      if (error.code === 'law.no-value') throw new Refusal('event.no-term', 'invalid', { field: 'at', duty });
    }
  }
}

/** @throws Refusal `event.future`, `event.too-early` */
export function checkOrder(at: Temporal.Instant, now: Temporal.Instant, notBefore: Temporal.Instant | null): void {
  if (Temporal.Instant.compare(at, now) > 0) throw new Refusal('event.future', 'invalid', { field: 'at' });
  if (notBefore && Temporal.Instant.compare(at, notBefore) < 0) {
    throw new Refusal('event.too-early', 'invalid', { field: 'at', notBefore: notBefore.toString() });
  }
}

/** What a report says, and the key under which it is told once. */
export function markOf(report: StaffReport): { said: Buffer; key: Buffer } {
  const { fact, about = null, person = null, at, fields = {}, contains = [], note = '', key, by } = report;
  const said = digest([fact, about, person, at.toString(), Object.entries(fields).sort(), [...contains].sort()]);
  return { said, key: key ? digest(['key', by.account, key]) : digest(['said', said.toString('hex'), note]) };
}

function digest(value: unknown): Buffer {
  return createHash('sha256').update(JSON.stringify(value)).digest();
}
