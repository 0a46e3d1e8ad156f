import { type Anchor, type EraseScope, type Store, whereAnchored } from '../datamap/index.ts';
import { type Db, spanOf, type Trx } from '../db/index.ts';
import type { RequestState } from './state.ts';
import { stoppedOf } from './store.ts';
import type { CaseFile, RequestChannel, RequestKind } from './types.ts';
import { channelWords, kindWords, stateWords } from './words.ts';

async function countOf(query: ReturnType<Trx>): Promise<number> {
  const [row] = (await query.count('* as count')) as unknown as { count: number }[];
  return row?.count ?? 0;
}

/**
 * Cases of requests: the letter, who asked, what was done. A case has a term of its own, from its closing; until then
 * it proves that the law was kept. Its key goes first, then the rows.
 */
const cases: Store = {
  title: { ru: 'Дела по обращениям', en: 'Cases of requests' },
  system: { ru: 'ИСПДн «Обращения и уничтожение»', en: 'Requests and destruction' },
  subject: 'any',
  tables: ['core.requests', 'core.request_events', 'core.request_parts', 'core.request_attachments'],
  columns: {
    'core.requests.number': 'request.case-file',
    'core.requests.kind': 'request.case-file',
    'core.requests.channel': 'request.case-file',
    'core.requests.state': 'technical',
    'core.requests.subject_id': 'request.case-file',
    'core.requests.stopped_purpose': 'request.case-file',
    'core.requests.identity_method': 'request.case-file',
    'core.requests.identity_by': 'request.case-file',
    'core.requests.extension_reason': 'request.case-file',
    'core.requests.answer_document': 'technical',
    'core.requests.package_document': 'technical',
    'core.requests.refusal_ground': 'request.case-file',
    'core.requests.refusal_cite': 'technical',
    'core.requests.repeat_of': 'technical',
    'core.requests.sealed': 'request.case-file',
    'core.requests.job': 'technical',
    'core.request_events.step': 'request.case-file',
    'core.request_events.by': 'request.case-file',
    'core.request_events.details': 'request.case-file',
    'core.request_parts.store': 'technical',
    'core.request_parts.outcome': 'technical',
    'core.request_parts.because': 'technical',
    'core.request_parts.sealed': 'request.case-file',
    'core.request_attachments.type': 'technical',
    'core.request_attachments.key_name': 'technical',
    'core.request_attachments.sealed': 'request.case-file',
  },
  purposes: ['compliance'],
  schedule: 'request.case-file',

  async anchors(trx, subject) {
    const query = trx('core.requests').select('closed_on as day').count('* as count').groupBy('closed_on');
    if (subject) query.where({ subject_id: subject });
    return (await query) as unknown as Anchor[];
  },

  span: (db, from) => spanOf(db, [{ rows: db('core.requests'), day: 'closed_on' }], from),

  async locate(trx, id) {
    const row = await trx('core.requests').where({ id }).first('closed_on', 'subject_id');
    return row ? { from: row.closed_on, subject: row.subject_id } : null;
  },

  async collect(subject, { trx, vault }) {
    const rows = await trx('core.requests').where({ subject_id: subject }).orderBy('received_at');
    const shown: Record<string, unknown>[] = [];
    for (const row of rows) {
      const file = JSON.parse((await vault.open(row.sealed, row.id)).toString('utf8')) as CaseFile;
      shown.push({
        number: row.number,
        kind: kindWords[row.kind as RequestKind] ?? row.kind,
        channel: channelWords[row.channel as RequestChannel] ?? row.channel,
        received_at: String(row.received_at),
        state: stateWords[row.state as RequestState] ?? row.state,
        email: file.email,
        name: file.name,
        text: file.text,
      });
    }
    return { rows: shown, source: 'получены от субъекта в обращении' };
  },

  async erase(scope, { trx, vault, runId }) {
    const query = whereAnchored(trx('core.requests'), 'closed_on', scope.anchored).whereNotNull('closed_on');
    if (scope.why === 'request') query.where({ subject_id: scope.subject });
    else if (scope.held.length > 0)
      query.where((q) => q.whereNull('subject_id').orWhereNotIn('subject_id', scope.held));
    const ids: string[] = await query.clone().forUpdate().pluck('id');
    // With a case goes whatever nobody has looked at, too.
    const names = ids.flatMap((id) => [`case/${id}`, ...[`identity/${id}`].filter((name) => vault.has(name))]);
    const shredded = names.length > 0 ? await vault.shred(names, { runId }) : null;
    const affected = ids.length > 0 ? await trx('core.requests').whereIn('id', ids).delete() : 0;
    const left = trx('core.requests');
    if (scope.why === 'request') left.where({ subject_id: scope.subject });
    else whereAnchored(left, 'closed_on', scope.anchored).whereNotNull('closed_on');
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining: await countOf(left),
      ...(shredded ? { keys: shredded.keys, keyNames: names } : {}),
      ids,
      tables: ['core.requests', 'core.request_events', 'core.request_parts', 'core.request_attachments'],
    };
  },

  rectify: { unsupported: 'Обращение хранится таким, каким оно пришло; уточнение приобщается к делу.' },
  restrict: { unsupported: 'Дело нужно, чтобы ответить на обращение и подтвердить ответ.' },
};

const checked = (db: Db | Trx) => db('core.request_attachments').where({ proves_identity: true });

/** Of which documents of identity: those of one person, or of nobody who is held. */
function whoseProofs(trx: Trx, scope: EraseScope) {
  const query = checked(trx);
  if (scope.why === 'request') return query.whereIn('request_id', requestsOf(trx, [scope.subject]));
  return scope.held.length > 0 ? query.whereNotIn('request_id', requestsOf(trx, scope.held)) : query;
}

const requestsOf = (trx: Trx, subjects: readonly string[]) =>
  trx('core.requests').whereIn('subject_id', subjects).select('id');

/**
 * Documents of identity that people have sent. They serve the check and nothing else: once it is over their own key and
 * they go, while the case stays.
 */
const identity: Store = {
  title: { ru: 'Документы о личности из обращений', en: 'Documents of identity that came with requests' },
  system: { ru: 'ИСПДн «Обращения и уничтожение»', en: 'Requests and destruction' },
  subject: 'any',
  tables: ['core.request_attachments'],
  columns: {
    'core.request_attachments.type': 'technical',
    'core.request_attachments.key_name': 'technical',
    'core.request_attachments.sealed': 'request.identity-document',
  },
  purposes: ['compliance'],
  schedule: 'request.identity-document',

  async anchors(trx, subject) {
    const query = checked(trx).select('checked_on as day').count('* as count').groupBy('checked_on');
    if (subject) query.whereIn('request_id', requestsOf(trx, [subject]));
    return (await query) as unknown as Anchor[];
  },

  span: (db, from) => spanOf(db, [{ rows: checked(db), day: 'checked_on' }], from),

  async collect(subject, { trx }) {
    const rows = await checked(trx)
      .whereIn('request_id', requestsOf(trx, [subject]))
      .join('core.requests as r', 'r.id', 'request_id')
      .orderBy('core.request_attachments.id')
      .select('r.number', 'r.received_at', 'type', 'size');
    return {
      rows: rows.map(({ number, received_at, type, size }) => ({
        ...{ number, received_at: String(received_at), type, bytes: size },
      })),
      source: 'получены от субъекта в обращении',
    };
  },

  async erase(scope, { trx, vault, runId }) {
    const going = whereAnchored(whoseProofs(trx, scope), 'checked_on', scope.anchored);
    const gone: { request_id: string; key_name: string }[] = await going.delete().returning(['request_id', 'key_name']);
    const names = [...new Set(gone.map(({ key_name }) => key_name))];
    const still = new Set(
      await trx('core.request_attachments').whereIn('key_name', names).distinct().pluck('key_name'),
    );
    const keyNames = names.filter((name) => !still.has(name));
    const shredded = keyNames.length > 0 ? await vault.shred(keyNames, { runId }) : null;
    const left =
      scope.why === 'request' ? whoseProofs(trx, scope) : whereAnchored(checked(trx), 'checked_on', scope.anchored);
    return {
      outcome: gone.length > 0 ? 'erased' : 'not_found',
      affected: gone.length,
      remaining: await countOf(left),
      ...(shredded ? { keys: shredded.keys, keyNames } : {}),
      ids: [...new Set(gone.map(({ request_id }) => request_id))],
      tables: ['core.request_attachments'],
    };
  },

  rectify: { unsupported: 'Присланный документ не меняется: после проверки он уничтожается.' },
  restrict: { unsupported: 'Документ нужен только для проверки и сразу после неё уничтожается.' },
};

/**
 * Purposes that people's objections have stopped. A stop outlives the case that led to it: it goes with the person.
 */
const objections: Store = {
  title: { ru: 'Возражения против обработки', en: 'Objections to processing' },
  system: { ru: 'ИСПДн «Обращения и уничтожение»', en: 'Requests and destruction' },
  subject: 'any',
  tables: ['core.stopped_purposes'],
  columns: {
    'core.stopped_purposes.subject_id': 'request.case-file',
    'core.stopped_purposes.purpose': 'request.case-file',
  },
  purposes: ['compliance'],
  schedule: 'account.profile',

  async anchors(trx, subject) {
    const query = trx('core.stopped_purposes');
    if (subject) query.where({ subject_id: subject });
    const count = await countOf(query);
    return count > 0 ? [{ day: null, count }] : [];
  },

  span: async () => null,

  async collect(subject, { trx, law }) {
    const titles = new Map(law.operator.purposes.map(({ id, title }) => [id, title]));
    return {
      rows: (await stoppedOf(trx, subject)).map(({ purpose, stopped_at }) => ({
        purpose: titles.get(purpose) ?? purpose,
        stopped_at: stopped_at.toString(),
      })),
      source: 'получены от субъекта в обращении',
    };
  },

  async erase(scope, { trx }) {
    // Without a day of its own nothing of it expires.
    if (scope.why === 'expiry') return { outcome: 'not_found', affected: 0, remaining: 0 };
    const affected = await trx('core.stopped_purposes').where({ subject_id: scope.subject }).delete();
    return {
      outcome: affected > 0 ? 'erased' : 'not_found',
      affected,
      remaining: 0,
      tables: ['core.stopped_purposes'],
    };
  },

  rectify: { unsupported: 'Запись говорит, что обработка остановлена; менять в ней нечего.' },
  restrict: { unsupported: 'Запись нужна, чтобы остановленная обработка не возобновилась.' },
};

export const requestStores: Record<string, Store> = { cases, identity, objections };
