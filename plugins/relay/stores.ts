import {
  type Anchor,
  type DateRange,
  type EraseReceipt,
  inRanges,
  type Located,
  type Store,
  type StoreContext,
  spanOf,
  Temporal,
  type Trx,
  timeOfId,
  type Unsupported,
  whereAnchored,
} from '../../core/index.ts';
import { metadataAad, payloadAad } from './log.ts';
import { dropPartition, type LogTable, partitionDays } from './partitions.ts';
import { vaultKeyOf } from './pusher/keys.ts';
import { ask } from './sql.ts';
import { lockDayKeys, projectsOf } from './store.ts';
import type { Ground } from './types.ts';

type Day = Temporal.PlainDate;

const logSystem = { ru: 'ИСПДн «Журнал сообщений»', en: 'Message log' };
const accountSystem = { ru: 'ИСПДн «Учётные записи»', en: 'Accounts' };
const sources = {
  relayed: 'переданы субъектом или его программами через сервис',
  given: 'получены от субъекта при создании проекта',
  counted: 'образованы сервисом при оказании услуг',
  staff: 'образованы при работе сотрудников с журналом сообщений',
};

const unchangeable: Unsupported = {
  unsupported: 'Запись о переданном хранится такой, какой она была; ошибку исправляет новое сообщение.',
};

/** The rows of a log table that the volumes speak of, of a whole day or of one person. */
type Left = 'payloads_left' | 'messages_left';

async function anchorsOf(trx: Trx, left: Left, subject?: string, until?: Day): Promise<Anchor[]> {
  const volumes = trx('relay.volumes').where(left, '>', 0);
  if (until) volumes.where('processed_on', '<=', until);
  if (subject) volumes.where({ subject_id: subject });
  const rows = await volumes
    .groupBy('processed_on')
    .orderBy('processed_on')
    .select('processed_on as day', trx.raw('sum(??)::bigint as count', [left]));
  return rows as Anchor[];
}

/** A message by its id, which says when it came: only the partitions around that day are looked through. */
async function messageIn(trx: Trx, tables: readonly string[], id: string): Promise<Located | null> {
  const came = timeOfId(id)?.toZonedDateTimeISO('UTC').toPlainDate();
  if (!came) return null;
  const around = [came.subtract({ days: 1 }), came.add({ days: 1 })] as never;
  for (const table of tables) {
    const row = await trx(`${table} as m`)
      .leftJoin('relay.volumes as v', { 'v.processed_on': 'm.processed_on', 'v.project_id': 'm.project_id' })
      .where('m.id', id)
      .whereBetween('m.processed_on', around)
      .first('m.processed_on', 'v.subject_id');
    if (row) return { from: row.processed_on, subject: row.subject_id };
  }
  return null;
}

async function volumesOf(subject: string, left: Left, { trx, law }: StoreContext, what: string, schedule: string) {
  const rows = (await trx('relay.volumes')
    .where({ subject_id: subject })
    .where(left, '>', 0)
    .groupBy('processed_on')
    .orderBy('processed_on')
    .select('processed_on')
    .sum({ count: left, bytes: 'bytes' })) as { processed_on: Day; count: number; bytes: number }[];
  return rows.map((row) => ({
    what,
    count: Number(row.count),
    ...(left === 'payloads_left' ? { bytes: Number(row.bytes) } : {}),
    from: row.processed_on,
    until: law.keep(schedule, { from: row.processed_on }).keepUntil,
  }));
}

interface Kind {
  store: string;
  left: Left;
  tables: readonly LogTable[];
  /** names of the keys of a day and project */
  keys(day: string, project: string): string[];
  lift(context: StoreContext, day: Day, held: { project: string; subject: string }[]): Promise<number>;
  held: string; // the table of lifted rows
  /** Tables without anything sealed: a held person's rows stay where they are, and their partition with them. */
  unsealed: readonly LogTable[];
}

/*
 * How days of the log end. Held rows are lifted out under keys of their own; then the keys of the day are destroyed, and
 * with them every copy of the data anywhere; the partition is detached without stopping writers, and dropped. Each
 * step can be repeated, and the whole is told by the receipt of its run.
 */
async function expire(
  kind: Kind,
  scope: { anchored: DateRange[]; held: string[] },
  context: StoreContext,
): Promise<EraseReceipt> {
  const { db, clock, runId } = context;
  const before = await db('relay.runs').where({ run_id: runId, store: kind.store }).first('receipt');
  if (before) return revive(before.receipt);

  const volumes = (await whereAnchored(db('relay.volumes'), 'processed_on', scope.anchored)
    .where(kind.left, '>', 0)
    .orderBy(['processed_on', 'project_id'])
    .select('processed_on', 'project_id', 'subject_id', `${kind.left} as left`)) as {
    processed_on: Day;
    project_id: string;
    subject_id: string;
    left: number;
  }[];
  const isHeld = new Set(scope.held);
  const gone = volumes.filter((row) => !isHeld.has(row.subject_id));
  const staying = volumes.filter((row) => isHeld.has(row.subject_id));
  const days = [...new Set(volumes.map((row) => row.processed_on.toString()))].sort();
  const attached = new Map<LogTable, Set<string>>();
  for (const table of kind.tables) attached.set(table, new Set((await partitionDays(db, table)).map(String)));

  const heldOn = (day: string) =>
    staying
      .filter((row) => row.processed_on.toString() === day)
      .map((row) => ({ project: row.project_id, subject: row.subject_id }));
  for (const day of days) {
    const held = heldOn(day);
    if (held.length > 0 && attached.get(kind.tables[0] as LogTable)?.has(day)) {
      await kind.lift(context, Temporal.PlainDate.from(day), held);
    }
  }
  // What is still held keeps its second key; the day's own keys all go, also those of the lifted rows.
  // Asked again after a crash, the vault answers for the same run as before.
  const names = volumes.flatMap((row) => kind.keys(row.processed_on.toString(), row.project_id));
  const lifted = gone.flatMap((row) => kind.keys(row.processed_on.toString(), row.project_id).map(heldKey));
  const shredded = names.length > 0 ? await shred(kind, context, [...names, ...lifted]) : null;
  for (const row of gone) {
    await db(kind.held).where({ processed_on: row.processed_on, project_id: row.project_id }).delete();
  }
  const dropped: string[] = [];
  for (const table of kind.tables) {
    for (const text of attached.get(table) ?? []) {
      const day = Temporal.PlainDate.from(text);
      const empty = days.length > 0 && text < (days[0] as string) && !(await hasVolume(context, kind.left, day));
      if (!inRanges(day, scope.anchored) && !empty) continue;
      const projectsIn = heldOn(text).map(({ project }) => project);
      if (kind.unsealed.includes(table) && projectsIn.length > 0) {
        await db(`relay.${table}`).where({ processed_on: day }).whereNotIn('project_id', projectsIn).delete();
        continue;
      }
      if (await dropPartition(db, table, day)) dropped.push(`relay.${table}_${text.replaceAll('-', '')}`);
    }
  }

  const receipt: EraseReceipt = {
    outcome: gone.length > 0 ? 'erased' : staying.length > 0 ? 'retained' : 'not_found',
    affected: sum(gone),
    remaining: sum(staying),
    // An act names the projects by these keys: only those of which nothing stays.
    ...(gone.length > 0
      ? {
          keys: shredded?.keys ?? 0,
          keyNames: gone.flatMap((row) => kind.keys(row.processed_on.toString(), row.project_id)),
        }
      : {}),
    tables: dropped.length > 0 ? dropped : kind.tables.map((table) => `relay.${table}`),
    ...(gone.length > 0 ? { from: gone[0]?.processed_on as Day, to: gone.at(-1)?.processed_on as Day } : {}),
    ...(staying.length > 0 ? { because: 'запрет уничтожения' } : {}),
  };
  await db.transaction(async (trx) => {
    for (const row of gone) {
      await trx('relay.volumes')
        .where({ processed_on: row.processed_on, project_id: row.project_id })
        .update({ [kind.left]: 0 });
    }
    // A day of which nothing is left needs no line of its own.
    await trx('relay.volumes').where({ payloads_left: 0, messages_left: 0 }).delete();
    await trx('relay.runs').insert({
      run_id: runId,
      store: kind.store,
      receipt: JSON.stringify(receipt),
      at: clock.now(),
    });
  });
  return receipt;
}

/** Destroys keys of days, and no export makes one of them anew meanwhile. */
function shred({ store }: Kind, { db, vault, runId }: StoreContext, names: string[]) {
  return db.transaction(async (trx) => {
    await lockDayKeys(trx);
    return vault.shred(names, { runId: `${runId}/${store}` });
  });
}

async function hasVolume({ db }: StoreContext, left: Left, day: Day): Promise<boolean> {
  return Boolean(await db('relay.volumes').where({ processed_on: day }).where(left, '>', 0).first('project_id'));
}

function sum(rows: readonly { left: number }[]): number {
  return rows.reduce((total, row) => total + Number(row.left), 0);
}

function revive(receipt: EraseReceipt & { from?: unknown; to?: unknown }): EraseReceipt {
  const { from, to, ...rest } = receipt;
  return {
    ...rest,
    ...(from ? { from: Temporal.PlainDate.from(String(from)) } : {}),
    ...(to ? { to: Temporal.PlainDate.from(String(to)) } : {}),
  };
}

/** The key of lifted rows: the same name under another first word. */
function heldKey(name: string): string {
  return `held-${name}`;
}

const pageRows = 500;

const payloadKind: Kind = {
  store: 'payloads',
  left: 'payloads_left',
  tables: ['payloads'],
  held: 'relay.held_payloads',
  unsealed: [],
  keys: (day, project) => [`payload/${day}/${project}`],
  async lift({ db, vault }, day, held) {
    let lifted = 0;
    for (const { project, subject } of held) {
      const name = `payload/${day}/${project}`;
      for (;;) {
        const rows = await ask<{ id: string; box: Buffer; subject_id: string }>(
          db,
          `select p.* from relay.payloads p where p.processed_on = ? and p.project_id = ? and not exists (
             select 1 from relay.held_payloads h
             where (h.project_id, h.channel, h."offset", h.processed_on) = (p.project_id, p.channel, p."offset", p.processed_on))
           order by p.channel, p."offset" limit ?`,
          [day, project, pageRows],
        );
        if (rows.length === 0) break;
        const seal = await vault.sealer(heldKey(name));
        for (const row of rows) {
          const aad = payloadAad(day.toString(), project, row.id);
          row.box = seal(await vault.open(row.box, aad), aad);
          row.subject_id = subject;
        }
        await db('relay.held_payloads').insert(rows);
        lifted += rows.length;
      }
    }
    return lifted;
  },
};

const metadataKind: Kind = {
  store: 'metadata',
  left: 'messages_left',
  tables: ['messages', 'deliveries'],
  held: 'relay.held_messages',
  unsealed: ['deliveries'],
  keys: (day, project) => [`metadata/${day}/${project}`],
  async lift({ db, vault }, day, held) {
    let lifted = 0;
    for (const { project, subject } of held) {
      const name = `metadata/${day}/${project}`;
      for (;;) {
        const rows = await ask<{ connection: string; personal: Buffer; subject_id: string }>(
          db,
          `select m.* from relay.messages m where m.processed_on = ? and m.project_id = ? and not exists (
             select 1 from relay.held_messages h
             where (h.project_id, h.channel, h."offset", h.processed_on) = (m.project_id, m.channel, m."offset", m.processed_on))
           order by m.channel, m."offset" limit ?`,
          [day, project, pageRows],
        );
        if (rows.length === 0) break;
        const seal = await vault.sealer(heldKey(name));
        for (const row of rows) {
          const aad = metadataAad(day.toString(), project, row.connection);
          row.personal = seal(await vault.open(row.personal, aad), aad);
          row.subject_id = subject;
        }
        await db('relay.held_messages').insert(rows);
        lifted += rows.length;
      }
    }
    return lifted;
  },
};

/** A person's request reaches the log only where the law's own term has ended: the days that may go, of that person. */
async function eraseDaysOfOne(
  kind: Kind,
  subject: string,
  anchored: DateRange[] | 'all',
  context: StoreContext,
): Promise<EraseReceipt> {
  const { db } = context;
  const rows = (await whereAnchored(db('relay.volumes'), 'processed_on', anchored)
    .where({ subject_id: subject })
    .where(kind.left, '>', 0)
    .orderBy('processed_on')
    .select('processed_on', 'project_id', `${kind.left} as left`)) as {
    processed_on: Day;
    project_id: string;
    left: number;
  }[];
  const names = rows.flatMap((row) => {
    const own = kind.keys(row.processed_on.toString(), row.project_id);
    return [...own, ...own.map(heldKey)];
  });
  if (names.length > 0) await shred(kind, context, names);
  for (const row of rows) {
    const day = { processed_on: row.processed_on, project_id: row.project_id };
    await db.transaction(async (trx) => {
      for (const table of kind.tables) await trx(`relay.${table}`).where(day).delete();
      await trx(kind.held).where(day).delete();
      await trx('relay.volumes')
        .where(day)
        .update({ [kind.left]: 0 });
      await trx('relay.volumes').where({ payloads_left: 0, messages_left: 0 }).delete();
    });
  }
  const [left] = await db('relay.volumes')
    .where({ subject_id: subject })
    .where(kind.left, '>', 0)
    .sum({ n: kind.left });
  return {
    outcome: rows.length > 0 ? 'erased' : Number(left?.n ?? 0) > 0 ? 'retained' : 'not_found',
    affected: sum(rows),
    remaining: Number(left?.n ?? 0),
    tables: kind.tables.map((table) => `relay.${table}`),
    ...(rows.length > 0
      ? { keys: names.length / 2, from: rows[0]?.processed_on as Day, to: rows.at(-1)?.processed_on as Day }
      : {}),
    ...(rows.length === 0 && Number(left?.n ?? 0) > 0 ? { because: 'срок хранения журнала установлен законом' } : {}),
  };
}

/** While processing is restricted a project takes and hands out nothing; what is stored stays. */
async function restrictProjects(subject: string, on: boolean, { trx }: StoreContext) {
  const rows = await projectsOf(trx, subject);
  let affected = 0;
  for (const row of rows) {
    if (row.state === 'deleted') continue;
    const grounds: Ground[] = row.grounds.filter((ground) => ground !== 'restricted');
    if (on) grounds.push('restricted');
    const state = grounds.length > 0 ? 'suspended' : row.activated_at ? 'active' : 'waiting';
    affected += await trx('relay.projects').where({ id: row.id }).update({ grounds, state });
    await trx.raw("select pg_notify('relay_changed', ?)", [row.id]);
  }
  return { outcome: rows.length > 0 ? ('done' as const) : ('not_found' as const), affected };
}

export const payloads: Store = {
  title: { ru: 'Содержание сообщений', en: 'Message payloads' },
  system: logSystem,
  subject: 'relay-user',
  tables: ['relay.payloads', 'relay.held_payloads'],
  columns: {
    'relay.payloads.box': 'message.payload',
    'relay.payloads.content_type': 'message.payload',
    'relay.payloads.channel': 'message.metadata',
    'relay.payloads.left_out': 'technical',
    'relay.held_payloads.box': 'message.payload',
    'relay.held_payloads.content_type': 'message.payload',
    'relay.held_payloads.channel': 'message.metadata',
    'relay.held_payloads.left_out': 'technical',
  },
  purposes: ['operation'],
  schedule: 'message.payload',
  anchors: (trx, subject, until) => anchorsOf(trx, 'payloads_left', subject, until),
  span: (db, from) =>
    spanOf(db, [{ rows: db('relay.volumes').where('payloads_left', '>', 0), day: 'processed_on' }], from),
  locate: (trx, id) => messageIn(trx, ['relay.payloads', 'relay.held_payloads'], id),
  async collect(subject, context) {
    // Contents may speak of other people, and the operator does not read them: told by volume and term.
    const summary = await volumesOf(subject, 'payloads_left', context, 'Содержание сообщений', 'message.payload');
    return { rows: [], summary, source: sources.relayed };
  },
  erase: (scope, context) =>
    scope.why === 'expiry'
      ? expire(payloadKind, scope, context)
      : eraseDaysOfOne(payloadKind, scope.subject, scope.anchored, context),
  rectify: unchangeable,
  restrict: restrictProjects,
};

export const metadata: Store = {
  title: { ru: 'Метаданные сообщений', en: 'Message metadata' },
  system: logSystem,
  subject: 'relay-user',
  tables: ['relay.messages', 'relay.held_messages', 'relay.deliveries', 'relay.volumes'],
  columns: {
    'relay.messages.personal': 'message.meta.personal',
    'relay.messages.channel': 'message.metadata',
    'relay.messages.content_type': 'message.metadata',
    'relay.messages.door': 'message.metadata',
    'relay.messages.connection': 'message.meta.personal',
    'relay.held_messages.personal': 'message.meta.personal',
    'relay.held_messages.channel': 'message.metadata',
    'relay.held_messages.content_type': 'message.metadata',
    'relay.held_messages.door': 'message.metadata',
    'relay.held_messages.connection': 'message.meta.personal',
    'relay.deliveries.channel': 'message.metadata',
    'relay.deliveries.delivered': 'message.metadata',
    'relay.volumes.messages': 'message.metadata',
    'relay.volumes.bytes': 'message.metadata',
    'relay.volumes.pseudonym_key': 'technical',
  },
  purposes: ['operation'],
  schedule: 'message.metadata',
  anchors: (trx, subject, until) => anchorsOf(trx, 'messages_left', subject, until),
  span: (db, from) =>
    spanOf(db, [{ rows: db('relay.volumes').where('messages_left', '>', 0), day: 'processed_on' }], from),
  locate: (trx, id) => messageIn(trx, ['relay.messages', 'relay.held_messages'], id),
  async collect(subject, context) {
    const summary = await volumesOf(
      subject,
      'messages_left',
      context,
      'Метаданные сообщений: время, размер, канал, IP-адрес, программа',
      'message.metadata',
    );
    return { rows: [], summary, source: sources.relayed };
  },
  erase: (scope, context) =>
    scope.why === 'expiry'
      ? expire(metadataKind, scope, context)
      : eraseDaysOfOne(metadataKind, scope.subject, scope.anchored, context),
  rectify: unchangeable,
  restrict: {
    unsupported:
      'Метаданные возникают только вместе с сообщениями, а их приём останавливается вместе с проектами; сохранённое не используется.',
  },
};

export const projects: Store = {
  title: { ru: 'Проекты и токены', en: 'Projects and tokens' },
  system: accountSystem,
  subject: 'relay-user',
  tables: ['relay.projects', 'relay.tokens', 'relay.channels', 'relay.tickets'],
  columns: {
    'relay.projects.name': 'project',
    'relay.projects.plan': 'project',
    'relay.projects.state': 'project',
    'relay.projects.grounds': 'project',
    'relay.projects.block_ground': 'project',
    'relay.projects.salt': 'technical',
    'relay.projects.made_with': 'technical',
    'relay.projects.origins': 'project',
    'relay.projects.max_payload_bytes': 'project',
    'relay.projects.client_publishing': 'project',
    'relay.tokens.name': 'project',
    'relay.tokens.hash': 'project',
    'relay.tokens.kind': 'project',
    'relay.tokens.secret': 'technical',
    'relay.tokens.tag': 'project',
    'relay.tokens.last4': 'project',
    'relay.tokens.rights': 'project',
    'relay.channels.name': 'project',
    'relay.tickets.hash': 'technical',
    'relay.tickets.rights': 'project',
    'relay.tickets.channels': 'project',
  },
  purposes: ['access', 'operation'],
  given: true,
  schedule: 'project',
  async anchors(trx, subject) {
    // The term begins with the end of the contract, which accounts know: until then there is no day.
    const mine = trx('relay.projects');
    if (subject) mine.where({ subject_id: subject });
    const [row] = await mine.count({ count: '*' });
    const count = Number(row?.count ?? 0);
    return count > 0 ? [{ day: null, count }] : [];
  },
  span: async () => null,
  async collect(subject, { trx }) {
    const rows = await projectsOf(trx, subject);
    const tokens = await trx('relay.tokens')
      .whereIn(
        'project_id',
        rows.map(({ id }) => id),
      )
      .orderBy('id');
    return {
      rows: rows.map((row) => ({
        project: row.id,
        name: row.name,
        plan: row.plan,
        state: row.state,
        createdAt: row.created_at,
        activatedAt: row.activated_at,
        tokens: tokens
          .filter((token) => token.project_id === row.id)
          .map((token) => `${token.name} …${token.last4}`)
          .join('; '),
      })),
      source: sources.given,
    };
  },
  async erase(scope, { trx, vault, runId }) {
    // Projects have no day of their own: they go with the person, at a request, never by a sweep.
    if (scope.why === 'expiry') return { outcome: 'not_found', affected: 0, remaining: 0 };
    const ids = (await projectsOf(trx, scope.subject)).map(({ id }) => id);
    if (ids.length === 0) return { outcome: 'not_found', affected: 0, remaining: 0 };
    const [tokens] = await trx('relay.tokens').whereIn('project_id', ids).count({ n: '*' });
    await trx('relay.idempotency').whereIn('project_id', ids).delete();
    await trx('relay.projects').whereIn('id', ids).delete();
    for (const id of ids) await trx.raw("select pg_notify('relay_changed', ?)", [id]);
    const keyNames = ids.map(vaultKeyOf).filter((name) => vault.has(name));
    const { keys } = keyNames.length > 0 ? await vault.shred(keyNames, { runId }) : { keys: 0 };
    return {
      outcome: 'erased',
      ...(keys > 0 ? { keys, keyNames } : {}),
      affected: ids.length + Number(tokens?.n ?? 0),
      remaining: 0,
      tables: ['relay.projects', 'relay.tokens', 'relay.channels', 'relay.tickets', 'relay.idempotency'],
    };
  },
  async rectify(subject, changes, { trx }) {
    const name = changes['relay.projects.name'];
    const [first] = await projectsOf(trx, subject);
    if (!first) return { outcome: 'not_found', affected: 0 };
    if (typeof name !== 'string') {
      return { outcome: 'not_attempted', affected: 0, because: 'У проекта исправляется только название.' };
    }
    return { outcome: 'done', affected: await trx('relay.projects').where({ subject_id: subject }).update({ name }) };
  },
  restrict: restrictProjects,
};

export const usage: Store = {
  title: { ru: 'Учёт использования', en: 'Usage' },
  system: logSystem,
  subject: 'relay-user',
  tables: ['relay.usage'],
  columns: { 'relay.usage.messages': 'usage', 'relay.usage.connections_peak': 'usage', 'relay.usage.notices': 'usage' },
  purposes: ['operation'],
  schedule: 'usage',
  async anchors(trx, subject, until) {
    const days = trx('relay.usage');
    if (until) days.where('used_on', '<=', until);
    if (subject) days.where({ subject_id: subject });
    return days.groupBy('used_on').orderBy('used_on').select('used_on as day', trx.raw('count(*) as count'));
  },
  span: (db, from) => spanOf(db, [{ rows: db('relay.usage'), day: 'used_on' }], from),
  async collect(subject, { trx }) {
    const rows = await trx('relay.usage')
      .where({ subject_id: subject })
      .orderBy('used_on')
      .select(
        'project_id as project',
        'used_on as day',
        'messages',
        'dropped',
        'bytes',
        'connections_peak as connections',
      );
    return { rows, source: sources.counted };
  },
  async erase(scope, { trx }) {
    const mine =
      scope.why === 'request'
        ? trx('relay.usage').where({ subject_id: scope.subject })
        : whereAnchored(trx('relay.usage'), 'used_on', scope.anchored);
    const going = mine.clone();
    if (scope.why === 'expiry') going.whereNotIn('subject_id', scope.held);
    const affected = await whereAnchored(going, 'used_on', scope.anchored).delete();
    const [left] = await mine.clone().count({ n: '*' });
    const remaining = Number(left?.n ?? 0);
    return {
      outcome: affected > 0 ? 'erased' : remaining > 0 ? 'retained' : 'not_found',
      affected,
      remaining,
      tables: ['relay.usage'],
      ...(affected === 0 && remaining > 0 ? { because: 'срок учёта использования не истёк' } : {}),
    };
  },
  rectify: unchangeable,
  restrict: restrictProjects,
};

export const logAccess: Store = {
  title: { ru: 'Журнал доступа к логам', en: 'Access to the log' },
  system: { ru: 'ИСПДн «Журнал учёта»', en: 'Records of actions' },
  subject: 'staff',
  tables: ['relay.log_grants', 'relay.log_views'],
  columns: {
    'relay.log_grants.state': 'log.access',
    'relay.log_grants.asked_by': 'log.access',
    'relay.log_grants.asked_subject': 'log.access',
    'relay.log_grants.purpose': 'log.access',
    'relay.log_grants.need': 'log.access',
    'relay.log_grants.granted_by': 'log.access',
    'relay.log_grants.granted_subject': 'log.access',
    'relay.log_grants.refusal': 'log.access',
    'relay.log_views.actor': 'log.access',
  },
  purposes: ['compliance'],
  schedule: 'log.access',
  async anchors(trx, subject) {
    return mineOf(trx, subject)
      .groupBy('asked_on')
      .orderBy('asked_on')
      .select('asked_on as day', trx.raw('count(*) as count'));
  },
  span: (db, from) => spanOf(db, [{ rows: db('relay.log_grants'), day: 'asked_on' }], from),
  async collect(subject, { trx }) {
    const rows = await mineOf(trx, subject)
      .orderBy('asked_at')
      .select('id as grant', 'state', 'asked_at as askedAt', 'purpose', 'need', 'project_id as project');
    return { rows, source: sources.staff };
  },
  async erase(scope, { trx }) {
    const mine =
      scope.why === 'request'
        ? mineOf(trx, scope.subject)
        : whereAnchored(trx('relay.log_grants'), 'asked_on', scope.anchored);
    const going = mine.clone();
    if (scope.why === 'expiry' && scope.held.length > 0) {
      for (const whose of ['asked_subject', 'granted_subject']) {
        going.where((free) => free.whereNull(whose).orWhereNotIn(whose, scope.held));
      }
    }
    const affected = await whereAnchored(going, 'asked_on', scope.anchored).delete();
    const [left] = await mine.clone().count({ n: '*' });
    const remaining = Number(left?.n ?? 0);
    return {
      outcome: affected > 0 ? 'erased' : remaining > 0 ? 'retained' : 'not_found',
      affected,
      remaining,
      tables: ['relay.log_grants', 'relay.log_views'],
      ...(affected === 0 && remaining > 0 ? { because: 'срок журнала доступа не истёк' } : {}),
    };
  },
  rectify: unchangeable,
  restrict: { unsupported: 'Кто и зачем смотрел журнал, должно оставаться доступным для проверки.' },
};

function mineOf(trx: Trx, subject: string | undefined) {
  const rows = trx('relay.log_grants');
  return subject
    ? rows.where((mine) => mine.where({ asked_subject: subject }).orWhere({ granted_subject: subject }))
    : rows;
}

/** Tables that are about no one, each with why. */
export const impersonal = {
  'relay.idempotency': 'Keyed digests of keys and bodies, for a day, with the id and offset they got; names no one.',
  'relay.nodes': 'The processes that serve: a random id, a counter, a machine and a number of a process.',
  'relay.seats': 'How many connections of a project a node holds, while it holds them; names no one, and no address.',
  'relay.runs': 'Receipts of destruction by run: days, counts, names of keys. Whose projects they were is not in it.',
};
