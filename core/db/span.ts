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
    const rows: { question: number; first: Day | null; last: Day | null }[] =
      spans.length > 1 ? await db.unionAll(spans, true) : ((await spans[0]) ?? []);
    const found = new Map<number, Span>();
    for (const { question, first, last } of rows) {
      if (first && last) found.set(question, wider({ first, last }, found.get(question)));
    }
    for (const [question, { answer }] of questions.entries()) answer.resolve(found.get(question) ?? null);
  } catch (error) {
    for (const { answer } of questions) answer.reject(error);
  }
}

function wider(one: Span, other: Span = one): Span {
  const [first] = [one.first, other.first].sort(Temporal.PlainDate.compare) as [Day, Day];
  const [, last] = [one.last, other.last].sort(Temporal.PlainDate.compare) as [Day, Day];
  return { first, last };
}
