import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import type { Store } from '../../core/datamap/index.ts';
import type { Intake, RequestKind } from '../../core/requests/index.ts';
import { type House, moscow, openHouse } from '../retention/house.ts';

const code = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));

const rights = `
- { id: restriction, title: "На ограничение обработки", clause: "Политика 9.1(ix)", duty: restriction.apply, source: promise, implements: [P-RGT-1] }
- { id: portability, title: "На передачу данных", clause: "Политика 9.1(x)", duty: portability.provide, source: promise, implements: [P-RGT-1] }
- { id: interest-objection, title: "Возразить против законного интереса", clause: "Политика 9.1(xi)", duty: interest-objection.answer, source: promise, implements: [P-RGT-1] }
`;
const promises = `
- id: qsockets.restriction
  title: "Ограничение обработки"
  kind: deadline
  direction: at-most
  duty: [restriction.apply]
  starts: [request.received]
  term: { working_days: 3 }
  clause: "Политика 9.1(ix)"
`;

/** Records that serve diagnostics alone, which rests on nothing but a legitimate interest. */
function traces(failing: { times: number }): Store {
  return {
    title: { ru: 'Следы сбоев', en: 'Traces' },
    system: { ru: 'ИСПДн «Журнал сообщений»', en: 'Message log' },
    subject: 'customer',
    tables: ['shop.traces'],
    columns: { 'shop.traces.note': 'activity' },
    purposes: ['diagnostics'],
    schedule: 'message.metadata',
    collect: async (subject, { trx }) => ({
      rows: await trx('shop.traces').where({ subject_id: subject }).select('note'),
      source: 'возникли при работе сервиса',
    }),
    erase: { unsupported: 'В этом испытании ничего не уничтожается.' },
    rectify: { unsupported: 'Следы не исправляются.' },
    async restrict(subject, on, { trx }) {
      if (failing.times-- > 0) return { outcome: 'not_attempted', affected: 0, because: 'Ждёт работника.' };
      const affected = await trx('shop.traces').where({ subject_id: subject }).update({ frozen: on });
      return { outcome: affected > 0 ? 'done' : 'not_found', affected };
    },
  };
}

describe('a right that only the documents of the operator give', () => {
  let folder: string;
  let house: House;
  let ada: string;
  let failing: { times: number };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-rights-'));
    cpSync(fileURLToPath(new URL('../../policies/', import.meta.url)), folder, { recursive: true });
    appendFileSync(join(folder, 'operators/qsockets/rights.yaml'), rights);
    appendFileSync(join(folder, 'operators/qsockets/promises.yaml'), promises);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    house = await openHouse('2026-04-30T12:00', folder);
    failing = { times: 0 };
    await house.db.raw('create table shop.traces (subject_id text, note text, frozen boolean not null default false)');
    house.datamap.register('trouble', { traces: traces(failing) });
    ada = await house.aPerson();
    await house.db('shop.traces').insert({ subject_id: ada, note: 'сбой у Ады' });
  });
  afterEach(() => house.close());

  function letter(kind: RequestKind, channel: Intake['channel'] = 'email') {
    return house.story((trx) =>
      house.requests.receive(trx, {
        ...{ channel, kind, receivedAt: moscow('2026-04-30T11:00'), text: 'Прошу.' },
        from: { email: 'ada@example.ru', name: 'Ада Лавлейс' },
      }),
    );
  }
  const identify = (id: string, subject: string | null) =>
    house.story((trx) => house.requests.identify(trx, id, { subject, method: 'known-address', by: 'acc_dpo' }));
  const answer = (id: string, text?: string) =>
    house.story((trx) => house.requests.answer(trx, id, { by: 'acc_dpo', ...(text ? { text } : {}) }));
  const restrict = (id: string, on: boolean, text?: string) =>
    house.story((trx) => house.requests.restrict(trx, id, { on, by: 'acc_dpo', ...(text ? { text } : {}) }));
  const stop = (id: string, purpose: string) =>
    house.story((trx) => house.requests.stopPurpose(trx, id, { purpose, by: 'acc_dpo' }));
  const frozen = () => house.db('shop.traces').where({ subject_id: ada }).pluck('frozen');

  /** The last letter of a case, as it was written. */
  async function lastLetter(about: string): Promise<{ template: string; text: string; attachments: string[] }> {
    const letters = await house.letters.list({ about });
    const last = letters.toSorted((a, b) => (a.id < b.id ? -1 : 1)).at(-1);
    const { text, attachments } = await house.letters.open(last?.id ?? '');
    // Lines are folded and words are bound: not what is tested here.
    return {
      template: last?.template ?? '',
      text: text.replace(/\s+/g, ' '),
      attachments: attachments.map(({ name }) => name),
    };
  }

  it('is offered where they name it, and nowhere else', async () => {
    expect(house.requests.kinds()).to.include.members(['restriction', 'portability', 'interest-objection']);
    const elsewhere = await openHouse('2026-04-30T12:00');
    try {
      expect(elsewhere.requests.kinds()).to.not.include.members(['restriction', 'portability', 'interest-objection']);
      const refused = await elsewhere
        .story((trx) =>
          elsewhere.requests.receive(trx, {
            ...{ channel: 'post', kind: 'restriction', receivedAt: moscow('2026-04-30T11:00'), from: {} },
          }),
        )
        .catch((error: Refusal) => error);
      expect(refused).to.include({ code: 'request.kind-not-offered', kind: 'invalid' });
      expect((refused as Refusal).details).to.deep.include({ field: 'kind' });
    } finally {
      await elsewhere.close();
    }
  });

  describe('restriction of processing', () => {
    it('is due by the promise, and by the term of the law for an answer where that is earlier or the only one', async () => {
      expect((await letter('restriction')).dueOn?.toString()).to.equal('2026-05-06');
      const portability = await letter('portability');
      expect(portability.dueOn?.toString()).to.equal('2026-05-18');
      const { because } = await house.requests.deadline(portability.id);
      expect(because.winner.cite.act).to.include('152-ФЗ');
      const duties = (await house.obligations.list({ about: portability.id })).map(({ duty }) => duty);
      expect(duties).to.deep.equal(['request.answer']);
    });

    it('keeps the data and stops their use; the answer says where, from when, and what it does not touch', async () => {
      const { id } = await letter('restriction');
      await identify(id, ada);
      expect(await answer(id).catch(code)).to.equal('request.not-restricted');
      house.at('2026-05-05T10:00');
      const outcomes = await restrict(id, true);
      expect(outcomes.filter(({ outcome }) => outcome === 'done').map(({ store }) => store)).to.deep.equal([
        'trouble.traces',
      ]);
      expect(await frozen()).to.deep.equal([true]);
      const duties = await house.obligations.list({ about: id });
      expect(duties.map(({ duty, state }) => `${duty} ${state}`)).to.have.members([
        'request.answer open',
        'restriction.apply discharged',
      ]);
      const closed = await answer(id, 'Спасибо за обращение.');
      expect(closed).to.include({ state: 'closed', blocked: true, overdue: false });
      const { template, text } = await lastLetter(id);
      expect(template).to.equal('request.answer');
      expect(text).to.include('с 05.05.2026').and.include('«Следы сбоев»').and.include('Спасибо за обращение.');
      expect(text).to.include('«Профили»: в лавке нечего блокировать.').and.include('п. 9.1(ix)');
      expect(await house.obligations.list({ about: id, state: 'open' })).to.deep.equal([]);
    });

    it('is lifted with a reason that the person reads', async () => {
      const { id } = await letter('restriction');
      await identify(id, ada);
      await restrict(id, true);
      await answer(id);
      expect(await restrict(id, false).catch(code)).to.equal('request.lift-reason');
      expect(await frozen()).to.deep.equal([true]);
      await restrict(id, false, 'Спор о точности данных решён.');
      expect(await frozen()).to.deep.equal([false]);
      expect((await house.requests.get(id)).blocked).to.equal(false);
      expect((await lastLetter(id)).text)
        .to.include('снято 30.04.2026')
        .and.include('Спор о точности данных решён.');
    });

    it('is not answered while a system has not carried it out', async () => {
      const { id } = await letter('restriction');
      await identify(id, ada);
      failing.times = 1;
      await restrict(id, true);
      expect((await house.requests.get(id)).blocked).to.equal(false);
      expect(await answer(id).catch(code)).to.equal('request.not-restricted');
      await restrict(id, true);
      expect((await answer(id)).state).to.equal('closed');
    });
  });

  describe('portability', () => {
    it('hands over what the person gave, kept by consent or contract, as one file for programs', async () => {
      const profiles = house.datamap.store('shop.profiles').store;
      profiles.given = true;
      await house.logged(ada, '2026-04-20', 2);
      const { id, number } = await letter('portability');
      await identify(id, ada);
      await house.jobs.idle();
      expect((await house.requests.get(id)).state).to.equal('draft');
      const closed = await answer(id);
      expect(closed.state).to.equal('closed');
      const file = await house.letters.documents.file(closed.packageDocument ?? '');
      expect(file).to.include({ type: 'application/json', name: `dannye-${number.replace('ЗС', 'ZS')}.json` });
      const data = JSON.parse(file.bytes.toString('utf8'));
      expect(data.stores.map(({ store }: { store: string }) => store)).to.deep.equal(['shop.profiles']);
      expect(data.stores[0].rows[0]).to.include({ email: 'ada@example.ru', name: 'Ада Лавлейс' });
      expect(data.stores[0].columns).to.have.property('email');
      const letterText = await lastLetter(id);
      expect(letterText.attachments).to.deep.equal([file.name]);
      expect(letterText.text).to.include('другому оператору').and.not.include('ст. 14');
    });

    it('is answered also when there is nothing to take along, or nobody is known', async () => {
      const known = await letter('portability');
      await identify(known.id, ada);
      await house.jobs.idle();
      expect((await answer(known.id)).state).to.equal('closed');
      expect((await lastLetter(known.id)).text).to.include('передавать нечего');
      const unknown = await letter('portability');
      await identify(unknown.id, null);
      expect((await answer(unknown.id)).state).to.equal('closed');
      expect((await lastLetter(unknown.id)).template).to.equal('request.answer-no-data');
    });
  });

  describe('an objection to a legitimate interest', () => {
    it('that is upheld stops the purpose for this person, and the stores that serve nothing else', async () => {
      const { id } = await letter('interest-objection');
      await identify(id, ada);
      expect(await answer(id).catch(code)).to.equal('request.not-decided');
      expect(await stop(id, 'payments').catch(code)).to.equal('request.purpose');
      expect(house.requests.objectionable().map((one) => one.id)).to.have.members([
        'diagnostics',
        'protection',
        'compliance',
      ]);
      await stop(id, 'diagnostics');
      expect(await frozen()).to.deep.equal([true]);
      expect((await house.requests.stopped(ada)).map(({ purpose }) => purpose)).to.deep.equal(['diagnostics']);
      expect(house.facts.find(({ name }) => name === 'processing.stopped')?.fields).to.deep.equal({
        purpose: 'diagnostics',
      });
      const closed = await answer(id);
      expect(closed).to.include({ state: 'closed', stoppedPurpose: 'diagnostics' });
      const { text } = await lastLetter(id);
      expect(text).to.include('Диагностика и устранение неисправностей').and.include('«Следы сбоев»');
      expect(text).to.not.include('на другом основании');
    });

    it('leaves what rests on another ground, and says so', async () => {
      const { id } = await letter('interest-objection');
      await identify(id, ada);
      await stop(id, 'protection');
      expect(await frozen()).to.deep.equal([false]);
      await answer(id);
      expect((await lastLetter(id)).text)
        .to.include('на другом основании')
        .and.include('учёт действий с данными');
    });

    it('that is not upheld is refused with the clause of the right and the reasoning', async () => {
      const { id } = await letter('interest-objection');
      await identify(id, ada);
      const refused = await house.story((trx) =>
        house.requests.refuse(trx, id, {
          ground: 'interest-prevails',
          reasoning: 'Без следов сбой не найти.',
          by: 'acc_dpo',
        }),
      );
      expect(refused).to.include({ state: 'closed' });
      expect(refused.refusal).to.deep.equal({ ground: 'interest-prevails', cite: 'Политика 9.1(xi)' });
      expect(await house.requests.stopped(ada)).to.deep.equal([]);
    });

    it('is remembered when its case is gone, shown to the person, and goes with the person', async () => {
      const { id } = await letter('interest-objection');
      await identify(id, ada);
      await stop(id, 'diagnostics');
      await answer(id);
      await house.db('core.requests').delete();
      const { store } = house.datamap.store('requests.objections');
      const context = (trx: Parameters<Parameters<House['story']>[0]>[0]) => ({
        ...{ trx, db: house.db, vault: house.vault, clock: house.clock, law: house.law, journal: house.journal },
        runId: 'run_1',
      });
      const shown = await house.story((trx) => store.collect(ada, context(trx)));
      expect(shown.rows).to.deep.equal([
        { purpose: 'Диагностика и устранение неисправностей', stopped_at: moscow('2026-04-30T12:00').toString() },
      ]);
      expect(await house.story(async (trx) => store.anchors?.(trx, ada))).to.deep.equal([{ day: null, count: 1 }]);
      const erase = store.erase as Exclude<Store['erase'], { unsupported: string }>;
      const gone = await house.story((trx) => erase({ why: 'request', subject: ada, anchored: 'all' }, context(trx)));
      expect(gone).to.include({ outcome: 'erased', affected: 1, remaining: 0 });
      expect(await house.requests.stopped(ada)).to.deep.equal([]);
    });
  });
});
