import type { EraseReceipt, EraseScope, Store } from '../datamap/index.ts';
import type { Trx } from '../db/index.ts';
import { countByDay, deleteAnchored, listAcceptances, listConsents, spanOfDays } from './store.ts';

/** Tables of this room that are about no one, each with why. */
export const impersonal: Record<string, string> = {
  'core.editions': "The operator's own documents; they name no user.",
  'core.edition_announcements': 'Which edition still has to be announced.',
  'core.edition_notices':
    'Which account was told of an edition by which letter: random ids only; the letter has its own term.',
};

const system = { ru: 'ИСПДн «Учётные записи»', en: 'Accounts' };

async function eraseFrom(
  trx: Trx,
  table: 'core.acceptances' | 'core.consents',
  scope: EraseScope,
): Promise<EraseReceipt> {
  const whose = scope.why === 'request' ? { subject: scope.subject } : { except: scope.held };
  const { affected, remaining } = await deleteAnchored(trx, table, scope.anchored, whose);
  return { outcome: affected > 0 ? 'erased' : 'not_found', affected, remaining, tables: [table] };
}

/** What the room holds about people, and its answers to their rights. */
export const stores: Record<string, Store> = {
  acceptances: {
    title: {
      ru: 'Акцепт оферты и ознакомление с документами',
      en: 'Acceptance of the offer and acquaintance with documents',
    },
    system,
    subject: 'relay-user',
    tables: ['core.acceptances'],
    columns: {
      'core.acceptances.kind': 'acceptance',
      'core.acceptances.sha256': 'acceptance',
      'core.acceptances.via': 'acceptance',
    },
    purposes: ['access', 'protection'],
    schedule: 'acceptance',
    anchors: (trx, subject, until) => countByDay(trx, 'core.acceptances', subject, until),
    span: (db, from) => spanOfDays(db, 'core.acceptances', from),
    async collect(subject, { trx }) {
      const rows = await listAcceptances(trx, { subject });
      return {
        rows: rows.map(({ document, edition_id, kind, sha256, at, via }) => ({
          document,
          edition: edition_id,
          kind,
          sha256,
          at: at.toString(),
          via,
        })),
        source: 'получены от субъекта: действия при регистрации и в личном кабинете',
      };
    },
    erase: (scope, { trx }) => eraseFrom(trx, 'core.acceptances', scope),
    rectify: { unsupported: 'Запись говорит, что и когда было сделано; задним числом она не меняется.' },
    restrict: { unsupported: 'Запись доказывает заключение договора и ни для чего больше не используется.' },
  },
  consents: {
    title: { ru: 'Согласия и их отзыв', en: 'Consents and their withdrawal' },
    system,
    subject: 'relay-user',
    tables: ['core.consents'],
    columns: {
      'core.consents.purpose': 'consent.proof',
      'core.consents.wording': 'consent.proof',
      'core.consents.sha256': 'consent.proof',
      'core.consents.given_via': 'consent.proof',
      'core.consents.withdrawn_via': 'consent.proof',
    },
    purposes: ['compliance'],
    schedule: 'consent.proof',
    anchors: (trx, subject, until) => countByDay(trx, 'core.consents', subject, until),
    span: (db, from) => spanOfDays(db, 'core.consents', from),
    async locate(trx, id) {
      const row = await trx('core.consents').where({ id }).first('withdrawn_at', 'subject_id');
      return row ? { from: row.withdrawn_at, subject: row.subject_id } : null;
    },
    async collect(subject, { trx }) {
      const rows = await listConsents(trx, subject);
      return {
        rows: rows.map((row) => ({
          purpose: row.purpose,
          edition: row.edition_id,
          wording: row.wording,
          sha256: row.sha256,
          given_at: row.given_at.toString(),
          given_via: row.given_via,
          withdrawn_at: row.withdrawn_at?.toString() ?? null,
          withdrawn_via: row.withdrawn_via,
        })),
        source: 'получены от субъекта: отдельное согласие',
      };
    },
    erase: (scope, { trx }) => eraseFrom(trx, 'core.consents', scope),
    rectify: { unsupported: 'Согласие не уточняется: его можно отозвать и дать новое.' },
    restrict: { unsupported: 'Чтобы остановить обработку по согласию, отзовите согласие.' },
  },
};
