import { type Db, type Temporal, timeOfId } from '../../../core/index.ts';
import { ask } from '../sql.ts';
import type { ProjectRow, TokenRow, UsageRow } from '../store.ts';
import type { Delivery } from '../types.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

interface DeliveryRow {
  id: string;
  channel: string;
  offset: number;
  received_at: Instant;
  bytes: number;
  content_type: string | null;
  delivered: number;
  failed: number;
}

export interface DeliveryPage {
  project: string;
  channel?: string | undefined;
  before?: string | undefined; // the message after which, going back in time, the page begins
  limit: number;
}

/** Messages of the log and how many readers got them, newest first; day by day, until the page is full. */
export async function deliveriesOf(db: Db, { project, channel, before, limit }: DeliveryPage): Promise<Delivery[]> {
  // A message may belong to the day after the one on which it came: redelivery is part of its processing.
  const came = before === undefined ? null : timeOfId(before)?.toZonedDateTimeISO('UTC').toPlainDate();
  const until = came ? came.add({ days: 1 }) : null;
  const days = await ask<{ processed_on: Day }>(
    db,
    `select processed_on from relay.volumes
     where project_id = ? and messages_left > 0 and processed_on <= coalesce(?::date, 'infinity')
     order by processed_on desc`,
    [project, until],
  );
  const found: Delivery[] = [];
  for (const { processed_on: day } of days) {
    if (found.length >= limit) break;
    const rows = await newestOf(db, { project, channel, before, day, limit: limit - found.length });
    for (const row of rows) {
      found.push({
        message: row.id,
        channel: row.channel,
        offset: row.offset,
        acceptedAt: row.received_at,
        bytes: row.bytes,
        type: row.content_type,
        delivered: row.delivered,
        failed: row.failed,
      });
    }
  }
  return found;
}

/*
 * The log of a day is kept by channel. Of each channel its newest message is looked at, by the key alone; only the
 * channels with the newest ones can have more on the page: however much lies in the log, little of it is read.
 */
async function newestOf(
  db: Db,
  { project, channel, before, day, limit }: DeliveryPage & { day: Day },
): Promise<DeliveryRow[]> {
  const earlier = before === undefined ? '' : 'and m.id < ?';
  const than = before === undefined ? [] : [before];
  return ask<DeliveryRow>(
    db,
    `with latest as (
       select c.name, n.id from relay.channels c cross join lateral (
         select m.id from relay.messages m
         where m.project_id = c.project_id and m.channel = c.name and m.processed_on = ? ${earlier}
         order by m."offset" desc limit 1) n
       where c.project_id = ? ${channel === undefined ? '' : 'and c.name = ?'}
       order by n.id desc limit ?)
     select m.id, m.channel, m."offset", m.received_at, m.bytes, m.content_type,
       coalesce(d.delivered, 0) as delivered, coalesce(d.failed, 0) as failed
     from (
       select r.* from latest cross join lateral (
         select m.processed_on, m.project_id, m.id, m.channel, m."offset", m.received_at, m.bytes, m.content_type
         from relay.messages m
         where m.project_id = ? and m.channel = latest.name and m.processed_on = ? ${earlier}
         order by m."offset" desc limit ?) r
       order by r.id desc limit ?) m
     left join relay.deliveries d on d.project_id = m.project_id and d.channel = m.channel
       and d."offset" = m."offset" and d.processed_on = m.processed_on
     order by m.id desc`,
    [
      ...[day, ...than, project, ...(channel === undefined ? [] : [channel]), limit],
      ...[project, day, ...than, limit, limit],
    ],
  );
}

/** Days of use, newest first, from the one before `before`. */
export async function usageBefore(
  db: Db,
  { project, before, limit }: { project: string; before?: Day; limit: number },
): Promise<UsageRow[]> {
  const rows = db('relay.usage').where({ project_id: project });
  if (before) rows.where('used_on', '<', before);
  return rows.orderBy('used_on', 'desc').limit(limit);
}

export async function usageOn(db: Db, project: string, on: Day): Promise<UsageRow | null> {
  return (
    ((await db('relay.usage').where({ project_id: project, used_on: on }).first()) as UsageRow | undefined) ?? null
  );
}

/** Projects of a person, newest first. */
export async function projectsBefore(
  db: Db,
  { subject, before, limit }: { subject: string; before?: string; limit: number },
): Promise<ProjectRow[]> {
  const rows = db('relay.projects').where({ subject_id: subject });
  if (before) rows.where('id', '<', before);
  return rows.orderBy('id', 'desc').limit(limit);
}

/** Tokens of a project that live, newest first. */
export async function tokensBefore(
  db: Db,
  { project, at, before, limit }: { project: string; at: Instant; before?: string; limit: number },
): Promise<TokenRow[]> {
  const rows = db('relay.tokens')
    .where({ project_id: project, kind: 'token' })
    .whereNull('revoked_at')
    .where((still) => still.whereNull('expires_at').orWhere('expires_at', '>', at));
  if (before) rows.where('id', '<', before);
  return rows.orderBy('id', 'desc').limit(limit);
}

export interface LeftRow {
  payloads: number;
  bytes: number;
  payloads_first: Day | null;
  payloads_last: Day | null;
  messages: number;
  messages_first: Day | null;
  messages_last: Day | null;
  days: number;
  days_first: Day | null;
  days_last: Day | null;
}

/** What lies in the log of a project and in its count of use, and of which days. */
export async function leftOf(db: Db, project: string): Promise<LeftRow> {
  const rows = await ask<LeftRow>(
    db,
    `select v.*, u.* from (
       select coalesce(sum(payloads_left), 0)::bigint as payloads,
         coalesce(sum(bytes) filter (where payloads_left > 0), 0)::bigint as bytes,
         min(processed_on) filter (where payloads_left > 0) as payloads_first,
         max(processed_on) filter (where payloads_left > 0) as payloads_last,
         coalesce(sum(messages_left), 0)::bigint as messages,
         min(processed_on) filter (where messages_left > 0) as messages_first,
         max(processed_on) filter (where messages_left > 0) as messages_last
       from relay.volumes where project_id = ?) v,
     (select count(*) as days, min(used_on) as days_first, max(used_on) as days_last
      from relay.usage where project_id = ?) u`,
    [project, project],
  );
  return rows[0] as LeftRow;
}
