import { createHash } from 'node:crypto';
import { newId, Refusal, type Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import type { Db, Trx } from '../db/index.ts';
import { type Because, cite, type OperatorDocument } from '../law/index.ts';
import { type LetterData, printDay } from '../letters/index.ts';
import { earliestOf, inForce, mayTakeEffect } from './governing.ts';
import {
  type AcceptanceRow,
  type ConsentRow,
  closeAnnouncement,
  type EditionRow,
  editionBytes,
  endAcceptances,
  findAcceptance,
  findEdition,
  findLiveConsent,
  firstAnnouncement,
  insertAcceptance,
  insertAnnouncement,
  insertConsent,
  insertEdition,
  insertNotice,
  listAcceptances,
  listConsents,
  listEditions,
  listNotices,
  lockAnnouncement,
  lockDocument,
  openAnnouncements,
  toldAccounts,
  withdrawConsent,
} from './store.ts';
import { impersonal, stores } from './stores.ts';
import { summaryHtml, summaryText } from './summary.ts';
import type { Acceptance, Consent, Consents, ConsentsDeps, Edition } from './types.ts';
import { howToDisagree, summaryMark } from './words.ts';

const notifyJob = 'consents.notify-edition';
/** Whoever takes back the consent to this purpose also wants no more advertising, and that is to stop at once. */
const advertising = 'marketing';
const batch = 100;

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** Opens the room: editions, acceptances, consents, and the job that tells everyone of a new edition. */
export function createConsents(deps: ConsentsDeps): Consents {
  const { db, clock, law, journal, letters, jobs, accounts, report } = deps;
  const today = (): Temporal.PlainDate => dayOf(clock.now(), law.zone);

  function documentOf(id: string): OperatorDocument {
    const found = law.operator.documents.find((document) => document.id === id);
    if (found) return found;
    const one = law.operator.documents.map((document) => document.id);
    throw new Refusal('edition.unknown-document', 'invalid', {
      field: 'document',
      one,
      message: `The operator's pack has no document "${id}"; it has: ${one.join(', ')}.`,
    });
  }

  const editionOf = (row: EditionRow): Edition => ({
    id: row.id,
    document: row.document,
    title: law.operator.documents.find(({ id }) => id === row.document)?.title ?? row.document,
    sha256: row.sha256,
    mime: row.mime,
    size: row.size,
    publishedOn: row.published_on,
    effectiveOn: row.effective_on,
    addedAt: row.added_at,
  });

  const editions: Consents['editions'] = {
    async add(trx, { document: id, bytes, mime, published, effective, by }) {
      const document = documentOf(id);
      if (bytes.length === 0) throw new Refusal('edition.empty', 'invalid', { field: 'bytes' });
      await lockDocument(trx, id);
      const before = (await listEditions(trx, id)).map(editionOf);
      const earliest = earliestOf(law, document, published);
      const effectiveOn = effective ?? earliest.effectiveOn;
      const from = mayTakeEffect(law, document, published, before).effectiveOn;
      if (effectiveOn.toString() < from.toString()) throw tooEarly(effectiveOn, from, earliest.because);
      const digest = sha256(bytes);
      const sameDay = before.find(({ publishedOn }) => publishedOn.equals(published));
      if (sameDay) {
        if (sameDay.sha256 === digest && sameDay.effectiveOn.equals(effectiveOn)) return sameDay;
        throw new Refusal('edition.exists', 'conflict', {
          edition: sameDay.id,
          message: `An edition of "${id}" published on ${published} is already there and never changes; publish the new text on another day.`,
        });
      }
      const at = clock.now();
      const row = {
        id: newId('edn', at),
        document: id,
        sha256: digest,
        mime,
        published_on: published,
        effective_on: effectiveOn,
        added_at: at,
      };
      await insertEdition(trx, { ...row, bytes });
      const fields = { document: id, effective: effectiveOn.toString() };
      await report(trx, { name: 'document.published', about: row.id, at, fields });
      const body = { ...fields, sha256: digest, published: published.toString(), rests: earliest.because.winner.rule };
      await journal.append(trx, { action: 'edition.added', about: row.id, actor: by ?? 'system', body });
      await announce(trx, row.id, published, effectiveOn, before.length > 0);
      return editionOf({ ...row, size: bytes.length });
    },
    async current(trx, document, on) {
      return inForce((await listEditions(trx, document)).map(editionOf), on);
    },
    async governing(trx, account, document, on) {
      const mine = await listAcceptances(trx, { account });
      const acts = mine.filter(
        (act) => act.document === document && dayOf(act.at, law.zone).toString() <= on.toString(),
      );
      const edition = acts.length > 0 ? await editions.current(trx, document, on) : null;
      return edition && { edition, acceptedAt: acts.find(({ edition_id }) => edition_id === edition.id)?.at ?? null };
    },
    async list(trx, document) {
      return (await listEditions(trx, document)).map(editionOf);
    },
    get: (trx, id) => edition(trx, id),
    async bytes(trx, id) {
      return (await editionBytes(trx, id)) ?? unknown(id);
    },
  };

  async function edition(trx: Db | Trx, id: string): Promise<Edition> {
    const row = await findEdition(trx, id);
    return row ? editionOf(row) : unknown(id);
  }

  /** Whoever has an account is told before the day of effect; an edition of the past is only taken in. */
  async function announce(
    trx: Trx,
    id: string,
    published: Temporal.PlainDate,
    effective: Temporal.PlainDate,
    follows: boolean,
  ): Promise<void> {
    if (effective.toString() <= today().toString()) return;
    if (!follows && (await accounts.living(trx, { limit: 1 })).length === 0) return;
    const later = published.toString() > today().toString();
    await insertAnnouncement(trx, id, later ? startOf(published, law.zone) : clock.now());
    if (!later) await jobs.enqueue(trx, notifyJob, {}, { key: notifyJob });
  }

  function letterData(edition: Edition, locale: 'ru' | 'en'): LetterData['document.changed'] {
    const document = documentOf(edition.document);
    const { because } = earliestOf(law, document, edition.publishedOn);
    const home = deps.publicUrl?.();
    const effective = printDay(edition.effectiveOn, locale);
    return {
      title: edition.title,
      published: edition.publishedOn,
      effective: edition.effectiveOn,
      url: home ? `${home}/documents/${edition.id}` : (document.url ?? law.operator.site),
      sha256: edition.sha256,
      how: howToDisagree(document.kind, effective, locale),
      clause: cite(because.winner.cite, locale),
    };
  }

  /** One batch of accounts, or the publication (null). @returns letters queued */
  async function tell(edition: Edition, whom: (string | null)[]): Promise<number> {
    return db.transaction(async (trx) => {
      await lockAnnouncement(trx, edition.id);
      const told = await toldAccounts(trx, edition.id, whom);
      let queued = 0;
      for (const id of whom) {
        if (told.has(id)) continue;
        const letter = id === null ? await publish(trx, edition) : await write(trx, edition, id);
        if (!letter) continue;
        await insertNotice(trx, { edition: edition.id, account: id, letter, at: clock.now() });
        queued++;
      }
      return queued;
    });
  }

  // A new edition is announced in the ways that the operator's documents name, and in no other.
  const named = law.operator.noticeChannels.documents;
  const personal = (['email', 'dashboard'] as const).filter((channel) => named.includes(channel));

  async function publish(trx: Trx, edition: Edition): Promise<string | null> {
    if (!named.includes('publication')) return null;
    return letters.queue(trx, {
      template: 'document.changed',
      to: {},
      about: edition.id,
      channels: ['publication'],
      data: letterData(edition, 'ru'),
    });
  }

  async function write(trx: Trx, edition: Edition, id: string): Promise<string | null> {
    const account = await accounts.get(trx, id);
    const profile = await accounts.profile(trx, id);
    if (!account || !profile || personal.length === 0) return null; // gone since the page was read
    return letters.queue(trx, {
      template: 'document.changed',
      to: { subject: account.subject, account: id, email: profile.email, name: profile.name },
      locale: profile.locale,
      about: edition.id,
      channels: personal,
      data: letterData(edition, profile.locale),
    });
  }

  async function notifyAll(id: string): Promise<number> {
    const found = await edition(db, id);
    let queued = await tell(found, [null]);
    for (let after = ''; ; ) {
      const page = await accounts.living(db, { after, limit: batch });
      queued += await tell(
        found,
        page.map((account) => account.id),
      );
      after = page.at(-1)?.id ?? after;
      if (page.length < batch) break;
    }
    await db.transaction(async (trx) => {
      await closeAnnouncement(trx, id, clock.now());
      await journal.append(trx, { action: 'edition.announced', about: id, actor: 'system', body: { letters: queued } });
    });
    return queued;
  }

  const acceptanceOf = (row: AcceptanceRow & { document: string }): Acceptance => ({
    id: row.id,
    account: row.account_id,
    subject: row.subject_id,
    kind: row.kind,
    edition: row.edition_id,
    document: row.document,
    sha256: row.sha256,
    at: row.at,
    via: row.via,
  });

  async function act(
    trx: Trx,
    kind: Acceptance['kind'],
    accountId: string,
    editionId: string,
    via: string,
  ): Promise<Acceptance> {
    const account = await accounts.get(trx, accountId);
    if (!account) throw new Refusal('account.unknown', 'not-found', { account: accountId });
    const accepted = await edition(trx, editionId);
    const { document } = accepted;
    if (kind === 'acceptance') await mustBeAcceptable(trx, accepted);
    const at = clock.now();
    const row: AcceptanceRow = {
      id: newId('acp', at),
      subject_id: account.subject,
      account_id: accountId,
      edition_id: editionId,
      kind,
      sha256: accepted.sha256,
      at,
      via,
    };
    if (!(await insertAcceptance(trx, row))) {
      const first = await findAcceptance(trx, { account: accountId, edition: editionId, kind });
      return acceptanceOf({ ...(first as AcceptanceRow), document });
    }
    const name = kind === 'acceptance' ? 'document.accepted' : 'document.acquainted';
    const fields = { document, edition: editionId };
    await report(trx, { name, about: accountId, subject: account.subject, at, fields });
    const body = { ...fields, sha256: accepted.sha256, via };
    await journal.append(trx, { action: name, about: accountId, actor: accountId, body });
    return acceptanceOf({ ...row, document });
  }

  /** A contract is accepted in the edition that is in force, or ahead of time in one that is published already. */
  async function mustBeAcceptable(trx: Trx, accepted: Edition): Promise<void> {
    const { kind } = documentOf(accepted.document);
    if (kind !== 'contract' && kind !== 'price') {
      throw new Refusal('edition.not-for-acceptance', 'conflict', { document: accepted.document, kind });
    }
    const now = await editions.current(trx, accepted.document, today());
    const published = accepted.publishedOn.toString() <= today().toString();
    if (!published || !now || accepted.publishedOn.toString() < now.publishedOn.toString()) {
      throw new Refusal('edition.not-in-force', 'conflict', { edition: accepted.id, current: now?.id ?? null });
    }
  }

  const consentOf = (row: ConsentRow): Consent => ({
    id: row.id,
    subject: row.subject_id,
    purpose: row.purpose,
    edition: row.edition_id,
    sha256: row.sha256,
    givenAt: row.given_at,
    via: row.given_via,
    withdrawnAt: row.withdrawn_at,
    withdrawnVia: row.withdrawn_via,
  });

  /** A contract, its prices and a policy are no text of a consent: it is a document of its own. */
  function mustBeSeparate(shown: Edition, on: Temporal.PlainDate): void {
    const { kind } = documentOf(shown.document);
    const separate = kind === 'consent' || kind === 'annex';
    const valid = law.may('consent', { on, separate });
    if (valid.allowed) return;
    throw new Refusal('consent.not-separate', 'conflict', {
      edition: shown.id,
      clause: valid.clause,
      message: `Согласие оформляется отдельно от других документов (${valid.clause}).`,
    });
  }

  async function give(
    trx: Trx,
    { subject, purpose, edition: editionId, text, via }: Parameters<Consents['give']>[1],
  ): Promise<Consent> {
    const known = law.operator.purposes.find(({ id }) => id === purpose);
    if (!known) throw new Refusal('consent.unknown-purpose', 'invalid', { field: 'purpose' });
    if (!known.consent) throw new Refusal('consent.not-asked', 'conflict', { purpose, clause: known.clause });
    const shown = editionId ? await edition(trx, editionId) : null;
    const digest = shown?.sha256 ?? (text?.trim() ? sha256(text) : null);
    if (!digest) throw new Refusal('consent.without-text', 'invalid', { field: 'text' });
    const at = clock.now();
    if (shown) mustBeSeparate(shown, dayOf(at, law.zone));
    const row: ConsentRow = {
      id: newId('cns', at),
      subject_id: subject,
      purpose,
      edition_id: editionId ?? null,
      wording: editionId ? null : (text ?? null),
      sha256: digest,
      given_at: at,
      given_via: via,
      withdrawn_at: null,
      withdrawn_via: null,
    };
    if (!(await insertConsent(trx, row))) {
      return consentOf((await findLiveConsent(trx, subject, purpose)) as ConsentRow);
    }
    await report(trx, { name: 'consent.given', about: row.id, subject, at, fields: { purpose } });
    const body = { purpose, sha256: digest, via };
    await journal.append(trx, { action: 'consent.given', about: row.id, actor: subject, body });
    return consentOf(row);
  }

  async function withdraw(
    trx: Trx,
    subject: string,
    purpose: string,
    { via }: { via: string },
  ): Promise<Consent | null> {
    const row = await findLiveConsent(trx, subject, purpose);
    if (!row) return null;
    const at = clock.now();
    await withdrawConsent(trx, row.id, { withdrawn_at: at, withdrawn_on: today(), withdrawn_via: via });
    await report(trx, { name: 'consent.withdrawn', about: row.id, subject, at, fields: { purpose } });
    if (purpose === advertising) await report(trx, { name: 'marketing.refused', about: row.id, subject, at });
    await journal.append(trx, { action: 'consent.withdrawn', about: row.id, actor: subject, body: { purpose, via } });
    return consentOf({ ...row, withdrawn_at: at, withdrawn_via: via });
  }

  deps.datamap.register('consents', stores, impersonal);

  // The term of the proof starts with the end of the contract.
  accounts.onEnded((trx, { account, at }) => endAcceptances(trx, account, dayOf(at, law.zone)));

  jobs.define(notifyJob, async () => {
    for (const { id, due } of await openAnnouncements(db)) {
      if (due.epochMilliseconds <= clock.now().epochMilliseconds) await notifyAll(id);
    }
  });
  jobs.source({ name: notifyJob, job: notifyJob, next: firstAnnouncement });

  return {
    editions,
    accept: (trx, account, id, how) => act(trx, 'acceptance', account, id, how?.via ?? 'dashboard'),
    acquaint: (trx, account, id, how) => act(trx, 'acquaintance', account, id, how?.via ?? 'dashboard'),
    async acceptances(trx, account) {
      return (await listAcceptances(trx, { account })).map(acceptanceOf);
    },
    give,
    withdraw,
    async given(trx, subject) {
      return (await listConsents(trx, subject)).map(consentOf);
    },
    notifyAll,
    notices: listNotices,
    next: firstAnnouncement,
    async summary(id) {
      const found = await edition(db, id);
      const sections = law.summary(found.document, found.effectiveOn);
      const { ru } = summaryMark;
      return {
        edition: found,
        mark: summaryMark,
        sections,
        digest: law.digest,
        html: summaryHtml(ru, sections),
        text: summaryText(ru, sections),
      };
    },
    stores,
    impersonal,
  };
}

function unknown(id: string): never {
  throw new Refusal('edition.unknown', 'not-found', { edition: id });
}

function tooEarly(asked: Temporal.PlainDate, earliest: Temporal.PlainDate, because: Because): Refusal {
  const clause = because.citations.map((citation) => cite(citation, 'ru')).join('; ');
  const day = (date: Temporal.PlainDate): string => date.toLocaleString('ru', { dateStyle: 'long' });
  return new Refusal('edition.too-early', 'invalid', {
    field: 'effective',
    clause,
    earliest: earliest.toString(),
    message: `Редакция не может действовать с ${day(asked)}: по условиям (${clause}) не раньше ${day(earliest)}.`,
  });
}
