import pg, { type Client } from 'pg';
import type { Temporal } from '../../core/index.ts';
import { type Copy, sendCopy } from './copy.ts';
import type { Waiting } from './waiting.ts';

/** The use of a project on a day, once a batch has taken its share. */
export interface ProjectUse {
  project_id: string;
  subject_id: string;
  account_id: string | null;
  messages: number;
  fitted: number; // how many of this batch
  daily_limit: number;
  notices: Record<string, string>;
}

/** What a batch has been given: its place in each channel, and who has to be told no. */
export interface Share {
  accepted: Waiting[];
  /** Over the limit of a day. */
  over: { waiting: Waiting; limit: number }[];
  /** Of projects that are not active. */
  stopped: Waiting[];
  uses: ProjectUse[];
  /** The first offset of each channel, by `channelKey`. */
  offsets: Map<string, number>;
}

export interface When {
  processedOn: Temporal.PlainDate;
  usedOn: Temporal.PlainDate;
  hour: number; // of the day of use
}

/*
 * One statement takes the lock of every project's day in sorted order and cuts what passes its limit: two nodes never
 * deadlock, and never accept one message too many between them. A project that is not active gets no row. Only when
 * everything fits does the same statement advance the offsets; otherwise nothing but the use of the day has changed.
 */
const takeAll = `
  with wanted as (select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as w (id, n, bytes)),
  used as (
    insert into relay.usage as u
      (project_id, subject_id, used_on, daily_limit, messages, fitted, dropped, bytes, hours)
    select p.id, p.subject_id, $4, l.daily, least(w.n, l.daily), least(w.n, l.daily), greatest(w.n - l.daily, 0),
      case when w.n <= l.daily then w.bytes else 0 end,
      array_fill(0::bigint, array[$5 - 1]) || case when w.n <= l.daily then w.n else 0 end
        || array_fill(0::bigint, array[24 - $5])
    from (select id, subject_id, plan from relay.projects where id = any($1) and state = 'active' order by id for share) p
    join wanted w on w.id = p.id
    join unnest($6::text[], $7::bigint[]) as l (plan, daily) on l.plan = p.plan
    order by p.id
    on conflict (project_id, used_on) do update set
      daily_limit = excluded.daily_limit,
      fitted = greatest(0, least(excluded.fitted + excluded.dropped, excluded.daily_limit - u.messages)),
      messages = u.messages + greatest(0, least(excluded.fitted + excluded.dropped, excluded.daily_limit - u.messages)),
      dropped = u.dropped + excluded.fitted + excluded.dropped
        - greatest(0, least(excluded.fitted + excluded.dropped, excluded.daily_limit - u.messages)),
      bytes = u.bytes + case when u.messages + excluded.fitted + excluded.dropped <= excluded.daily_limit
        then excluded.bytes else 0 end,
      hours[$5] = u.hours[$5] + case when u.messages + excluded.fitted + excluded.dropped <= excluded.daily_limit
        then excluded.fitted else 0 end
    returning u.project_id, u.subject_id, u.messages, u.fitted, u.daily_limit, u.notices
  ), fits as (
    select count(*) = cardinality($1) and bool_and(used.fitted = w.n) as all from used join wanted w on w.id = project_id
  ), volume as (
    insert into relay.volumes as v (processed_on, project_id, subject_id, messages, bytes, payloads_left, messages_left)
    select $8, project_id, subject_id, n, bytes, n, n
    from used join wanted w on w.id = project_id where (select fits.all from fits) order by project_id
    on conflict (processed_on, project_id) do update set
      messages = v.messages + excluded.messages, bytes = v.bytes + excluded.bytes,
      payloads_left = v.payloads_left + excluded.messages, messages_left = v.messages_left + excluded.messages
  ), ends as (
    insert into relay.channels as c (project_id, name, last_offset)
    select project, channel, n from unnest($9::text[], $10::text[], $11::bigint[]) as w (project, channel, n)
    where (select fits.all from fits) order by project, channel
    on conflict (project_id, name) do update set last_offset = c.last_offset + excluded.last_offset
    returning project_id, name, last_offset
  )
  select used.*, p.account_id, (select fits.all from fits) as complete,
    (select jsonb_object_agg(name, last_offset) from ends where ends.project_id = used.project_id) as ends
  from used join relay.projects p on p.id = used.project_id`;

/** The same for what is left of a batch that did not fit as a whole; the locks are held already. */
const takeRest = `
  with rest as (select * from unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[]) as r (id, n, bytes, whole)),
  used as (
    update relay.usage u set bytes = u.bytes + r.bytes, hours[$6] = u.hours[$6] + r.n
    from rest r where not r.whole and u.project_id = r.id and u.used_on = $5
  ), volume as (
    insert into relay.volumes as v (processed_on, project_id, subject_id, messages, bytes, payloads_left, messages_left)
    select $7, r.id, p.subject_id, r.n, r.bytes, r.n, r.n
    from rest r join relay.projects p on p.id = r.id order by r.id
    on conflict (processed_on, project_id) do update set
      messages = v.messages + excluded.messages, bytes = v.bytes + excluded.bytes,
      payloads_left = v.payloads_left + excluded.messages, messages_left = v.messages_left + excluded.messages
  )
  insert into relay.channels as c (project_id, name, last_offset)
  select project, channel, n from unnest($8::text[], $9::text[], $10::bigint[]) as w (project, channel, n)
  order by project, channel
  on conflict (project_id, name) do update set last_offset = c.last_offset + excluded.last_offset
  returning project_id, name, last_offset`;

/*
 * The same for a batch whose place in each channel is foreseen, with nobody asking back: if it does not fit as a whole,
 * or a channel has gone on otherwise, it divides by zero, which undoes the transaction and all that was sent behind it.
 */
const takeForeseen = `
  with wanted as (select * from unnest($1::text[], $2::bigint[], $3::bigint[]) as w (id, n, bytes)),
  used as (
    insert into relay.usage as u (project_id, subject_id, used_on, daily_limit, messages, fitted, bytes, hours)
    select p.id, p.subject_id, $4, l.daily, w.n, w.n, w.bytes,
      array_fill(0::bigint, array[$5 - 1]) || w.n || array_fill(0::bigint, array[24 - $5])
    from (select id, subject_id, plan from relay.projects where id = any($1) and state = 'active' order by id for share) p
    join wanted w on w.id = p.id
    join unnest($6::text[], $7::bigint[]) as l (plan, daily) on l.plan = p.plan
    where w.n <= l.daily order by p.id
    on conflict (project_id, used_on) do update set
      daily_limit = excluded.daily_limit, fitted = excluded.fitted, messages = u.messages + excluded.messages,
      bytes = u.bytes + excluded.bytes, hours[$5] = u.hours[$5] + excluded.messages
      where u.messages + excluded.messages <= excluded.daily_limit
    returning u.project_id, u.subject_id, u.messages, u.fitted, u.daily_limit, u.notices
  ), fits as (
    select count(*) = cardinality($1) as all from used
  ), volume as (
    insert into relay.volumes as v (processed_on, project_id, subject_id, messages, bytes, payloads_left, messages_left)
    select $8, project_id, subject_id, n, bytes, n, n
    from used join wanted w on w.id = project_id where (select fits.all from fits) order by project_id
    on conflict (processed_on, project_id) do update set
      messages = v.messages + excluded.messages, bytes = v.bytes + excluded.bytes,
      payloads_left = v.payloads_left + excluded.messages, messages_left = v.messages_left + excluded.messages
  ), ends as (
    update relay.channels c set last_offset = w.first + w.n - 1
    from unnest($9::text[], $10::text[], $11::bigint[], $12::bigint[]) as w (project, channel, n, first)
    where (select fits.all from fits) and c.project_id = w.project and c.name = w.channel and c.last_offset = w.first - 1
    returning 1
  )
  select used.*, p.account_id,
    1 / (case when (select fits.all from fits) and (select count(*) from ends) = cardinality($9) then 1 else 0 end) as sure
  from (select 1) always left join used on true left join relay.projects p on p.id = used.project_id`;
const notAsForeseen = '22012'; // division by zero

/** How much a batch wants, in sorted order. */
function tally(batch: readonly Waiting[]) {
  const projects = new Map<string, { n: number; bytes: number }>();
  const channels = new Map<string, { project: string; channel: string; n: number }>();
  for (const { message } of batch) {
    const { project, channel, payload } = message;
    const sum = projects.get(project);
    if (sum) {
      sum.n++;
      sum.bytes += payload.length;
    } else projects.set(project, { n: 1, bytes: payload.length });
    const key = channelKey(project, channel);
    const count = channels.get(key);
    if (count) count.n++;
    else channels.set(key, { project, channel, n: 1 });
  }
  return { projects: new Map([...projects].sort(([a], [b]) => (a < b ? -1 : 1))), channels };
}

// A channel name has no space: the two parts come apart again.
export const channelKey = (project: string, channel: string): string => `${project} ${channel}`;

/** A statement that begins the transaction it is the first of: one way to the server instead of two. */
class Opening extends pg.Query {
  override submit = (connection: pg.Connection): void => {
    const { stream } = connection;
    stream.cork();
    once(connection, 'begin');
    pg.Query.prototype.submit.call(this, connection);
    stream.uncork();
  };
}

/**
 * A whole transaction that asks nothing back: a statement, the rows behind it, and the commit. When one of them fails,
 * the server passes over the others.
 */
class Whole extends pg.Query {
  readonly copies: readonly Copy[];

  constructor(
    query: pg.QueryConfig,
    copies: readonly Copy[],
    answered: (error: Error | undefined, all: unknown) => void,
  ) {
    super(query as never, answered as never);
    this.copies = copies;
  }

  override submit = (connection: pg.Connection): void => {
    const { stream } = connection;
    stream.cork();
    once(connection, 'begin');
    // The statement alone would end here.
    const open = Object.create(connection, { sync: { value: () => {} } }) as pg.Connection;
    pg.Query.prototype.submit.call(this, open);
    for (const { into, data } of this.copies) {
      once(connection, into);
      sendCopy(stream, data);
    }
    once(connection, 'commit');
    connection.sync();
    stream.uncork();
  };

  // What the server asks for has been sent already.
  handleCopyInResponse(): void {}
}

function once(connection: pg.Connection, text: string): void {
  connection.parse({ name: '', text, types: [] }, true);
  connection.bind({} as never, true);
  connection.execute(null, true);
}

type Row = ProjectUse & { complete: boolean; ends: Record<string, number> | null };

function ask(client: Client, query: pg.QueryConfig, begun: boolean): Promise<Row[]> {
  if (begun) return client.query<Row>(query).then(({ rows }) => rows);
  return new Promise((done, fail) => {
    const answered = (error: Error | undefined, results: unknown): void => {
      if (error) fail(error);
      else done((results as pg.QueryResult<Row>[])[1]?.rows ?? []);
    };
    client.query(new Opening(query as never, answered));
  });
}

/**
 * Takes a batch's share of limits and offsets. Its rows stay locked until the transaction ends.
 * @param begun whether the transaction has begun; otherwise it does so here
 */
export async function takeShare(
  client: Client,
  batch: readonly Waiting[],
  { when, limits, begun }: { when: When; limits: ReadonlyMap<string, number>; begun: boolean },
): Promise<Share> {
  const { projects, channels } = tally(batch);
  const uses = await ask(
    client,
    {
      ...{ name: 'relay-take', text: takeAll },
      values: [...wants(projects, when, limits), ...columns(channels)],
    },
    begun,
  );
  if (uses[0]?.complete) return { ...nobody(), accepted: [...batch], uses, offsets: offsetsOf(uses, channels) };
  const share = { ...divide(batch, uses), uses };
  return { ...share, offsets: await takeRestOf(client, share, when) };
}

/**
 * Takes a batch's share, writes its rows and commits, in one way to the server and back.
 * @param first the offset that the first message of each channel is to have, by `channelKey`
 * @returns what it has been given; null when it did not come as foreseen, and nothing is written
 */
export async function takeAndCommit(
  client: Client,
  batch: readonly Waiting[],
  {
    when,
    limits,
    first,
    copies,
  }: {
    when: When;
    limits: ReadonlyMap<string, number>;
    first: ReadonlyMap<string, number>;
    copies: readonly Copy[];
  },
): Promise<ProjectUse[] | null> {
  const { projects, channels } = tally(batch);
  const query = {
    ...{ name: 'relay-take-foreseen', text: takeForeseen },
    values: [...wants(projects, when, limits), ...columns(channels), [...channels.keys()].map((key) => first.get(key))],
  };
  try {
    const results = await new Promise<pg.QueryResult<Row>[]>((done, fail) => {
      client.query(
        new Whole(query, copies, (error, all) => {
          if (error) fail(error);
          else done(all as pg.QueryResult<Row>[]);
        }),
      );
    });
    const last = results.at(-1)?.command;
    if (last !== 'COMMIT') throw new Error(`The database answered ${last} to a commit.`);
    return results[1]?.rows ?? [];
  } catch (error) {
    if ((error as { code?: string }).code !== notAsForeseen) throw error;
    await client.query('rollback');
    return null;
  }
}

const nobody = () => ({ over: [] as Share['over'], stopped: [] as Waiting[] });

function wants(
  projects: ReturnType<typeof tally>['projects'],
  when: When,
  limits: ReadonlyMap<string, number>,
): unknown[] {
  const sums = [...projects.values()];
  return [
    ...[[...projects.keys()], sums.map(({ n }) => n), sums.map(({ bytes }) => bytes)],
    ...[when.usedOn, when.hour + 1, [...limits.keys()], [...limits.values()], when.processedOn],
  ];
}

function columns(channels: ReturnType<typeof tally>['channels']): unknown[][] {
  const all = [...channels.values()];
  return [all.map(({ project }) => project), all.map(({ channel }) => channel), all.map(({ n }) => n)];
}

/** The first offset of each channel, from the last one that is now taken. */
function offsetsOf(uses: readonly Row[], channels: ReturnType<typeof tally>['channels']): Map<string, number> {
  const ends = new Map(uses.map((use) => [use.project_id, use.ends ?? {}]));
  return new Map(
    [...channels].map(([key, { project, channel, n }]) => [key, (ends.get(project)?.[channel] as number) - n + 1]),
  );
}

/** Those that came first are within the limit, in the order in which they came. */
function divide(batch: readonly Waiting[], uses: readonly ProjectUse[]): Pick<Share, 'accepted' | 'over' | 'stopped'> {
  const limitOf = new Map(uses.map((use) => [use.project_id, use.daily_limit]));
  const room = new Map(uses.map((use) => [use.project_id, use.fitted]));
  const accepted: Waiting[] = [];
  const { over, stopped } = nobody();
  for (const waiting of batch) {
    const { project } = waiting.message;
    const left = room.get(project);
    if (left === undefined) stopped.push(waiting);
    else if (left === 0) over.push({ waiting, limit: limitOf.get(project) as number });
    else {
      room.set(project, left - 1);
      accepted.push(waiting);
    }
  }
  return { accepted, over, stopped };
}

async function takeRestOf(
  client: Client,
  { accepted, over }: Pick<Share, 'accepted' | 'over'>,
  when: When,
): Promise<Map<string, number>> {
  if (accepted.length === 0) return new Map();
  const { projects, channels } = tally(accepted);
  const cut = new Set(over.map(({ waiting }) => waiting.message.project));
  const sums = [...projects.values()];
  const { rows } = await client.query<{ project_id: string; name: string; last_offset: number }>({
    ...{ name: 'relay-take-rest', text: takeRest },
    values: [
      ...[[...projects.keys()], sums.map(({ n }) => n), sums.map(({ bytes }) => bytes)],
      ...[[...projects.keys()].map((project) => !cut.has(project)), when.usedOn, when.hour + 1, when.processedOn],
      ...columns(channels),
    ],
  });
  return new Map(
    rows.map(({ project_id: project, name, last_offset: last }) => {
      const key = channelKey(project, name);
      return [key, last - (channels.get(key)?.n as number) + 1];
    }),
  );
}
