import { basename } from 'node:path';
import { Refusal, Temporal } from '../../base/index.ts';
import { type FactType, type Law, nearest, PolicyError, type PolicyFile, readShaped } from '../../law/index.ts';
import { checkFact } from '../../obligations/index.ts';
import { parseDay, parseMoment } from '../moments.ts';
import { UsageError } from '../output.ts';

/** Something that happened, as a scenario tells it. */
export interface ScenarioFact {
  fact: string;
  about: string;
  /** A day means its noon. */
  at: Temporal.Instant;
  subject: string | null;
  fields: Readonly<Record<string, unknown>>;
  /** Where it stands in the scenario, for what is said about it. */
  place: number;
}

/** A prohibition to destroy: what is about `about` (a thing or a person), of these categories, all when none is named. */
export interface ScenarioHold {
  about: string;
  categories: readonly string[];
  from: Temporal.PlainDate;
  until: Temporal.PlainDate;
}

export interface Scenario {
  operator: string;
  until: Temporal.PlainDate; // the last day
  facts: readonly ScenarioFact[];
  holds: readonly ScenarioHold[];
}

interface RawScenario {
  operator: string;
  until: string;
  facts: ({ fact: string; about: string; at: string; subject?: string } & Record<string, unknown>)[];
  holds?: { about: string; categories?: string[]; from: string; until: string }[];
}

/** A scenario file whose shape is right; it still knows its lines. */
export type ScenarioFile = PolicyFile & { data: RawScenario };

/** @throws Refusal `scenario.invalid`: file, line, reason */
export async function openScenario(path: string, schema: object): Promise<ScenarioFile> {
  return located(async () => (await readShaped(path, basename(path), schema)) as ScenarioFile);
}

/**
 * The scenario in the words of the house, its facts checked against the closed vocabulary. Nothing is read in part.
 * @throws Refusal `scenario.invalid`: file, line, reason
 */
export function readScenario(file: ScenarioFile, law: Law): Promise<Scenario> {
  const { operator, until, facts, holds = [] } = file.data;
  const types = new Map(law.facts().map((type) => [type.fact, type]));
  const known = law.categories().map(({ id }) => id);
  return located(async () => ({
    operator,
    until: at(file, ['until'], () => parseDay(until)),
    facts: facts.map(({ fact, about, at: when, subject = null, ...given }, place) => {
      const path = ['facts', place];
      const moment = at(file, [...path, 'at'], () => parseMoment(when));
      const fields = fieldsOf(file, path, types, fact, given);
      return { fact, about, at: instantOf(moment, law.zone), subject, fields, place };
    }),
    holds: holds.map((hold, place) => {
      const path = ['holds', place];
      const from = at(file, [...path, 'from'], () => parseDay(hold.from));
      const last = at(file, [...path, 'until'], () => parseDay(hold.until));
      if (Temporal.PlainDate.compare(last, from) < 0) throw file.fail([...path, 'until'], 'until: before "from"');
      for (const category of hold.categories ?? []) {
        const covered = known.some((id) => id === category || id.startsWith(`${category}.`));
        if (!covered) throw file.fail([...path, 'categories'], unknown('category', category, known));
      }
      return { about: hold.about, categories: hold.categories ?? [], from, until: last };
    }),
  }));
}

/** What is wrong with a fact once the scenario is played: where it stands, and why. */
export function wrongFact(file: ScenarioFile, place: number, reason: string): Refusal {
  return invalid(file.fail(['facts', place], reason));
}

function fieldsOf(
  file: ScenarioFile,
  path: (string | number)[],
  types: ReadonlyMap<string, FactType>,
  fact: string,
  given: Record<string, unknown>,
): Readonly<Record<string, unknown>> {
  const type = types.get(fact);
  if (!type) throw file.fail([...path, 'fact'], unknown('fact', fact, [...types.keys()]));
  // An edition that names no document is told of the document itself.
  const named = fact === 'document.published' && !given.document ? { ...given, document: idOf(file, path) } : given;
  try {
    return checkFact(types, fact, named).fields;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const field = String(error.details.field);
    const shape = type.fields[field];
    const one = shape?.values ? `; one of ${shape.values.join(', ')}` : '';
    const names = Object.keys(type.fields);
    const reason = !shape
      ? `unknown key "${field}"${names.length > 0 ? `; ${fact} has ${names.join(', ')}` : `; ${fact} has no fields`}`
      : field in given
        ? `${field}: wrong value "${given[field]}" (${shape.type})${one}`
        : `${fact} needs "${field}"${one}`;
    throw file.fail(field in given ? [...path, field] : path, reason);
  }
}

function idOf(file: ScenarioFile, [, place]: (string | number)[]): string {
  return (file.data.facts[place as number] as { about: string }).about;
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `unknown ${what} "${name}"${near.length > 0 ? `; near: ${near.join(', ')}` : ''}`;
}

function instantOf(moment: Temporal.Instant | Temporal.PlainDate, zone: string): Temporal.Instant {
  if (moment instanceof Temporal.Instant) return moment;
  return moment.toZonedDateTime({ timeZone: zone, plainTime: '12:00' }).toInstant();
}

function at<T>(file: ScenarioFile, path: (string | number)[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw file.fail(path, `${path.at(-1)}: ${error.message}`);
    throw error;
  }
}

async function located<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof PolicyError ? invalid(error) : error;
  }
}

function invalid(error: PolicyError): Refusal {
  const { file, line, message } = error;
  return new Refusal('scenario.invalid', 'invalid', { file, line, message });
}
