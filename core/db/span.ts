import { hash } from 'node:crypto';
import type { Knex } from 'knex';
import { Temporal } from '../base/index.ts';
import type { Db, Trx } from './database.ts';

type Day = Temporal.PlainDate;

/** Rows of a table, and their column of days. */
export interface Dated {
  rows: Knex.QueryBuilder;
  day: string;
}

interface Span {
  first: Day;
  last: Day;
}

interface Question {
  dated: readonly Dated[];
  from: Day | undefined;
  answer: PromiseWithResolvers<Span | null>;
}

/** What was asked of a database and is not sent yet. */
const asked = new WeakMap<Db | Trx, Question[]>();

/**
 * The first and the last day of some rows, of those from a day on; null when there are none. Two looks into the index
 * of each column, where there is one for just these rows. What is asked in one turn of the event loop goes to the
 * database in one statement: a sweep asks all stores at once.
 */
export function spanOf(db: Db | Trx, dated: readonly Dated[], from?: Day): Promise<Span | null> {
  const answer = Promise.withResolvers<Span | null>();
  const others = asked.get(db);
  if (others) others.push({ dated, from, answer });
  else {
    asked.set(db, [{ dated, from, answer }]);
    process.nextTick(ask, db);
  }
  return answer.promise;
}

async function ask(db: Db | Trx): Promise<void> {
  const questions = asked.get(db) ?? [];
  asked.delete(db);
  const spans = questions.flatMap(({ dated, from }, question) =>
    dated.map(({ rows, day }) => {
      if (from) rows.where(day, '>=', from);
      return rows
        .select(db.raw('?::int as question', [question]))
        .min(`${day} as first`)
        .max(`${day} as last`);
    }),
  );
  try {
    const again = questions.every(({ from }) => !from);
    const rows = spans.length > 0 ? await answersOf(db, spans, again) : [];
    const found = new Map<number, Span>();
    for (const { question, first, last } of rows) {
      if (first && last) found.set(question, wider({ first, last }, found.get(question)));
    }
    for (const [question, { answer }] of questions.entries()) answer.resolve(found.get(question) ?? null);
  } catch (error) {
    for (const { answer } of questions) answer.reject(error);
  }
}

interface Answer {
  question: number;
  first: Day | null;
  last: Day | null;
}

/**
 * To plan dozens of looks takes longer than to look. What is asked every minute in the same words is planned once for
 * each connection; the words of later questions change with what lies there, and a connection would keep them all.
 */
async function answersOf(db: Db | Trx, spans: Knex.QueryBuilder[], again: boolean): Promise<Answer[]> {
  const query: Knex.QueryBuilder = spans.length > 1 ? db.unionAll(spans, true) : (spans[0] as Knex.QueryBuilder);
  if (!again) return query;
  const { sql, bindings } = query.toSQL();
  const { rows } = await db
    .raw(sql, bindings as string[])
    .options({ name: `span-${hash('sha256', sql, 'base64url')}` });
  return rows;
}

function wider(one: Span, other: Span = one): Span {
  const [first] = [one.first, other.first].sort(Temporal.PlainDate.compare) as [Day, Day];
  const [, last] = [one.last, other.last].sort(Temporal.PlainDate.compare) as [Day, Day];
  return { first, last };
}
