import { type Anchor, type DaySpan, type EraseScope, type Store, whereAnchored } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { commonOf } from './pack.ts';
import type { PostgresConnector } from './types.ts';

/** A day or an instant as the other database has it; `at time zone` makes the day of an instant the operator's. */
function dayOf(connector: PostgresConnector, zone: string): { sql: string; bindings: string[] } {
  const column = connector.anchorColumn as string;
  return { sql: '(??::timestamptz at time zone ?)::date', bindings: [column, zone] };
}

function mine(db: Db | Trx, connector: PostgresConnector, scope: EraseScope, zone: string) {
  const rows = db(connector.table);
  if (scope.why === 'request') rows.where({ [connector.subjectColumn]: scope.subject });
  else if (scope.held.length > 0) {
    rows.where((q) => q.whereNull(connector.subjectColumn).orWhereNotIn(connector.subjectColumn, scope.held));
  }
  return inDays(db, rows, connector, scope, zone);
}

function inDays<Q extends ReturnType<Db>>(
  db: Db | Trx,
  rows: Q,
  connector: PostgresConnector,
  scope: EraseScope,
  zone: string,
): Q {
  if (scope.anchored === 'all') return rows;
  if (!connector.anchorColumn) return rows.whereRaw('false') as Q;
  const { sql, bindings } = dayOf(connector, zone);
  // The day is computed once in a query below, so that ranges are compared as days.
  const days = db(connector.table)
    .select('ctid as row')
    .select(db.raw(`${sql} as anchored_on`, bindings))
    .as('dated');
  return rows.whereIn('ctid', whereAnchored(db.from(days).select('row'), 'anchored_on', scope.anchored)) as Q;
}

/**
 * A table of another PostgreSQL database. It stands outside our transactions: erasing is idempotent by nature, and the
 * receipt comes from what the other database says it did.
 */
export function createPostgresStore(connector: PostgresConnector, other: () => Db, zone: string): Store {
  const columns = Object.keys(connector.columns);
  const subjectOf = (subject: string) => ({ [connector.subjectColumn]: subject });
  const allowed = (changes: Record<string, string | null>): Record<string, string | null> => {
    const prefix = `${connector.table}.`;
    const fields = Object.entries(changes).map(([name, value]) => [name.replace(prefix, ''), value] as const);
    return Object.fromEntries(fields.filter(([field]) => columns.includes(field)));
  };
  const store: Store = {
    ...commonOf(connector),

    async collect(subject) {
      const rows = await other()(connector.table).where(subjectOf(subject)).select(columns);
      return { rows, source: connector.source };
    },

    async erase(scope, { clock }) {
      return other().transaction(async (trx) => {
        const affected = await mine(trx, connector, scope, zone).delete();
        const left = trx(connector.table);
        if (scope.why === 'request') left.where(subjectOf(scope.subject));
        else inDays(trx, left, connector, scope, zone);
        const [row] = (await left.count('* as count')) as unknown as { count: number }[];
        return {
          outcome: affected > 0 ? 'erased' : 'not_found',
          affected,
          remaining: row?.count ?? 0,
          tables: [connector.table],
          note: `Подтверждено внешней базой ${clock.now().toString()}`,
        };
      });
    },

    async rectify(subject, changes) {
      const values = allowed(changes);
      if (Object.keys(values).length === 0) {
        return { outcome: 'not_attempted', affected: 0, because: 'Названных сведений в этой системе нет.' };
      }
      const affected = await other()(connector.table).where(subjectOf(subject)).update(values);
      return { outcome: affected > 0 ? 'done' : 'not_found', affected };
    },

    restrict: { unsupported: 'Внешняя база не умеет блокировать записи: это делает её владелец.' },
  };
  if (!connector.anchorColumn) return store;
  return {
    ...store,
    async anchors(_trx, subject) {
      const { sql, bindings } = dayOf(connector, zone);
      const days = other()(connector.table)
        .select(other().raw(`${sql} as day`, bindings))
        .count('* as count')
        .groupBy('day');
      if (subject) days.where(subjectOf(subject));
      return (await days) as unknown as Anchor[];
    },
    async span(_db, from) {
      const { sql, bindings } = dayOf(connector, zone);
      const rows = other()(connector.table);
      if (from) rows.whereRaw(`${sql} >= ?`, [...bindings, from] as never);
      const span = await rows
        .select(other().raw(`min(${sql}) as first, max(${sql}) as last`, [...bindings, ...bindings]))
        .first<{ first: DaySpan['first'] | null; last: DaySpan['last'] | null }>();
      return span?.first && span.last ? { first: span.first, last: span.last } : null;
    },
  };
}

/** Does the other database answer, and has it the table with the columns of the pack? */
export async function checkPostgres(connector: PostgresConnector, other: Db): Promise<string | null> {
  const [schema, table] = connector.table.split('.');
  try {
    const rows: { column_name: string }[] = await other('information_schema.columns')
      .where({ table_schema: schema, table_name: table })
      .select('column_name');
    const there = new Set(rows.map(({ column_name }) => column_name));
    if (there.size === 0) return `there is no table ${connector.table}`;
    const wanted = [connector.subjectColumn, connector.anchorColumn, ...Object.keys(connector.columns)];
    const missing = wanted.filter((column) => column && !there.has(column));
    return missing.length > 0 ? `${connector.table} has no column ${missing.join(', ')}` : null;
  } catch (error) {
    return `does not answer (${error instanceof Error ? ((error as { code?: string }).code ?? error.name) : 'unknown'})`;
  }
}
