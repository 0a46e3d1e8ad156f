import type { Temporal } from '../base/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { RequestState } from './state.ts';
import { openStates } from './state.ts';
import type { RequestFilter } from './types.ts';

type Instant = Temporal.Instant;
type Day = Temporal.PlainDate;

export interface RequestRow {
  id: string;
  number: string;
  kind: string;
  channel: string;
  state: RequestState;
  received_at: Instant;
  subject_id: string | null;
  subject_known: boolean;
  identity_method: string | null;
  identity_by: string | null;
  identified_at: Instant | null;
  extended_at: Instant | null;
  extension_reason: string | null;
  blocked: boolean;
  stopped_purpose: string | null;
  due_on: Day | null;
  late_from: Instant | null;
  plan_id: string | null;
  answer_document: string | null;
  package_document: string | null;
  refusal_ground: string | null;
  refusal_cite: string | null;
  repeat_of: string | null;
  in_full: boolean;
  sealed: Buffer;
  answered_at: Instant | null;
  withdrawn_at: Instant | null;
  closed_at: Instant | null;
  closed_on: Day | null;
  job: string | null;
}

const requests = 'core.requests';

export async function insertRequest(
  trx: Trx,
  row: Pick<
    RequestRow,
    'id' | 'number' | 'kind' | 'channel' | 'state' | 'received_at' | 'due_on' | 'late_from' | 'sealed'
  >,
): Promise<void> {
  await trx(requests).insert(row);
}

export async function findRequest(db: Trx | Db, idOrNumber: string): Promise<RequestRow | undefined> {
  return db(requests).where({ id: idOrNumber }).orWhere({ number: idOrNumber }).first();
}

export async function lockRequest(trx: Trx, id: string): Promise<RequestRow | undefined> {
  return trx(requests).where({ id }).orWhere({ number: id }).forUpdate().first();
}

export async function updateRequest(trx: Trx | Db, id: string, change: Partial<RequestRow>): Promise<void> {
  await trx(requests).where({ id }).update(change);
}

export async function listRequests(db: Trx | Db, filter: RequestFilter, now: Instant): Promise<RequestRow[]> {
  const query = db(requests)
    .orderByRaw('late_from nulls last, id')
    .limit(filter.limit ?? 200);
  if (filter.state) query.where({ state: filter.state });
  if (filter.kind) query.where({ kind: filter.kind });
  if (filter.subject) query.where({ subject_id: filter.subject });
  if (filter.open === true) query.whereIn('state', openStates);
  if (filter.open === false) query.whereNotIn('state', openStates);
  if (filter.overdue) query.whereIn('state', openStates).where('late_from', '<=', now);
  return query;
}

/** Open requests of a plan, locked. */
export async function lockByPlan(trx: Trx, plan: string): Promise<RequestRow[]> {
  return trx(requests).where({ plan_id: plan }).whereIn('state', openStates).orderBy('id').forUpdate();
}

/** The latest request of a person that was answered with the data. */
export async function answeredBefore(
  trx: Trx,
  subject: string,
  kind: string,
  before: Instant,
): Promise<RequestRow | undefined> {
  return trx(requests)
    .where({ subject_id: subject, kind, in_full: true })
    .where('received_at', '<', before)
    .orderBy('received_at', 'desc')
    .first();
}

/** Why a part is missing that a person has to fetch; see the manual connectors. */
export const waitsForPerson = 'connector.waits-for-person';

/** So long a person is given before a place that only people can reach is asked again. */
const personHours = 24;

/**
 * When each collection can go on: at once, or, where nothing but a person is waited for, a day after it was asked for.
 * Who says that the work is done goes on at once and does not wait for that.
 */
function collections(db: Db) {
  return db(requests)
    .where({ state: 'collecting' })
    .select('id', 'identified_at')
    .select(
      db.raw(
        `coalesce((select max(part.at) + make_interval(hours => ?) from core.request_parts part
                   where part.request_id = core.requests.id and part.outcome = 'failed'
                   having bool_and(part.because = ?)), identified_at) as next_at`,
        [personHours, waitsForPerson],
      ),
    );
}

export async function waitingForCollection(db: Db, now: Instant): Promise<string[]> {
  return db(collections(db).as('waiting')).where('next_at', '<=', now).orderBy('identified_at').pluck('id');
}

export async function earliestCollection(db: Db): Promise<Instant | null> {
  const row = await db(collections(db).as('waiting')).min('next_at as at').first();
  return (row?.at as Instant | undefined) ?? null;
}

/* Steps of the case: ids and codes, no words of the person */

export async function insertEvent(
  trx: Trx,
  event: { request_id: string; at: Instant; step: string; by: string; details: Record<string, unknown> },
): Promise<void> {
  await trx('core.request_events').insert({ ...event, details: JSON.stringify(event.details) });
}

export async function listEvents(
  db: Db,
  id: string,
): Promise<{ at: Instant; step: string; by: string; details: Record<string, unknown> }[]> {
  return db('core.request_events').where({ request_id: id }).orderBy('id').select('at', 'step', 'by', 'details');
}

/* What the stores gave */

export interface PartRow {
  request_id: string;
  store: string;
  outcome: 'collected' | 'not_found' | 'failed';
  records: number;
  because: string | null;
  sealed: Buffer | null;
  at: Instant;
}

export async function keepPart(trx: Trx | Db, row: PartRow): Promise<void> {
  await trx('core.request_parts').insert(row).onConflict(['request_id', 'store']).merge();
}

export async function partsOf(db: Trx | Db, id: string): Promise<PartRow[]> {
  return db('core.request_parts').where({ request_id: id }).orderBy('store');
}

/** The package has been handed over: what was collected for it goes, the document keeps it. */
export async function dropParts(trx: Trx, id: string): Promise<void> {
  await trx('core.request_parts').where({ request_id: id }).update({ sealed: null });
}

/* Files that came with a request */

export interface AttachmentRow {
  id: string;
  request_id: string;
  type: string;
  size: number;
  key_name: string;
  sealed: Buffer;
  proves_identity: boolean | null;
  checked_on: Day | null;
}

export async function insertAttachment(
  trx: Trx,
  row: Omit<AttachmentRow, 'proves_identity' | 'checked_on'>,
): Promise<void> {
  await trx('core.request_attachments').insert(row);
}

export async function attachmentsOf(db: Trx | Db, request: string): Promise<AttachmentRow[]> {
  return db('core.request_attachments').where({ request_id: request }).orderBy('id');
}

export async function findAttachment(db: Trx | Db, id: string): Promise<AttachmentRow | undefined> {
  return db('core.request_attachments').where({ id }).first();
}

export async function updateAttachment(trx: Trx, id: string, change: Partial<AttachmentRow>): Promise<void> {
  await trx('core.request_attachments').where({ id }).update(change);
}

/* Purposes that an objection has stopped */

export interface StoppedRow {
  subject_id: string;
  purpose: string;
  request_id: string;
  stopped_at: Instant;
}

/** The first stop counts: a second objection to the same purpose changes nothing. */
export async function insertStopped(trx: Trx, row: StoppedRow): Promise<void> {
  await trx('core.stopped_purposes').insert(row).onConflict(['subject_id', 'purpose']).ignore();
}

export async function stoppedOf(db: Trx | Db, subject: string): Promise<StoppedRow[]> {
  return db('core.stopped_purposes').where({ subject_id: subject }).orderBy('stopped_at').orderBy('purpose');
}
