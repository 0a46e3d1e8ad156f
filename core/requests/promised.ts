import { type Clock, Refusal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { type DataMap, isUnsupported, type RegisteredStore, type Store, type StoreContext } from '../datamap/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { cite, type Law, type Purpose } from '../law/index.ts';
import type { Letters } from '../letters/index.ts';
import { ru } from './due.ts';
import { isPortable, objectionable, otherBases } from './kinds.ts';
import { buildJson, type OpenPart, small } from './package.ts';
import { insertStopped, listEvents, type RequestRow, stoppedOf, updateRequest } from './store.ts';
import type { DataRequest, StoreOutcome } from './types.ts';

/** What the rights that only a promise gives need of the room. */
export interface PromisedDeps {
  db: Db;
  clock: Clock;
  law: Law;
  datamap: DataMap;
  letters: Pick<Letters, 'documents'>;
  context(trx: Trx, runId: string): StoreContext;
  step(trx: Trx, id: string, name: string, by: string, details?: Record<string, unknown>): Promise<void>;
  tell(trx: Trx, row: RequestRow, name: string, fields?: Record<string, unknown>): Promise<void>;
  everyStore(
    row: RequestRow,
    work: (key: string) => Promise<{ outcome: string; because?: string } | null>,
  ): Promise<StoreOutcome[]>;
  openParts(id: string, source: Trx | Db): Promise<OpenPart[]>;
  /** Writes the answer in words. */
  reply(trx: Trx, row: RequestRow, paragraphs: string[], attachments?: string[]): Promise<void>;
  answered(trx: Trx, row: RequestRow, by: string, change: Partial<RequestRow>): Promise<DataRequest>;
}

const undone = ({ outcome }: StoreOutcome): boolean => outcome === 'failed' || outcome === 'not_attempted';

const list = (titles: readonly string[]): string => titles.map((title) => `«${title}»`).join(', ');

/**
 * Restriction of processing, portability, objection to a legitimate interest: rights that the operator's documents give
 * beyond the law. What was done to the stores stands in the history of the case, and the answer is written from there.
 */
export function createPromised(deps: PromisedDeps) {
  const { clock, law, datamap, letters, step, tell, everyStore, reply, answered } = deps;
  const today = () => dayOf(clock.now(), law.zone);
  const { zone } = law;
  const extra = (text: string | undefined): string[] =>
    text
      ?.trim()
      .split(/\n\s*\n/)
      .filter(Boolean) ?? [];

  /** The stores that the last step of this name has really changed. */
  async function changedBy(trx: Trx, row: RequestRow, name: string): Promise<{ on: string; titles: string[] }> {
    const last = (await listEvents(trx, row.id)).findLast((event) => event.step === name);
    const keys = Array.isArray(last?.details.stores) ? (last.details.stores as string[]) : [];
    return {
      on: ru(dayOf(last?.at ?? clock.now(), zone)),
      titles: keys.map((key) => datamap.store(key).store.title.ru),
    };
  }

  /** Restricts stores of one person, each by its own answer. */
  async function restrictStores(
    trx: Trx,
    row: RequestRow,
    on: boolean,
    mine: (store: Store) => boolean = () => true,
  ): Promise<StoreOutcome[]> {
    // An order to lift is another order than the one to restrict, also for a store that remembers its orders.
    const context = deps.context(trx, on ? row.id : `${row.id}-lift`);
    return everyStore(row, async (key) => {
      const { store } = datamap.store(key);
      if (isUnsupported(store.restrict) || !mine(store)) return null;
      return store.restrict(row.subject_id as string, on, context);
    });
  }

  /** What of the person stays in use as it was, each with why: stores that cannot restrict, if they hold something. */
  async function notRestrictable(trx: Trx, row: RequestRow): Promise<string[]> {
    const lines: string[] = [];
    for (const { store } of datamap.stores()) {
      if (!isUnsupported(store.restrict)) continue;
      const { rows, summary } = await store.collect(row.subject_id as string, deps.context(trx, row.id));
      if (rows.length === 0 && !summary?.length) continue;
      lines.push(`«${store.title.ru}»: ${small(store.restrict.unsupported)}`);
    }
    return lines;
  }

  async function answerRestriction(trx: Trx, row: RequestRow, by: string, text?: string): Promise<DataRequest> {
    if (!row.blocked) throw new Refusal('request.not-restricted', 'conflict', { request: row.id });
    const { on, titles } = await changedBy(trx, row, 'blocked');
    const others = await notRestrictable(trx, row);
    await reply(trx, row, [
      `Мы ограничили обработку Ваших персональных данных с ${on}: они хранятся, но не используются, пока не отпадёт причина ограничения. Когда ограничение будет снято, мы Вам напишем.`,
      ...(titles.length > 0 ? [`Ограничение действует для записей: ${list(titles)}.`] : []),
      ...(others.length > 0 ? ['Остаются без изменений:', ...others] : []),
      ...extra(text),
    ]);
    return answered(trx, row, by, {});
  }

  /** Tells the person that an answered restriction is over. */
  async function tellLifted(trx: Trx, row: RequestRow, text: string): Promise<void> {
    await reply(trx, row, [
      `Ограничение обработки Ваших персональных данных снято ${ru(dayOf(clock.now(), zone))}.`,
      ...extra(text),
    ]);
  }

  /** The stores whose records the person may take along: given by the person, and kept by consent or contract. */
  function portable(): RegisteredStore[] {
    return datamap.stores().filter(({ store }) => store.given && isPortable(law, store.purposes));
  }

  async function answerPortability(trx: Trx, row: RequestRow, by: string, text?: string): Promise<DataRequest> {
    const parts = (await deps.openParts(row.id, trx)).filter(({ collected }) => collected.rows.length > 0);
    if (parts.length === 0) {
      await reply(trx, row, [
        'Данных, которые Вы предоставили нам сами и которые мы обрабатываем с Вашего согласия или по договору с Вами, у нас нет: передавать нечего.',
        ...extra(text),
      ]);
      return answered(trx, row, by, {});
    }
    const name = `dannye-${row.number.replace('ЗС', 'ZS')}.json`;
    const bytes = buildJson(law, parts, { number: row.number, operator: law.operator.name, madeAt: clock.now() });
    const annex = await letters.documents.attachment(trx, {
      ...{ about: row.id, name, type: 'application/json', bytes },
      ...(row.subject_id ? { subject: row.subject_id } : {}),
    });
    await reply(
      trx,
      row,
      [
        `К письму приложен файл ${name} с данными, которые Вы предоставили нам сами и которые мы обрабатываем с Вашего согласия или по договору с Вами. Это JSON в кодировке UTF-8: его читают программы, и Вы можете передать его другому оператору.`,
        `В файле: ${list(parts.map(({ entry }) => entry.store.title.ru))}. Контрольная сумма SHA-256: ${annex.sha256}.`,
        ...extra(text),
      ],
      [annex.id],
    );
    return answered(trx, row, by, { package_document: annex.id, in_full: true });
  }

  function purposeOf(id: string): Purpose {
    const known = objectionable(law).find((purpose) => purpose.id === id);
    if (known) return known;
    throw new Refusal('request.purpose', 'invalid', {
      field: 'purpose',
      one: objectionable(law).map((purpose) => purpose.id),
      message: 'Выберите цель, обработка для которой основана на законном интересе.',
    });
  }

  /** Upholds an objection; see `Requests.stopPurpose`. */
  async function stopPurpose(
    trx: Trx,
    row: RequestRow,
    { purpose, by }: { purpose: string; by: string },
  ): Promise<StoreOutcome[]> {
    if (row.kind !== 'interest-objection' || row.state !== 'identified') {
      throw new Refusal('request.wrong-kind', 'conflict', { request: row.id, kind: row.kind, from: row.state });
    }
    if (!row.subject_id) throw new Refusal('request.not-identified', 'conflict', { request: row.id });
    purposeOf(purpose);
    const at = clock.now();
    await insertStopped(trx, { subject_id: row.subject_id, purpose, request_id: row.id, stopped_at: at });
    const stopped = new Set((await stoppedOf(trx, row.subject_id)).map((one) => one.purpose));
    // A store goes on as long as one of its purposes does: one nobody objected to, or one with another ground.
    const goesOn = new Set(
      law.operator.purposes
        .filter((one) => !stopped.has(one.id) || otherBases(law, one, today()).length > 0)
        .map(({ id }) => id),
    );
    const outcomes = await restrictStores(trx, row, true, ({ purposes }) => !purposes.some((id) => goesOn.has(id)));
    const done = !outcomes.some(undone);
    if (done) await updateRequest(trx, row.id, { stopped_purpose: purpose });
    await step(trx, row.id, 'purpose-stopped', by, { purpose, stores: changed(outcomes), open: open(outcomes) });
    if (done) await tell(trx, row, 'processing.stopped', { purpose });
    return outcomes;
  }

  async function answerObjection(trx: Trx, row: RequestRow, by: string, text?: string): Promise<DataRequest> {
    if (!row.stopped_purpose) throw new Refusal('request.not-decided', 'conflict', { request: row.id });
    const purpose = purposeOf(row.stopped_purpose);
    const { on, titles } = await changedBy(trx, row, 'purpose-stopped');
    const others = otherBases(law, purpose, today());
    await reply(trx, row, [
      `Мы согласились с Вашим возражением и с ${on} не обрабатываем Ваши персональные данные на основании законного интереса с целью «${purpose.title}» (${purpose.clause}).`,
      ...(titles.length > 0 ? [`Больше не используются записи: ${list(titles)}.`] : []),
      ...(others.length > 0
        ? [
            `С той же целью данные обрабатываются и на другом основании, в этой части обработка продолжается: ${others.map((base) => `${base.text} (${cite(base.cite, 'ru')})`).join('; ')}.`,
          ]
        : []),
      ...extra(text),
    ]);
    return answered(trx, row, by, {});
  }

  return {
    restrictStores,
    answerRestriction,
    tellLifted,
    portable,
    answerPortability,
    stopPurpose,
    answerObjection,
  };
}

/** Keys of the stores that did what they were told. */
export function changed(outcomes: readonly StoreOutcome[]): string[] {
  return outcomes.filter(({ outcome }) => outcome === 'done').map(({ store }) => store);
}

/** Keys of the stores that have not done it yet. */
export function open(outcomes: readonly StoreOutcome[]): string[] {
  return outcomes.filter(undone).map(({ store }) => store);
}
