import { type Clock, newId, Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { type Changes, type Collected, type DataMap, isUnsupported, type StoreContext } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { Journal } from '../journal/index.ts';
import { cite, type Due, type Law } from '../law/index.ts';
import type { Gone, LetterOrder, Letters, LetterTemplate, Staying } from '../letters/index.ts';
import type { Obligations, Report } from '../obligations/index.ts';
import type { Act, Plan, Retention } from '../retention/index.ts';
import type { Vault } from '../vault/index.ts';
import { asksForCopy, createAttachments } from './attachments.ts';
import { createContested } from './contested.ts';
import { dueOfRequest, dutiesOf, explain } from './due.ts';
import { groundsOf } from './grounds.ts';
import { kindsOf, objectionable, rightOf } from './kinds.ts';
import { buildZip, type OpenPart, pointsOf, tablesOf, volumesOf } from './package.ts';
import { changed, createPromised, open as stillOpen } from './promised.ts';
import { move, openStates, type RequestState } from './state.ts';
import {
  answeredBefore,
  dropParts,
  earliestCollection,
  findRequest,
  insertEvent,
  insertRequest,
  keepPart,
  listEvents,
  listRequests,
  lockByPlan,
  lockRequest,
  partsOf,
  type RequestRow,
  stoppedOf,
  updateRequest,
  waitingForCollection,
  waitsForPerson,
} from './store.ts';
import { requestStores } from './stores.ts';
import type {
  CaseFile,
  CollectedPart,
  DataRequest,
  Intake,
  RequestChannel,
  RequestKind,
  Requests,
  StoreOutcome,
} from './types.ts';
import { channelWords, kindWords } from './words.ts';

export interface RequestsDeps {
  db: Db;
  clock: Clock;
  law: Law;
  journal: Journal;
  vault: Vault;
  jobs: Pick<Jobs, 'define' | 'source' | 'enqueue'>;
  letters: Pick<Letters, 'queue' | 'adopt' | 'number' | 'documents'>;
  datamap: DataMap;
  retention: Pick<Retention, 'plan' | 'plans' | 'cancel' | 'onPlanDone'>;
  obligations: Pick<Obligations, 'list' | 'extend'>;
  report: Report;
}

const series = 'ЗС';
const keyOf = (id: string): string => `case/${id}`;

/** Opens the room: its store, the job `requests.collect` and when it has work, and its ear for finished plans. */
export function createRequests(deps: RequestsDeps): Requests {
  const { db, clock, law, journal, vault, jobs, letters, datamap, retention, obligations, report } = deps;
  const { zone } = law;
  const today = (): Temporal.PlainDate => dayOf(clock.now(), zone);
  const context = (trx: Trx, runId: string): StoreContext => ({ trx, db, vault, clock, law, journal, runId });

  /* The case file */

  const sealCase = (id: string, file: CaseFile): Promise<Buffer> =>
    vault.seal(keyOf(id), Buffer.from(JSON.stringify(file)), id);

  async function openCase(row: RequestRow): Promise<CaseFile> {
    return JSON.parse((await vault.open(row.sealed, row.id)).toString('utf8')) as CaseFile;
  }

  /* Reading and writing one request */

  async function locked(trx: Trx, id: string): Promise<RequestRow> {
    const row = await lockRequest(trx, id);
    if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
    return row;
  }

  async function read(id: string, source: Trx | Db = db): Promise<DataRequest> {
    const row = await findRequest(source, id);
    if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
    return toRequest(row, clock.now());
  }

  /** A step of the case: in its history, and in the journal by ids and codes only. */
  async function step(
    trx: Trx,
    id: string,
    name: string,
    by: string,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    await insertEvent(trx, { request_id: id, at: clock.now(), step: name, by, details });
    await journal.append(trx, { action: `request.${name}`, about: id, actor: by, body: details });
  }

  function tell(
    trx: Trx,
    row: Pick<RequestRow, 'id' | 'subject_id'>,
    name: string,
    fields: Record<string, unknown> = {},
    at = clock.now(),
  ): Promise<void> {
    return report(trx, { name, about: row.id, at, fields, ...(row.subject_id ? { subject: row.subject_id } : {}) });
  }

  function dueOf(row: RequestRow): Due | null {
    return dueOfRequest(law, {
      kind: row.kind as RequestKind,
      receivedAt: row.received_at,
      extendedAt: row.extended_at,
    });
  }

  /** What the letters and documents of a case have in common. */
  function heading(row: RequestRow) {
    const due = dueOf(row);
    return {
      receivedAt: row.received_at,
      dueOn: row.due_on ?? due?.dueOn ?? dayOf(row.received_at, zone),
      computed: due ? explain(due, row.received_at, zone) : [],
      clause: due ? cite(due.because.winner.cite, 'ru') : '',
      to: {},
    };
  }

  const signatory = (): { name?: string; post: string } => {
    const { name, post } = law.operator.dpo;
    return name ? { name, post } : { post };
  };

  /**
   * Writes to the person by the address of the case file, and to the dashboard of somebody who has one. Without an
   * address (a letter by post, a visit) the document is printed and handed over: the history says so.
   */
  async function write<T extends LetterTemplate>(
    trx: Trx,
    row: RequestRow,
    file: CaseFile,
    letter: Pick<LetterOrder<T>, 'template' | 'data' | 'attachments' | 'forgetOnceSent'>,
  ): Promise<void> {
    if (!file.email) {
      await insertEvent(trx, {
        request_id: row.id,
        at: clock.now(),
        step: 'letter-by-hand',
        by: 'system',
        details: { template: letter.template },
      });
      return;
    }
    await letters.queue(trx, {
      ...letter,
      to: {
        email: file.email,
        ...(file.name ? { name: file.name } : {}),
        ...(row.subject_id && !letter.forgetOnceSent ? { subject: row.subject_id } : {}),
      },
      about: row.id,
    });
  }

  /* Steps */

  const receive: Requests['receive'] = async (trx, intake) => {
    checkIntake(intake, clock.now(), kindsOf(law));
    const id = newId('req', clock.now());
    const number = await letters.number(trx, series, dayOf(intake.receivedAt, zone).year);
    const due = dueOfIntake(law, intake);
    const file: CaseFile = {
      email: intake.from.email ?? null,
      name: intake.from.name ?? null,
      text: intake.text ?? null,
      raw: intake.raw ? intake.raw.toString('base64') : null,
      notes: [],
    };
    await insertRequest(trx, {
      id,
      number,
      kind: intake.kind,
      channel: intake.channel,
      state: 'received',
      received_at: intake.receivedAt,
      due_on: due?.dueOn ?? null,
      late_from: due?.lateFrom ?? null,
      sealed: await sealCase(id, file),
    });
    const row = await locked(trx, id);
    await step(trx, id, 'received', 'system', { kind: intake.kind, channel: intake.channel });
    await tell(trx, row, 'request.received', { kind: intake.kind, channel: intake.channel }, intake.receivedAt);
    await contested.received(trx, row);
    const { dueOn, computed, clause, receivedAt } = heading(row);
    await write(trx, row, file, {
      template: 'request.receipt',
      data: { number, kind: kindWords[intake.kind], receivedAt, dueOn, computed, clause },
    });
    await attachments.add(trx, id, intake.attachments ?? [], clock.now());
    if (!intake.identified) return read(id, trx);
    const { method, by } = intake.identified;
    return identifyAs(trx, row, { subject: intake.from.subject ?? null, method, by }, intake.cause);
  };

  async function identifyAs(
    trx: Trx,
    row: RequestRow,
    identity: { subject: string | null; method: string; by: string; identityDocuments?: string[] },
    cause?: Plan['cause'],
  ): Promise<DataRequest> {
    const now = clock.now();
    await sortAttachments(trx, row, identity);
    const { subject, method, by } = identity;
    if (subject && !(await datamap.subjects.get(trx, subject))) {
      throw new Refusal('subject.unknown', 'not-found', { subject });
    }
    const kind = row.kind as RequestKind;
    const identified: RequestRow = {
      ...row,
      state: move(row.state, 'identified'),
      subject_id: subject,
      subject_known: subject !== null,
      identity_method: method,
      identity_by: by,
      identified_at: now,
      repeat_of: subject ? await tooSoonAfter(trx, kind, subject, row.received_at) : null,
    };
    const { state, subject_id, subject_known, identity_method, identity_by, identified_at, repeat_of } = identified;
    await updateRequest(trx, row.id, {
      ...{ state, subject_id, subject_known, identity_method, identity_by, identified_at, repeat_of },
    });
    await step(trx, row.id, 'identified', by, { subject, method, repeatOf: repeat_of });
    await tell(trx, identified, 'request.identified');
    // Letters of the time when nobody knew who asks: the receipt, the question who it is.
    if (subject) await letters.adopt(trx, row.id, subject);
    if (subject && collected.has(kind)) {
      const job = await jobs.enqueue(trx, 'requests.collect', { request: row.id }, { key: row.id });
      await updateRequest(trx, row.id, { state: move(state, 'collecting'), job });
    }
    if (subject && kind === 'erasure') await planErasure(trx, identified, by, cause);
    return read(row.id, trx);
  }

  /** The check is over: documents of identity have served, the other files are a part of the case. */
  async function sortAttachments(
    trx: Trx,
    row: RequestRow,
    { method, identityDocuments = [] }: { method: string; identityDocuments?: string[] },
  ): Promise<void> {
    const waiting = (await attachments.list(row.id, trx)).some(({ provesIdentity }) => provesIdentity === null);
    if (method === 'document' && waiting && identityDocuments.length === 0) {
      throw new Refusal('request.identity-documents', 'invalid', {
        field: 'identityDocuments',
        message: 'Отметьте, какие приложения удостоверяют личность: они будут уничтожены.',
      });
    }
    const proofs = await attachments.sort(trx, row.id, identityDocuments, today());
    if (proofs > 0) await tell(trx, row, 'identity.checked');
  }

  /** The law allows to refuse a repeat that comes too soon after a full answer; a hint for a person, never a refusal. */
  async function tooSoonAfter(
    trx: Trx,
    kind: RequestKind,
    subject: string,
    receivedAt: Temporal.Instant,
  ): Promise<string | null> {
    if (kind !== 'access') return null;
    const before = await answeredBefore(trx, subject, kind, receivedAt);
    if (!before) return null;
    const refusable = law.may('repeat-refusal', { first: before.received_at, answered: 'full', repeated: receivedAt });
    return refusable.allowed ? before.id : null;
  }

  async function planErasure(trx: Trx, row: RequestRow, by: string, cause?: Plan['cause']): Promise<void> {
    const file = await openCase(row);
    const notLaterThan = await contested.earliest(trx, row);
    const plan = await retention.plan(trx, row.subject_id as string, {
      cause: cause ?? { kind: 'request', about: row.id },
      by,
      at: clock.now(),
      person: {
        ...(file.name ? { name: file.name } : {}),
        ...(file.email ? { email: file.email } : {}),
        caseNumber: row.number,
      },
      // The promise of the operator, but never later than the law's own term for the request.
      ...(notLaterThan ? { notLaterThan } : {}),
    });
    await updateRequest(trx, row.id, { state: move('identified', 'erasing'), plan_id: plan.id });
    await step(trx, row.id, 'planned', by, { plan: plan.id });
  }

  /** Collects one store in a transaction of its own, so that a store that fails leaves the others standing. */
  async function collectStore(row: RequestRow, key: string): Promise<void> {
    const { store } = datamap.store(key);
    const part = { request_id: row.id, store: key, at: clock.now() };
    try {
      await db.transaction(async (trx) => {
        const collected = await store.collect(row.subject_id as string, context(trx, row.id));
        const records = collected.rows.length + (collected.summary ?? []).reduce((sum, { count }) => sum + count, 0);
        await keepPart(trx, {
          ...part,
          records,
          outcome: records > 0 ? 'collected' : 'not_found',
          because: null,
          sealed: records > 0 ? await sealPart(row.id, key, collected) : null,
        });
      });
    } catch (error) {
      const because = error instanceof Refusal ? error.code : error instanceof Error ? error.name : 'unknown';
      await keepPart(db, { ...part, records: 0, outcome: 'failed', because, sealed: null });
    }
  }

  const sealPart = (id: string, key: string, collected: Collected): Promise<Buffer> =>
    vault.seal(keyOf(id), Buffer.from(JSON.stringify(collected)), `${id}|${key}`);

  async function openParts(id: string, source: Trx | Db): Promise<OpenPart[]> {
    const parts: OpenPart[] = [];
    for (const row of await partsOf(source, id)) {
      if (!row.sealed) continue;
      const text = (await vault.open(row.sealed, `${id}|${row.store}`)).toString('utf8');
      parts.push({ entry: datamap.store(row.store), collected: reviveDays(JSON.parse(text) as Collected) });
    }
    return parts;
  }

  const collect: Requests['collect'] = async (id, run = { jobId: 'by-hand' }) => {
    const row = await findRequest(db, id);
    if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
    if (row.state === 'draft') {
      await updateRequest(db, row.id, { state: move('draft', 'collecting') });
    } else if (row.state !== 'collecting') {
      throw new Refusal('request.wrong-state', 'conflict', { from: row.state, to: 'collecting' });
    }
    // What has been collected already stays; only what failed is asked again, unless everything is asked anew.
    const done = new Set(
      (await partsOf(db, row.id)).filter(({ outcome }) => outcome !== 'failed').map(({ store }) => store),
    );
    const again = row.state === 'draft';
    for (const { key } of row.kind === 'portability' ? promised.portable() : datamap.stores()) {
      if (again || !done.has(key)) await collectStore(row, key);
    }
    const parts = await partsOf(db, row.id);
    const failed = parts.filter(({ outcome }) => outcome === 'failed');
    // A place that only a person can reach has not failed: it answers when the person says what was found.
    const broken = failed.filter(({ because }) => because !== waitsForPerson).map(({ store }) => store);
    const name = broken.length > 0 ? 'collection-failed' : failed.length > 0 ? 'collection-waits' : 'collected';
    await db.transaction(async (trx) => {
      const now = await locked(trx, row.id);
      if (now.state !== 'collecting') return;
      if (failed.length === 0) await updateRequest(trx, row.id, { state: move('collecting', 'draft'), job: run.jobId });
      if (name === 'collection-waits' && (await listEvents(trx, row.id)).at(-1)?.step === name) return;
      await step(trx, row.id, name, 'system', {
        job: run.jobId,
        stores: parts.map(({ store, outcome, records }) => ({ store, outcome, records })),
      });
    });
    if (broken.length > 0) throw new Error(`The request ${row.id} could not collect from: ${broken.join(', ')}.`);
    return requests.parts(row.id);
  };

  const answer: Requests['answer'] = async (trx, id, { by, text }) => {
    const row = await locked(trx, id);
    if (row.state === 'erasing') throw new Refusal('request.plan-open', 'conflict', { request: id, plan: row.plan_id });
    const promisedKind = rightOf(law, row.kind as RequestKind) !== null;
    if (row.kind === 'access' || row.kind === 'erasure' || promisedKind) {
      if (!row.identified_at) throw new Refusal('request.not-identified', 'conflict', { request: id });
      const parts = await partsOf(trx, row.id);
      if (parts.some(({ outcome }) => outcome === 'failed')) {
        throw new Refusal('request.incomplete', 'conflict', {
          request: id,
          stores: parts.filter(({ outcome }) => outcome === 'failed').map(({ store }) => store),
        });
      }
      if (!row.subject_known) return answerNoData(trx, row, by);
      if (row.kind === 'restriction') return promised.answerRestriction(trx, row, by, text);
      if (row.kind === 'portability') return answerPortability(trx, row, by, text);
      if (row.kind === 'interest-objection') return promised.answerObjection(trx, row, by, text);
      if (parts.every(({ outcome }) => outcome === 'not_found')) return answerNoData(trx, row, by);
      return answerAccess(trx, row, by);
    }
    if (!text?.trim()) throw new Refusal('request.answer-empty', 'invalid', { field: 'text' });
    await reply(trx, row, text.trim().split(/\n\s*\n/));
    return answered(trx, row, by, {});
  };

  /** The answer in words. A right that only the operator's documents give rests on their clause. */
  async function reply(trx: Trx, row: RequestRow, paragraphs: string[], attachments: string[] = []): Promise<void> {
    const kind = row.kind as RequestKind;
    const { receivedAt, clause } = heading(row);
    await write(trx, row, await openCase(row), {
      template: 'request.answer',
      data: {
        ...{ number: row.number, kind: kindWords[kind], receivedAt, paragraphs },
        clause: rightOf(law, kind)?.clause ?? clause,
      },
      ...(attachments.length > 0 ? { attachments } : {}),
    });
  }

  async function answerPortability(trx: Trx, row: RequestRow, by: string, text?: string): Promise<DataRequest> {
    move(row.state, 'answered');
    const done = await promised.answerPortability(trx, row, by, text);
    await dropParts(trx, row.id);
    return done;
  }

  async function answerAccess(trx: Trx, row: RequestRow, by: string): Promise<DataRequest> {
    move(row.state, 'answered');
    const parts = await openParts(row.id, trx);
    const now = clock.now();
    const file = await openCase(row);
    const subject = row.subject_id ? { subject: row.subject_id } : {};
    const name = `prilozhenie-${latin(row.number)}.zip`;
    const bytes = await buildZip(law, parts, { number: row.number, operator: law.operator.name, madeAt: now });
    const annex = await letters.documents.attachment(trx, {
      about: row.id,
      name,
      type: 'application/zip',
      bytes,
      ...subject,
    });
    const head = heading(row);
    const document = await letters.documents.create(trx, {
      kind: 'access-answer',
      about: row.id,
      ...subject,
      data: {
        requestNumber: row.number,
        ...head,
        to: addressee(file),
        points: pointsOf(law, parts, today()),
        tables: tablesOf(law, parts),
        volumes: volumesOf(law, parts, today()),
        annexes: [{ name, sha256: annex.sha256, size: annex.size }],
        appeal: law.operator.complaint,
        signatory: signatory(),
      },
    });
    await write(trx, row, file, {
      template: 'request.answer-access',
      data: {
        number: row.number,
        receivedAt: head.receivedAt,
        dueOn: head.dueOn,
        clause: head.clause,
        files: [
          { name: `${document.number}.pdf`, sha256: document.sha256 },
          { name, sha256: annex.sha256 },
        ],
      },
      attachments: [document.id, annex.id],
    });
    await dropParts(trx, row.id);
    return answered(trx, row, by, { answer_document: document.id, package_document: annex.id, in_full: true });
  }

  async function answerNoData(trx: Trx, row: RequestRow, by: string): Promise<DataRequest> {
    move(row.state, 'answered');
    const file = await openCase(row);
    const { receivedAt, dueOn, clause } = heading(row);
    const systems = [...new Set(datamap.stores().map(({ store }) => store.system.ru))];
    const document = await letters.documents.create(trx, {
      kind: 'no-data-answer',
      about: row.id,
      data: {
        requestNumber: row.number,
        ...{ receivedAt, dueOn, clause },
        to: addressee(file),
        searchedAt: clock.now(),
        by: [...(file.email ? ['адрес электронной почты'] : []), ...(file.name ? ['имя'] : [])],
        systems,
        appeal: law.operator.complaint,
        signatory: signatory(),
      },
    });
    await write(trx, row, file, {
      template: 'request.answer-no-data',
      data: { number: row.number, receivedAt, searched: systems, clause },
      attachments: [document.id],
    });
    return answered(trx, row, by, { answer_document: document.id });
  }

  /** Marks a request as answered and, when nothing is left to be done, closes it. */
  async function answered(trx: Trx, row: RequestRow, by: string, change: Partial<RequestRow>): Promise<DataRequest> {
    const now = clock.now();
    await updateRequest(trx, row.id, { ...change, state: move(row.state, 'answered'), answered_at: now });
    await step(trx, row.id, 'answered', by, { document: change.answer_document ?? null });
    await tell(trx, row, 'request.answered');
    return close(trx, row.id, by);
  }

  const close: Requests['close'] = async (trx, id, by) => {
    const row = await locked(trx, id);
    if (row.state === 'closed') return read(id, trx);
    move(row.state, 'closed');
    const open = (await outcomesOf(row, trx)).filter(
      ({ outcome }) => outcome === 'failed' || outcome === 'not_attempted',
    );
    if (open.length > 0) {
      throw new Refusal('request.unfinished', 'conflict', { request: id, stores: open.map(({ store }) => store) });
    }
    const now = clock.now();
    await attachments.sort(trx, row.id, [], today());
    await updateRequest(trx, row.id, { state: 'closed', closed_at: now, closed_on: today() });
    await letters.documents.anchor(trx, row.id, today());
    await step(trx, row.id, 'closed', by);
    await tell(trx, row, 'request.closed');
    return read(row.id, trx);
  };

  async function outcomesOf(row: RequestRow, source: Trx | Db): Promise<StoreOutcome[]> {
    if (!row.plan_id) return [];
    const plan = await retention.plans.get(row.plan_id, source === db ? undefined : (source as Trx));
    return plan.items.map((item) => {
      const receipt = item.receipt;
      const because = receipt?.because ?? item.because;
      return {
        store: item.store,
        title: item.title,
        outcome: receipt?.outcome ?? (item.outcome === 'retain' ? 'retained' : 'planned'),
        ...(because ? { because } : {}),
      };
    });
  }

  /** The answer to an erasure: written with the address of the case file, when the profile is gone already. */
  async function finishErasure(trx: Trx, row: RequestRow, plan: Plan, acts: Act[]): Promise<void> {
    const file = await openCase(row);
    const { receivedAt, dueOn, clause } = heading(row);
    const erasedAt = plan.executedAt ?? clock.now();
    const gone: Gone[] = plan.items
      .filter(({ receipt }) => receipt && receipt.affected > 0)
      .map(({ title, system, receipt }) => ({ what: title, system, count: receipt?.affected ?? 0, at: erasedAt }));
    const stays: Staying[] = plan.items
      .filter(({ outcome, receipt }) => outcome === 'retain' || receipt?.outcome === 'retained')
      .map(({ title, because, until, count, receipt }) => ({
        what: title,
        ground: receipt?.because ?? because ?? '',
        until: receipt?.until ?? until ?? null,
        count,
      }));
    const numbers = acts.map(({ number }) => number);
    const appeal = law.operator.complaint;
    const document = await letters.documents.create(trx, {
      kind: 'erasure-answer',
      about: row.id,
      ...(row.subject_id ? { subject: row.subject_id } : {}),
      data: {
        requestNumber: row.number,
        ...{ receivedAt, dueOn, clause, erasedAt, gone, stays, appeal },
        to: addressee(file),
        acts: numbers,
        signatory: signatory(),
      },
    });
    await write(trx, row, file, {
      template: 'erasure.done',
      data: { number: row.number, erasedAt, acts: numbers, gone, stays, clause, appeal },
      attachments: [document.id, ...acts.map((act) => act.document)],
      forgetOnceSent: true,
    });
    await answered(trx, row, plan.checkedBy ?? 'system', { answer_document: document.id, in_full: true });
  }

  retention.onPlanDone(async (trx, plan, acts) => {
    for (const row of await lockByPlan(trx, plan.id)) await finishErasure(trx, row, plan, acts);
  });

  async function everyStore(
    row: RequestRow,
    work: (key: string) => Promise<{ outcome: string; because?: string } | null>,
  ): Promise<StoreOutcome[]> {
    if (!row.subject_id) throw new Refusal('request.not-identified', 'conflict', { request: row.id });
    const outcomes: StoreOutcome[] = [];
    for (const { key, store } of datamap.stores()) {
      const done = await work(key);
      if (!done || done.outcome === 'not_found') continue;
      outcomes.push({
        store: key,
        title: store.title.ru,
        outcome: done.outcome,
        ...(done.because ? { because: done.because } : {}),
      });
    }
    return outcomes;
  }

  const promised = createPromised({
    ...{ db, clock, law, datamap, letters, context, step, tell, everyStore, openParts, reply, answered },
  });

  const attachments = createAttachments({ vault });
  const contested = createContested({ clock, law, datamap, obligations, step, tell });

  const requests: Requests = {
    receive,

    kinds: () => kindsOf(law),
    objectionable: () => objectionable(law).map(({ id, title }) => ({ id, title })),

    async stopPurpose(trx, id, order) {
      return promised.stopPurpose(trx, await locked(trx, id), order);
    },

    async stopped(subject, trx) {
      return (await stoppedOf(trx ?? db, subject)).map(({ purpose, stopped_at }) => ({ purpose, at: stopped_at }));
    },

    async clarify(trx, id, { text, by, copy = false }) {
      const row = await locked(trx, id);
      if (!copy && asksForCopy(text)) {
        throw new Refusal('request.copy-asked', 'invalid', {
          field: 'text',
          message: 'Копию документа не просят, если личность можно проверить иначе.',
        });
      }
      await updateRequest(trx, row.id, { state: move(row.state, 'identity-asked') });
      const file = await openCase(row);
      const { dueOn, clause } = heading(row);
      const { email } = law.operator.dpo.email ? law.operator.dpo : law.operator;
      const needed = text
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean);
      if (needed.length === 0) throw new Refusal('request.question-empty', 'invalid', { field: 'text' });
      await write(trx, row, file, {
        template: 'request.clarify',
        data: {
          number: row.number,
          needed,
          how: email ? `Ответьте на это письмо: ${email}.` : 'Ответьте на это письмо.',
          until: dueOn,
          clause,
          ...(copy ? { copy } : {}),
        },
      });
      await step(trx, row.id, 'identity-asked', by, copy ? { copy } : {});
      await tell(trx, row, 'request.identity-asked');
      return read(row.id, trx);
    },

    async identify(trx, id, identity) {
      return identifyAs(trx, await locked(trx, id), identity);
    },

    async attachments(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      return attachments.list(row.id, db);
    },

    async attachment(id, attachment, by) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      const file = await attachments.open(row.id, attachment, db);
      // The look is on record before anything is shown.
      const look = { action: 'request.attachment-opened', about: row.id, actor: by, body: { attachment } };
      await db.transaction((trx) => journal.append(trx, look));
      return file;
    },

    async candidates(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      const { email, name } = await openCase(row);
      return db.transaction((trx) =>
        datamap.subjects.find(trx, { ...(email ? { email } : {}), ...(name ? { name } : {}) }),
      );
    },

    collect,

    async collectDue({ jobId }) {
      let failure: unknown;
      for (const id of await waitingForCollection(db, clock.now())) {
        try {
          await collect(id, { jobId });
        } catch (error) {
          failure ??= error;
        }
      }
      if (failure) throw failure;
    },

    async goOn(run) {
      const row = await findRequest(db, run);
      if (row?.state === 'collecting') await collect(row.id, { jobId: 'task-done' }).catch(() => undefined);
    },

    async parts(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      const opened = new Map((await openParts(row.id, db)).map((part) => [part.entry.key, part.collected]));
      return (await partsOf(db, row.id)).map((part): CollectedPart => {
        const collected = opened.get(part.store);
        return {
          store: part.store,
          title: datamap.store(part.store).store.title.ru,
          outcome: part.outcome,
          rows: collected ? collected.rows.length : part.records,
          volumes: collected?.summary ?? [],
          source: collected?.source ?? '',
          ...(part.because ? { because: part.because } : {}),
        };
      });
    },

    answer,

    grounds: () => groundsOf(law, today()),

    async refuse(trx, id, { ground, reasoning, by, cite: given }) {
      const row = await locked(trx, id);
      const known = groundsOf(law, today()).find(({ code }) => code === ground);
      if (!known) throw new Refusal('request.refusal-ground', 'invalid', { field: 'ground' });
      const citation = known.cite ?? given?.trim();
      if (!citation) throw new Refusal('request.refusal-citation', 'invalid', { field: 'cite' });
      if (!reasoning.trim()) throw new Refusal('request.refusal-reasoning', 'invalid', { field: 'reasoning' });
      const state = move(row.state, 'refused');
      if (row.plan_id) await retention.cancel(trx, row.plan_id, by);
      const { receivedAt } = heading(row);
      await write(trx, row, await openCase(row), {
        template: 'request.refusal',
        data: {
          number: row.number,
          receivedAt,
          ground: known.title,
          clause: citation,
          reasoning: reasoning.trim(),
          appeal: law.operator.complaint,
        },
      });
      await updateRequest(trx, row.id, {
        state,
        refusal_ground: ground,
        refusal_cite: citation,
        answered_at: clock.now(),
        plan_id: null,
      });
      await step(trx, row.id, 'refused', by, { ground });
      await tell(trx, row, 'request.refused', { ground });
      return close(trx, row.id, by);
    },

    async withdraw(trx, id, { by, text }) {
      const row = await locked(trx, id);
      const state = move(row.state, 'withdrawn');
      if (row.plan_id) {
        const plan = await retention.plans.get(row.plan_id, trx);
        // An account that was deleted stays deleted: taking the letter back does not bring the contract back.
        if (plan.cause.about !== row.id) {
          throw new Refusal('request.plan-stands', 'conflict', { request: row.id, plan: plan.id });
        }
        await retention.cancel(trx, plan.id, by);
      }
      const now = clock.now();
      const words = text?.trim();
      const file = words ? await openCase(row) : null;
      file?.notes.push({ at: now.toString(), by, text: words as string });
      await updateRequest(trx, row.id, {
        ...{ state, withdrawn_at: now, plan_id: null },
        ...(file ? { sealed: await sealCase(row.id, file) } : {}),
      });
      await dropParts(trx, row.id);
      await step(trx, row.id, 'withdrawn', by);
      // Which duties end with it, the law says.
      await tell(trx, row, 'request.withdrawn');
      return close(trx, row.id, by);
    },

    async extend(trx, id, { reason, by }) {
      const row = await locked(trx, id);
      if (!openStates.includes(row.state)) throw new Refusal('request.wrong-state', 'conflict', { from: row.state });
      if (row.extended_at) throw new Refusal('request.extended-already', 'conflict', { request: id });
      if (!reason.trim()) throw new Refusal('request.extension-reason', 'invalid', { field: 'reason' });
      const now = clock.now();
      const base = dueOf(row);
      if (!base?.lateFrom || Temporal.Instant.compare(now, base.lateFrom) >= 0) {
        throw new Refusal('request.extension-late', 'conflict', { request: id });
      }
      const due = dueOf({ ...row, extended_at: now });
      if (!due?.lateFrom || Temporal.Instant.compare(due.lateFrom, base.lateFrom) <= 0) {
        throw new Refusal('request.not-extendable', 'conflict', { request: id });
      }
      const open = new Set((await obligations.list({ about: row.id, state: 'open' }, trx)).map(({ duty }) => duty));
      for (const duty of dutiesOf(law, row.kind as RequestKind)) {
        const longer = law.due(duty, { from: row.received_at, extended: now }).lateFrom;
        const usual = law.due(duty, { from: row.received_at }).lateFrom;
        if (!open.has(duty) || !longer || !usual || Temporal.Instant.compare(longer, usual) <= 0) continue;
        await obligations.extend(trx, { about: row.id, duty, at: now, reason: 'request.extended' });
      }
      await write(trx, row, await openCase(row), {
        template: 'request.extension',
        data: {
          number: row.number,
          baseDueOn: base.dueOn ?? today(),
          dueOn: due.dueOn ?? today(),
          reason: reason.trim(),
          clause: cite(due.because.winner.cite, 'ru'),
        },
      });
      await updateRequest(trx, row.id, {
        extended_at: now,
        extension_reason: reason.trim(),
        due_on: due.dueOn,
        late_from: due.lateFrom,
      });
      await step(trx, row.id, 'extended', by, { dueOn: due.dueOn?.toString() ?? null });
      await tell(trx, row, 'request.extended');
      return read(row.id, trx);
    },

    async restrict(trx, id, { on, by, text }) {
      const row = await locked(trx, id);
      const lifts = !on && row.kind === 'restriction' && row.answered_at !== null;
      if (lifts && !text?.trim()) throw new Refusal('request.lift-reason', 'invalid', { field: 'text' });
      const outcomes = await promised.restrictStores(trx, row, on);
      const left = stillOpen(outcomes);
      await step(trx, row.id, on ? 'blocked' : 'unblocked', by, { stores: changed(outcomes), open: left });
      // A restriction that some system has not carried out yet is none: the duty stays open, and so does the question.
      if (left.length > 0 && row.kind === 'restriction') return outcomes;
      await updateRequest(trx, row.id, { blocked: on });
      if (on) await tell(trx, row, 'data.blocked');
      if (lifts) await promised.tellLifted(trx, row, text as string);
      return outcomes;
    },

    async evidence(trx, id, order) {
      await contested.evidence(trx, await locked(trx, id), order);
      return read(id, trx);
    },

    async declineBlocking(trx, id, order) {
      await contested.declineBlocking(trx, await locked(trx, id), order);
      return read(id, trx);
    },

    async duties(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      return contested.duties(row.id);
    },

    questions: contested.questions,
    correctable: contested.correctable,

    async rectify(trx, id, { changes, elsewhere, by }) {
      const row = await locked(trx, id);
      const byHand = elsewhere?.trim() ?? '';
      if (Object.keys(changes).length === 0 && !byHand) {
        throw new Refusal('request.nothing-to-correct', 'invalid', { field: 'changes' });
      }
      const work = async (key: string) => {
        const { store } = datamap.store(key);
        const mine = changesOf(changes, Object.keys(store.columns));
        if (Object.keys(mine).length === 0) return null;
        if (isUnsupported(store.rectify)) return { outcome: 'not_attempted', because: store.rectify.unsupported };
        return store.rectify(row.subject_id as string, mine, context(trx, row.id));
      };
      const outcomes = Object.keys(changes).length > 0 ? await everyStore(row, work) : [];
      await step(trx, row.id, 'rectified', by, {
        columns: Object.keys(changes),
        stores: outcomes.map(({ store }) => store),
        ...(byHand ? { reason: byHand } : {}),
      });
      // Corrected is what every system that was told to has corrected.
      const left = stillOpen(outcomes).length > 0;
      if (!left && (byHand || outcomes.some(({ outcome }) => outcome === 'done')))
        await tell(trx, row, 'data.rectified');
      return outcomes;
    },

    close,

    async list(filter = {}) {
      const now = clock.now();
      return (await listRequests(db, filter, now)).map((row) => toRequest(row, now));
    },

    get: (id, trx) => read(id, trx ?? db),

    async history(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      return listEvents(db, row.id);
    },

    async deadline(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      const due = dueOf(row);
      if (!due) {
        throw new Refusal('calendar.missing', 'unavailable', {
          message: 'The deadline cannot be computed: the production calendar of the year is missing.',
        });
      }
      return { ...due, explained: explain(due, row.received_at, zone) };
    },

    async open(id, by) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      // The look is on record before anything is shown.
      await db.transaction((trx) => journal.append(trx, { action: 'request.opened', about: row.id, actor: by }));
      return openCase(row);
    },

    async outcomes(id) {
      const row = await findRequest(db, id);
      if (!row) throw new Refusal('request.unknown', 'not-found', { request: id });
      return outcomesOf(row, db);
    },

    next: earliestCollection,
    stores: requestStores,
  };

  datamap.register('requests', requestStores);
  jobs.define('requests.collect', (_data, { jobId }) => requests.collectDue({ jobId }));
  jobs.source({ name: 'requests.collect', job: 'requests.collect', next: earliestCollection });
  return requests;
}

const kinds = new Set<string>(Object.keys(kindWords));
/** Kinds whose answer is made of what the stores hold. */
const collected: ReadonlySet<RequestKind> = new Set<RequestKind>(['access', 'portability']);
const channels = new Set<string>(Object.keys(channelWords));

function checkIntake(intake: Intake, now: Temporal.Instant, offered: readonly RequestKind[]): void {
  if (!kinds.has(intake.kind)) throw new Refusal('request.malformed', 'invalid', { field: 'kind' });
  if (!offered.includes(intake.kind)) {
    throw new Refusal('request.kind-not-offered', 'invalid', {
      field: 'kind',
      one: offered,
      message: 'Документы оператора не называют такого права: зарегистрируйте обращение как другое.',
    });
  }
  if (!channels.has(intake.channel)) throw new Refusal('request.malformed', 'invalid', { field: 'channel' });
  if (Temporal.Instant.compare(intake.receivedAt, now) > 0) {
    throw new Refusal('request.from-the-future', 'invalid', { field: 'receivedAt' });
  }
}

/** @throws Refusal `request.no-term` for a day on which the law set no term: the day is wrong, not the law */
function dueOfIntake(law: Law, { kind, receivedAt }: Intake): Due | null {
  try {
    return dueOfRequest(law, { kind, receivedAt, extendedAt: null });
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'law.no-value') throw error;
    throw new Refusal('request.no-term', 'invalid', {
      field: 'receivedAt',
      message: 'На эту дату закон не устанавливал срока ответа: проверьте, когда обращение получено.',
    });
  }
}

/** «ЗС-2026-0001» in letters that every file system and mail program takes. */
function latin(number: string): string {
  return number.replace('ЗС', 'ZS');
}

function addressee(file: CaseFile): { name?: string; email?: string } {
  return { ...(file.name ? { name: file.name } : {}), ...(file.email ? { email: file.email } : {}) };
}

function changesOf(changes: Changes, columns: readonly string[]): Changes {
  return Object.fromEntries(Object.entries(changes).filter(([column]) => columns.includes(column)));
}

/** Days went through JSON as text. */
function reviveDays(collected: Collected): Collected {
  const day = (value: unknown): Temporal.PlainDate | undefined =>
    typeof value === 'string' ? Temporal.PlainDate.from(value) : undefined;
  if (!collected.summary) return collected;
  return {
    ...collected,
    summary: collected.summary.map(({ from, to, until, ...rest }) => {
      const days = { from: day(from), to: day(to), until: day(until) };
      return { ...rest, ...(Object.fromEntries(Object.entries(days).filter(([, value]) => value)) as typeof days) };
    }) as NonNullable<Collected['summary']>,
  };
}

function toRequest(row: RequestRow, now: Temporal.Instant): DataRequest {
  const open: readonly RequestState[] = openStates;
  const late = row.late_from !== null && Temporal.Instant.compare(now, row.late_from) >= 0;
  return {
    id: row.id,
    number: row.number,
    kind: row.kind as RequestKind,
    channel: row.channel as RequestChannel,
    state: row.state,
    receivedAt: row.received_at,
    subject: row.subject_id,
    identity:
      row.identified_at && row.identity_method && row.identity_by
        ? { method: row.identity_method, by: row.identity_by, at: row.identified_at }
        : null,
    extended: row.extended_at && { at: row.extended_at, reason: row.extension_reason ?? '' },
    blocked: row.blocked,
    stoppedPurpose: row.stopped_purpose,
    dueOn: row.due_on,
    lateFrom: row.late_from,
    overdue: late && open.includes(row.state),
    plan: row.plan_id,
    answerDocument: row.answer_document,
    packageDocument: row.package_document,
    refusal: row.refusal_ground && row.refusal_cite ? { ground: row.refusal_ground, cite: row.refusal_cite } : null,
    repeatOf: row.repeat_of,
    answeredAt: row.answered_at,
    withdrawnAt: row.withdrawn_at,
    closedAt: row.closed_at,
  };
}
