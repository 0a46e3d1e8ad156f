import { type Db, Refusal, type StaffGround, type Temporal, type Trx } from '../../core/index.ts';
import type { SettingsRow } from './settings.ts';
import { ask } from './sql.ts';
import type { Ground, Project, ProjectState, Right, TokenInfo } from './types.ts';

type Day = Temporal.PlainDate;
type Instant = Temporal.Instant;

export interface ProjectRow extends SettingsRow {
  id: string;
  subject_id: string;
  account_id: string | null;
  name: string;
  plan: string;
  state: ProjectState;
  grounds: Ground[];
  block_ground: StaffGround | null; // the coded ground of staff, as long as `violation` is among the grounds
  salt: Buffer;
  made_with: Buffer | null; // a digest of the one-time key of the form or call that made it
  created_at: Instant;
  activated_at: Instant | null;
  deleted_at: Instant | null;
}

export interface TokenRow {
  id: string;
  project_id: string;
  kind: 'token' | 'pusher';
  name: string;
  hash: Buffer | null; // of a token's secret
  secret: Buffer | null; // of a Pusher key, sealed; null once it is revoked
  tag: string | null; // of a Pusher key: the end of its public half
  last4: string;
  rights: Right[];
  created_at: Instant;
  expires_at: Instant | null;
  revoked_at: Instant | null;
  last_used_on: Day | null;
}

export function projectOf(row: ProjectRow, publicUrl: string): Project {
  return {
    id: row.id,
    subject: row.subject_id,
    account: row.account_id,
    name: row.name,
    plan: row.plan,
    state: row.state,
    grounds: row.grounds,
    blockGround: row.block_ground,
    url: `${publicUrl}/relay/v1/`,
    createdAt: row.created_at,
    activatedAt: row.activated_at,
  };
}

export function tokenOf(row: TokenRow): TokenInfo {
  return {
    id: row.id,
    name: row.name,
    last4: row.last4,
    rights: row.rights,
    createdAt: row.created_at,
    lastUsedOn: row.last_used_on,
    expiresAt: row.expires_at,
  };
}

export async function insertProject(trx: Trx, row: ProjectRow): Promise<void> {
  await trx('relay.projects').insert(row);
}

/** Locks the projects of one person, so that two of them cannot be created beside each other unseen. */
export async function lockProjectsOf(trx: Trx, subject: string): Promise<void> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`relay.projects/${subject}`]);
}

/** The project that was made with this one-time key. */
export async function projectMadeWith(trx: Trx, subject: string, key: Buffer): Promise<ProjectRow | null> {
  const row = await trx('relay.projects').where({ subject_id: subject, made_with: key }).first();
  return (row as ProjectRow | undefined) ?? null;
}

export async function countActive(trx: Trx, subject: string, plan: string): Promise<number> {
  const [row] = await trx('relay.projects')
    .where({ subject_id: subject, plan })
    .whereIn('state', ['active', 'suspended'])
    .count({ count: '*' });
  return Number(row?.count ?? 0);
}

/** Deleted projects of this plan that staff had suspended, and have not let go since. */
export async function countBlocked(trx: Trx, subject: string, plan: string): Promise<number> {
  const [row] = await trx('relay.projects')
    .where({ subject_id: subject, plan, state: 'deleted' })
    .whereRaw(`'violation' = any(grounds)`)
    .count({ count: '*' });
  return Number(row?.count ?? 0);
}

/** @throws Refusal `project.not-found` */
export async function lockProject(trx: Trx, id: string): Promise<ProjectRow> {
  const row = await trx<ProjectRow>('relay.projects').where({ id }).forUpdate().first();
  if (!row) throw new Refusal('project.not-found', 'not-found', { project: id });
  return row as ProjectRow;
}

export async function projectById(db: Db | Trx, id: string): Promise<ProjectRow | null> {
  return ((await db('relay.projects').where({ id }).first()) as ProjectRow | undefined) ?? null;
}

export async function projectsOf(db: Db | Trx, subject: string): Promise<ProjectRow[]> {
  return db('relay.projects').where({ subject_id: subject }).orderBy('id');
}

export async function updateProject(trx: Trx, id: string, changes: Partial<ProjectRow>): Promise<void> {
  await trx('relay.projects').where({ id }).update(changes);
}

/** Of these projects those whose row, or whose use of a day, somebody holds now. */
export async function heldProjects(db: Db, projects: readonly string[], on: Day): Promise<Set<string>> {
  const free = await ask<{ id: string }>(db, `select id from relay.projects where id = any(?) for share skip locked`, [
    projects,
  ]);
  const used = 'select project_id as id from relay.usage where project_id = any(?) and used_on = ?';
  const all = await ask<{ id: string }>(db, used, [projects, on]);
  const idle = new Set(
    (await ask<{ id: string }>(db, `${used} for update skip locked`, [projects, on])).map(({ id }) => id),
  );
  const held = new Set(projects);
  for (const { id } of free) held.delete(id);
  for (const { id } of all) if (!idle.has(id)) held.add(id);
  return held;
}

/** Tells every node, once this transaction is committed, to look at this project again. */
export async function announce(trx: Trx, project: string): Promise<void> {
  await trx.raw("select pg_notify('relay_changed', ?)", [project]);
}

export async function insertToken(trx: Trx, row: TokenRow): Promise<void> {
  await trx('relay.tokens').insert(row);
}

export async function tokensOf(db: Db | Trx, project: string, at: Instant): Promise<TokenRow[]> {
  return db('relay.tokens')
    .where({ project_id: project })
    .whereNull('revoked_at')
    .where((still) => still.whereNull('expires_at').orWhere('expires_at', '>', at))
    .orderBy('id');
}

/** These tokens, living or not. */
export async function tokensNamed(db: Db, ids: readonly string[]): Promise<TokenRow[]> {
  return db('relay.tokens').whereIn('id', [...ids]);
}

/** Ends tokens of a project at an instant: all, of one kind, but `except`, or only `only`. @returns how many */
export async function endTokens(
  trx: Trx,
  project: string,
  end: { at: Instant; expiresAt?: Instant; except?: string; only?: string; kind?: TokenRow['kind'] },
): Promise<number> {
  const tokens = trx('relay.tokens').where({ project_id: project }).whereNull('revoked_at');
  if (end.kind) tokens.where({ kind: end.kind });
  if (end.except) tokens.whereNot({ id: end.except });
  if (end.only) tokens.where({ id: end.only });
  if (!end.expiresAt) return tokens.update({ revoked_at: end.at, secret: null });
  const expiresAt = end.expiresAt;
  return tokens
    .where((still) => still.whereNull('expires_at').orWhere('expires_at', '>', expiresAt))
    .update({ expires_at: expiresAt });
}

export async function tokenWithProject(db: Db, id: string): Promise<{ token: TokenRow; project: ProjectRow } | null> {
  const token = (await db('relay.tokens').where({ id }).first()) as TokenRow | undefined;
  if (!token) return null;
  const project = await projectById(db, token.project_id);
  return project && { token, project };
}

export async function markUsed(db: Db, token: string, on: Day): Promise<void> {
  await db('relay.tokens')
    .where({ id: token })
    .where((before) => before.whereNull('last_used_on').orWhere('last_used_on', '<', on))
    .update({ last_used_on: on });
}

export interface UsageRow {
  project_id: string;
  subject_id: string;
  used_on: Day;
  daily_limit: number;
  messages: number;
  fitted: number;
  dropped: number;
  bytes: number;
  hours: (number | string)[]; // of the operator's clock
  connections_peak: number;
  connections_refused: number;
  notices: Record<string, string>;
}

/** The usage of a project, newest day first. */
export async function usageOf(db: Db | Trx, project: string, limit: number): Promise<UsageRow[]> {
  return db('relay.usage').where({ project_id: project }).orderBy('used_on', 'desc').limit(limit);
}

/** Counts connections of a day: the peak, or one more refusal. The row stays locked. */
export async function countConnections(
  trx: Trx,
  use: { project: string; subject: string; on: Day; dailyLimit: number; open: number; refused: number },
): Promise<UsageRow> {
  const rows = await ask<UsageRow>(
    trx,
    `insert into relay.usage as u (project_id, subject_id, used_on, daily_limit, connections_peak, connections_refused)
     values (?, ?, ?, ?, ?, ?)
     on conflict (project_id, used_on) do update set
       connections_peak = greatest(u.connections_peak, excluded.connections_peak),
       connections_refused = u.connections_refused + excluded.connections_refused
     returning *`,
    [use.project, use.subject, use.on, use.dailyLimit, use.open, use.refused],
  );
  return rows[0] as UsageRow;
}

/** The limit of a day is another one from here on. @returns what was counted and told of that day; null: nothing yet */
export async function limitOfDay(
  trx: Trx,
  { project, on, daily }: { project: string; on: Day; daily: number },
): Promise<Pick<UsageRow, 'messages' | 'notices'> | null> {
  const rows = await trx('relay.usage')
    .where({ project_id: project, used_on: on as never })
    .update({ daily_limit: daily })
    .returning(['messages', 'notices']);
  return (rows[0] as UsageRow | undefined) ?? null;
}

/** Locks the day of a project. @returns the notices that were given for it */
export async function lockNotices(trx: Trx, project: string, on: Day): Promise<Record<string, string>> {
  const row = await trx('relay.usage')
    .where({ project_id: project, used_on: on as never })
    .forUpdate()
    .first('notices');
  return row?.notices ?? {};
}

export async function noteNotice(
  trx: Trx,
  { project, on, key, at }: { project: string; on: Day; key: string; at: Instant },
): Promise<void> {
  await ask(trx, 'update relay.usage set notices = notices || ?::jsonb where project_id = ? and used_on = ?', [
    JSON.stringify({ [key]: at.toString() }),
    project,
    on,
  ]);
}

export interface StoredRow {
  channel: string;
  offset: number;
  id: string;
  at: Instant;
  content_type: string | null;
  left_out: string | null;
  box: Buffer;
  processed_on: Day;
  project_id: string;
}

/**
 * What is still in the recovery window after an offset, oldest first: at most `limit` rows, and no further row once
 * their payloads come to `bytes`. `more`: there may be further ones behind them.
 */
export async function readAfter(
  db: Db,
  query: {
    project: string;
    channel: string;
    after: number;
    upTo?: number;
    since: Instant;
    day: Day;
    limit: number;
    bytes: number;
  },
): Promise<{ rows: StoredRow[]; more: boolean }> {
  const { upTo = Number.MAX_SAFE_INTEGER } = query;
  const rows = await ask<StoredRow & { before: number }>(
    db,
    `select * from (
       select *, sum(octet_length(box)) over (order by "offset") - octet_length(box) as before from (
         select processed_on, project_id, channel, "offset", id, at, content_type, left_out, box from relay.payloads
         where project_id = ? and channel = ? and "offset" > ? and "offset" <= ? and processed_on >= ? and at >= ?
         order by "offset" limit ?) page
     ) sized where before < ? order by "offset"`,
    [query.project, query.channel, query.after, upTo, query.day, query.since, query.limit, query.bytes],
  );
  const last = rows.at(-1);
  const cut = last !== undefined && Number(last.before) + last.box.length >= query.bytes;
  return { rows, more: cut || rows.length === query.limit };
}

/**
 * The newest offset of a channel (0 before the first message), and for who resumes after one the oldest offset that is
 * still in the recovery window. Messages of a channel came in the order of their offsets, so the beginning of the
 * window is found by halving, whatever lies before it; what has no row any more is before it, too.
 */
export async function channelEnds(
  db: Db,
  query: { project: string; channel: string; after?: number; since?: Instant; day?: Day },
): Promise<{ newest: number; oldest: number | null }> {
  const { project, channel, after } = query;
  const known = await ask<{ newest: number }>(
    db,
    'select last_offset as newest from relay.channels where project_id = ? and name = ?',
    [project, channel],
  );
  const newest = known[0]?.newest ?? 0;
  if (after === undefined || after >= newest) return { newest, oldest: null };
  const rows = await ask<{ oldest: number }>(
    db,
    `with recursive search (before, found) as (
       select ?::bigint, ?::bigint
       union all
       select case when there then before else middle end, case when there then middle else found end
       from (
         select *, exists (select 1 from relay.payloads
           where project_id = ? and channel = ? and "offset" = middle and processed_on >= ? and at >= ?) as there
         from (select *, (before + found) / 2 as middle from search where found - before > 1) halves
       ) looked
     ) select found as oldest from search order by found - before limit 1`,
    [after, newest + 1, project, channel, query.day, query.since],
  );
  const oldest = rows[0]?.oldest ?? newest + 1;
  return { newest, oldest: oldest > newest ? null : oldest };
}

/** How often messages of one channel that follow on each other were delivered. */
export interface DeliveryCount {
  processedOn: Day;
  project: string;
  channel: string;
  first: number; // offsets
  last: number;
  firstAt: number; // milliseconds of the epoch
  lastAt: number;
  delivered: number;
  failed: number;
}

/** Adds to the summary of deliveries: one row a message, however often it is delivered. */
export async function addDeliveries(db: Db, counts: readonly DeliveryCount[]): Promise<void> {
  await ask(
    db,
    `insert into relay.deliveries as d (processed_on, project_id, channel, "offset", first_at, last_at, delivered, failed)
     select day, project, channel, o, to_timestamp(min(first_at) / 1000), to_timestamp(max(last_at) / 1000),
       sum(delivered), sum(failed)
     from unnest(?::date[], ?::text[], ?::text[], ?::bigint[], ?::bigint[], ?::float8[], ?::float8[], ?::int[], ?::int[])
       as w (day, project, channel, first, last, first_at, last_at, delivered, failed), generate_series(first, last) as o
     group by 1, 2, 3, 4 order by 2, 3, 4
     on conflict (project_id, channel, "offset", processed_on) do update set
       first_at = least(d.first_at, excluded.first_at), last_at = greatest(d.last_at, excluded.last_at),
       delivered = d.delivered + excluded.delivered, failed = d.failed + excluded.failed`,
    [
      counts.map((one) => one.processedOn.toString()),
      counts.map((one) => one.project),
      counts.map((one) => one.channel),
      counts.map((one) => one.first),
      counts.map((one) => one.last),
      counts.map((one) => one.firstAt),
      counts.map((one) => one.lastAt),
      counts.map((one) => one.delivered),
      counts.map((one) => one.failed),
    ],
  );
}

export interface TicketRow {
  id: string;
  hash: Buffer;
  project_id: string;
  token_id: string;
  rights: Right[];
  channels: string[];
  created_at: Instant;
  expires_at: Instant;
}

/** Keeps a ticket, unless the project has `most` that still live. @returns whether it was kept */
export async function insertTicket(db: Db, row: TicketRow, most: number): Promise<boolean> {
  const rows = await ask<{ id: string }>(
    db,
    `insert into relay.tickets (id, hash, project_id, token_id, rights, channels, created_at, expires_at)
     select ?, ?::bytea, ?, ?, ?::text[], ?::text[], ?::timestamptz, ?::timestamptz
     where (select count(*) from (
       select 1 from relay.tickets where project_id = ? and expires_at > ? limit ?) living) < ?
     returning id`,
    [
      ...[row.id, row.hash, row.project_id, row.token_id, row.rights, row.channels, row.created_at, row.expires_at],
      ...[row.project_id, row.created_at, most, most],
    ],
  );
  return rows.length > 0;
}

export async function ticketById(db: Db, id: string): Promise<TicketRow | null> {
  return ((await db('relay.tickets').where({ id }).first()) as TicketRow | undefined) ?? null;
}

/** Uses a ticket up. Of all who try at once, on any node, one is told yes. */
export async function takeTicket(db: Db, id: string): Promise<boolean> {
  return (await db('relay.tickets').where({ id }).delete()) === 1;
}

export async function nextTicketEnd(db: Db): Promise<Instant | null> {
  const [row] = await db('relay.tickets').min({ next: 'expires_at' });
  return (row as { next: Instant | null } | undefined)?.next ?? null;
}

export async function forgetTickets(db: Db, at: Instant): Promise<number> {
  return db('relay.tickets')
    .where('expires_at', '<=', at as never)
    .delete();
}

export async function oldestKey(db: Db): Promise<Instant | null> {
  const [row] = await db('relay.idempotency').min({ oldest: 'accepted_at' });
  return (row as { oldest: Instant | null } | undefined)?.oldest ?? null;
}

export async function forgetKeys(db: Db, before: Instant): Promise<number> {
  return db('relay.idempotency')
    .where('accepted_at', '<=', before as never)
    .delete();
}

export interface GrantRow {
  id: string;
  state: 'asked' | 'granted' | 'refused';
  asked_by: string;
  asked_subject: string | null;
  asked_at: Instant;
  asked_on: Day;
  purpose: string;
  need: string;
  project_id: string;
  from_on: Day | null;
  before_on: Day | null;
  payload: boolean;
  granted_by: string | null;
  granted_subject: string | null;
  granted_at: Instant | null;
  expires_at: Instant | null;
  refusal: string | null;
}

export interface ViewRow {
  id: string;
  grant_id: string;
  actor: string;
  viewed_at: Instant;
  journal_id: string;
  rows_shown: number | null;
  exported: boolean; // a file without addresses, not a screen
}

export async function insertGrant(trx: Trx, row: GrantRow): Promise<void> {
  await trx('relay.log_grants').insert(row);
}

export async function grantById(db: Db, id: string): Promise<GrantRow | null> {
  return ((await db('relay.log_grants').where({ id }).first()) as GrantRow | undefined) ?? null;
}

/** @throws Refusal `log.no-grant` */
export async function lockGrant(trx: Trx, id: string): Promise<GrantRow> {
  const row = (await trx('relay.log_grants').where({ id }).forUpdate().first()) as GrantRow | undefined;
  if (!row) throw new Refusal('log.no-grant', 'not-found', { grant: id });
  return row;
}

export async function updateGrant(trx: Trx, id: string, changes: Partial<GrantRow>): Promise<void> {
  await trx('relay.log_grants').where({ id }).update(changes);
}

/** Grants and refused attempts by the time they were asked, half-open, oldest first. */
export async function grantsOf(
  db: Db,
  filter: { askedBy?: string; from?: Instant; to?: Instant },
): Promise<GrantRow[]> {
  const rows = db('relay.log_grants').orderBy('asked_at').orderBy('id');
  if (filter.askedBy) rows.where({ asked_by: filter.askedBy });
  if (filter.from) rows.where('asked_at', '>=', filter.from);
  if (filter.to) rows.where('asked_at', '<', filter.to);
  return rows;
}

export async function insertView(trx: Trx, row: Omit<ViewRow, 'rows_shown'>): Promise<void> {
  await trx('relay.log_views').insert(row);
}

export async function finishView(trx: Trx, id: string, rows: number): Promise<void> {
  await trx('relay.log_views').where({ id }).update({ rows_shown: rows });
}

export async function viewsOf(db: Db, grants: readonly string[]): Promise<ViewRow[]> {
  return db('relay.log_views').whereIn('grant_id', grants).orderBy('viewed_at');
}

export interface LogLine {
  processed_on: Day;
  channel: string;
  offset: number;
  id: string;
  received_at: Instant;
  stored_at: Instant;
  bytes: number;
  content_type: string | null;
  door: 'http' | 'ws';
  connection: string;
  personal: Buffer;
  box: Buffer | null;
}

/** Rows of the log by days, with those lifted out for a hold; oldest first, after a message id. */
export async function logRows(
  db: Db,
  scope: { project: string; from: Day; before: Day; payload?: boolean; after: string; limit: number },
): Promise<LogLine[]> {
  const columns = `processed_on, project_id, channel, "offset", id, received_at, stored_at, bytes, content_type, door,
    connection, personal`;
  const range = [scope.project, scope.from, scope.before, scope.after];
  const match = 'project_id = ? and processed_on >= ? and processed_on < ? and id > ?';
  return ask<LogLine>(
    db,
    `select m.*, ${scope.payload ? 'coalesce(p.box, h.box)' : 'null::bytea'} as box
     from (
       select ${columns} from relay.messages where ${match}
       union all
       select ${columns} from relay.held_messages where ${match}
       order by id limit ?
     ) m
     left join relay.payloads p on ${scope.payload ? 'true' : 'false'}
       and (p.project_id, p.channel, p."offset", p.processed_on) = (m.project_id, m.channel, m."offset", m.processed_on)
     left join relay.held_payloads h on ${scope.payload ? 'true' : 'false'}
       and (h.project_id, h.channel, h."offset", h.processed_on) = (m.project_id, m.channel, m."offset", m.processed_on)
     order by m.id`,
    [...range, ...range, scope.limit],
  );
}

/** How many rows of each day a scope holds. */
export async function rowsOfDays(
  db: Db,
  { project, from, before }: { project: string; from: Day; before: Day },
): Promise<{ day: Day; count: number }[]> {
  return ask(
    db,
    `select processed_on as day, messages_left as count from relay.volumes
     where project_id = ? and processed_on >= ? and processed_on < ? and messages_left > 0 order by processed_on`,
    [project, from, before],
  );
}

/**
 * Until the end of the transaction nobody destroys keys of days while somebody (`shared`) makes one of their own for use:
 * whoever comes second finds what the first has done.
 */
export async function lockDayKeys(trx: Trx, { shared = false } = {}): Promise<void> {
  const lock = shared ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  await trx.raw(`select ${lock}(hashtextextended('relay day keys', 0))`);
}

export async function pseudonymKey(db: Db, project: string, on: Day): Promise<Buffer | null> {
  const row = await db('relay.volumes').where({ project_id: project, processed_on: on }).first('pseudonym_key');
  return row?.pseudonym_key ?? null;
}

/** @returns the key that is kept: of two who come at once the first one's; null where the log has nothing of the day */
export async function keepPseudonymKey(db: Db | Trx, project: string, on: Day, box: Buffer): Promise<Buffer | null> {
  const [row] = await db('relay.volumes')
    .where({ project_id: project, processed_on: on })
    .update({ pseudonym_key: db.raw('coalesce(pseudonym_key, ?)', [box]) }, ['pseudonym_key']);
  return row?.pseudonym_key ?? null;
}

export interface NodeRow {
  id: string;
  beat: number;
  host: string;
  process: string;
}

/** One more beat of a node. @returns all nodes; `fresh`: it was not there, or not any more */
export async function keepAlive(
  db: Db,
  self: { id: string; host: string; process: string },
): Promise<{ rows: NodeRow[]; fresh: boolean }> {
  const grown = await ask<{ beat: number }>(
    db,
    `insert into relay.nodes as n (id, beat, host, process) values (?, 1, ?, ?)
     on conflict (id) do update set beat = n.beat + 1 returning beat`,
    [self.id, self.host, self.process],
  );
  return { rows: await db('relay.nodes').orderBy('id'), fresh: grown[0]?.beat === 1 };
}

/** Takes out a node that stood still, unless it has beaten since. */
export async function buryNode(db: Db, id: string, beat: number): Promise<boolean> {
  return (await db('relay.nodes').where({ id, beat }).delete()) === 1;
}

export async function removeNode(db: Db, id: string): Promise<void> {
  await db('relay.nodes').where({ id }).delete();
}

/** Tells the other nodes that there is one more, or one less. */
export async function announceNode(db: Db, id: string): Promise<void> {
  await ask(db, "select pg_notify('relay_nodes', ?)", [id]);
}

/** Locks the seats of a project until the transaction ends. @returns how many the other nodes hold */
export async function lockSeats(trx: Trx, { project, node }: { project: string; node: string }): Promise<number> {
  await trx.raw('select pg_advisory_xact_lock(hashtextextended(?, 0))', [`relay.seats/${project}`]);
  const rows = await ask<{ elsewhere: number }>(
    trx,
    'select coalesce(sum(taken), 0)::int as elsewhere from relay.seats where project_id = ? and node_id <> ?',
    [project, node],
  );
  return rows[0]?.elsewhere ?? 0;
}

/** Writes down how many connections of a project this node holds. */
export async function writeSeats(
  trx: Trx,
  { project, node, taken }: { project: string; node: string; taken: number },
): Promise<void> {
  if (taken === 0) await trx('relay.seats').where({ project_id: project, node_id: node }).delete();
  else {
    await trx('relay.seats')
      .insert({ project_id: project, node_id: node, taken })
      .onConflict(['project_id', 'node_id'])
      .merge();
  }
}

/** Connections of a project that are open now, on all nodes. */
export async function openSeats(db: Db | Trx, project: string): Promise<number> {
  const [row] = await db('relay.seats').where({ project_id: project }).sum({ open: 'taken' });
  return Number((row as { open: string | null } | undefined)?.open ?? 0);
}

/** Tells the other nodes how far channels have come: where NATS does not. */
export async function announceOffsets(db: Db, payloads: readonly string[]): Promise<void> {
  await ask(db, "select pg_notify('relay_told', one) from unnest(?::text[]) as w (one)", [payloads]);
}

export interface Notice {
  channel: string; // of PostgreSQL
  payload: string; // less than 8000 bytes
}

/** Says something to all who listen, in this order. */
export async function notify(db: Db, notices: readonly Notice[]): Promise<void> {
  await ask(db, 'select pg_notify(channel, payload) from unnest(?::text[], ?::text[]) as w (channel, payload)', [
    notices.map(({ channel }) => channel),
    notices.map(({ payload }) => payload),
  ]);
}

/** Of these channels those that have come further than is known here. */
export async function channelsAhead(
  db: Db,
  known: readonly { project: string; channel: string; passed: number }[],
): Promise<{ project: string; channel: string; newest: number }[]> {
  return ask(
    db,
    `select project_id as project, name as channel, last_offset as newest
     from unnest(?::text[], ?::text[], ?::bigint[]) as w (project, channel, passed)
     join relay.channels on project_id = project and name = channel where last_offset > passed`,
    [known.map((one) => one.project), known.map((one) => one.channel), known.map((one) => one.passed)],
  );
}
