import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import type { Intake } from '../../core/requests/index.ts';
import { type House, moscow, openHouse } from '../retention/house.ts';

const code = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));

describe('a request', () => {
  let house: House;

  beforeEach(async () => {
    house = await openHouse('2026-04-30T12:00');
  });
  afterEach(() => house.close());

  function letter(kind: Intake['kind'], at = '2026-04-30T11:00', email = 'ada@example.ru') {
    return house.story((trx) =>
      house.requests.receive(trx, {
        channel: 'email',
        kind,
        receivedAt: moscow(at),
        from: { email, name: 'Ада Лавлейс' },
        text: 'Прошу сообщить, какие мои данные Вы обрабатываете.',
      }),
    );
  }
  const identify = (id: string, subject: string | null) =>
    house.story((trx) => house.requests.identify(trx, id, { subject, method: 'known-address', by: 'acc_dpo' }));
  const lettersOf = async (id: string): Promise<string[]> =>
    (await house.letters.list({ about: id })).map(({ template }) => template).sort();

  it('is due ten working days after its receipt, counted over the May holidays', async () => {
    const request = await letter('access');
    expect(request.number).to.equal('ЗС-2026-0001');
    expect(request.dueOn?.toString()).to.equal('2026-05-18');
    expect(request.lateFrom?.toString()).to.equal(moscow('2026-05-19T00:00').toString());
    const { explained, because } = await house.requests.deadline(request.id);
    expect(because.winner.cite).to.include({ article: '14', part: '3' });
    expect(explained.join('\n')).to.include('Последний день: 18.05.2026');
    expect(explained.join('\n')).to.match(/01\.05\.2026 \(/);
    const [duty] = await house.obligations.list({ about: request.id });
    expect(duty).to.include({ duty: 'access.answer', state: 'open' });
    expect(duty?.dueOn?.toString()).to.equal('2026-05-18');
  });

  it('starts the same clock in whichever way it comes, also in those the policy does not name', async () => {
    for (const channel of ['email', 'dashboard', 'post', 'in-person'] as const) {
      const { dueOn } = await house.story((trx) =>
        house.requests.receive(trx, {
          ...{ channel, kind: 'access', receivedAt: moscow('2026-04-30T11:00') },
          from: { name: 'Ада Лавлейс' },
        }),
      );
      expect(dueOn?.toString(), channel).to.equal('2026-05-18');
    }
  });

  it('keeps who asked and what was written in the sealed case only, and looking is on record', async () => {
    const request = await letter('access');
    const { rows } = await house.db.raw(`select count(*) as count from core.requests r where r::text ~ 'ada@|Лавлейс'`);
    expect(rows[0].count).to.equal(0);
    const file = await house.requests.open(request.id, 'acc_dpo');
    expect(file).to.include({ email: 'ada@example.ru', name: 'Ада Лавлейс' });
    await house.journal.sealUp();
    const [look] = await house.journal.list({ action: 'request.opened', about: request.id });
    expect(look?.actor).to.equal('acc_dpo');
    const all = await house.journal.list({ prefix: 'request.' });
    expect(JSON.stringify(all)).to.not.match(/ada@|Лавлейс/);
  });

  it('for access is collected from every store and answered with all points of the law and the data', async () => {
    const ada = await house.aPerson();
    const bob = await house.aPerson({ email: 'bob@example.ru', name: 'Боб Чужой' });
    await house.logged(ada, '2026-04-20', 3);
    await house.logged(bob, '2026-04-20', 5);
    const request = await letter('access');
    expect(await house.requests.candidates(request.id)).to.deep.equal([{ store: 'shop.profiles', subject: ada }]);
    const identified = await identify(request.id, ada);
    expect(identified.state).to.equal('collecting');
    await house.jobs.idle();
    expect((await house.requests.get(request.id)).state).to.equal('draft');
    const parts = await house.requests.parts(request.id);
    const payloads = parts.find(({ store }) => store === 'shop.payloads');
    expect(payloads).to.include({ outcome: 'collected', rows: 0 });
    expect(payloads?.volumes[0]).to.include({ count: 3 });
    expect(parts.find(({ store }) => store === 'shop.invoices')?.outcome).to.equal('not_found');

    house.at('2026-05-15T16:00');
    const closed = await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' }));
    expect(closed.state).to.equal('closed');
    expect(closed.overdue).to.equal(false);
    expect(await lettersOf(request.id)).to.deep.equal(['request.answer-access', 'request.receipt']);
    const zip = await house.letters.documents.file(closed.packageDocument ?? '');
    expect(zip.bytes.subarray(0, 2).toString()).to.equal('PK');
    const pdf = await house.letters.documents.pdf(closed.answerDocument ?? '');
    expect(pdf.subarray(0, 5).toString()).to.equal('%PDF-');
    const [duty] = await house.obligations.list({ about: request.id, duty: 'access.answer' });
    expect(duty).to.include({ state: 'discharged', overdueAt: null });
    expect((await house.requests.history(request.id)).map(({ step }) => step)).to.deep.equal([
      'received',
      'identified',
      'collected',
      'answered',
      'closed',
    ]);
  });

  it('for access is answered with every recipient, also those the policy leaves out, and with both places to complain to', async () => {
    const ada = await house.aPerson();
    const request = await letter('access');
    await identify(request.id, ada);
    await house.jobs.idle();
    const asked: { kind: string; data: unknown }[] = [];
    const { create } = house.letters.documents;
    house.letters.documents.create = (trx, order) => {
      asked.push(order);
      return create(trx, order);
    };
    await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' }));
    const answer = JSON.stringify(asked.find(({ kind }) => kind === 'access-answer')?.data);
    const { recipients } = house.law.operator;
    expect(recipients.some(({ disclosed }) => !disclosed)).to.equal(true);
    for (const { name } of recipients) expect(answer).to.include(JSON.stringify(name).slice(1, -1));
    expect(answer).to.include('в Роскомнадзор или в суд');
  });

  it('is not answered while a store has failed, and asks only that store again', async () => {
    const ada = await house.aPerson();
    await house.db.raw('alter table shop.invoices rename to invoices_away');
    const request = await letter('access');
    await identify(request.id, ada);
    const outcome = async () =>
      (await house.db('core.request_parts').where({ request_id: request.id, store: 'shop.invoices' }).first())?.outcome;
    while ((await outcome()) !== 'failed') await new Promise((done) => setTimeout(done, 10));
    expect((await house.requests.get(request.id)).state).to.equal('collecting');
    const early = await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' })).catch(code);
    expect(early).to.equal('request.incomplete');
    await house.db.raw('alter table shop.invoices_away rename to invoices');
    // The queue asks again by itself.
    await house.jobs.idle();
    expect((await house.requests.get(request.id)).state).to.equal('draft');
  });

  it('of somebody whom no store knows is answered all the same', async () => {
    const request = await letter('access', '2026-04-30T11:00', 'nobody@example.ru');
    expect(await house.requests.candidates(request.id)).to.deep.equal([]);
    await identify(request.id, null);
    const closed = await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' }));
    expect(closed.state).to.equal('closed');
    expect(await lettersOf(request.id)).to.deep.equal(['request.answer-no-data', 'request.receipt']);
  });

  it('is extended once, by five working days, and only before its base day has ended', async () => {
    const request = await letter('access');
    house.at('2026-05-18T23:00');
    const order = { reason: 'Запрошены архивные документы', by: 'acc_dpo' };
    const extended = await house.story((trx) => house.requests.extend(trx, request.id, order));
    expect(extended.dueOn?.toString()).to.equal('2026-05-25');
    const [duty] = await house.obligations.list({ about: request.id });
    expect(duty?.dueOn?.toString()).to.equal('2026-05-25');
    expect(await lettersOf(request.id)).to.include('request.extension');
    const twice = await house.story((trx) => house.requests.extend(trx, request.id, order)).catch(code);
    expect(twice).to.equal('request.extended-already');
  });

  it('cannot be extended when its day is over; it is overdue', async () => {
    const request = await letter('access');
    await house.advanceTo('2026-05-19T00:00');
    const order = { reason: 'Не успели', by: 'acc_dpo' };
    const late = await house.story((trx) => house.requests.extend(trx, request.id, order)).catch(code);
    expect(late).to.equal('request.extension-late');
    expect((await house.requests.get(request.id)).overdue).to.equal(true);
    expect(await house.requests.list({ overdue: true })).to.have.length(1);
    const [duty] = await house.obligations.list({ about: request.id });
    expect(duty?.overdueAt?.toString()).to.equal(moscow('2026-05-19T00:00').toString());
  });

  it('is refused only on a coded ground with its citation and with reasons', async () => {
    const request = await letter('access');
    const refuse = (refusal: { ground: string; reasoning: string; cite?: string }) =>
      house.story((trx) => house.requests.refuse(trx, request.id, { ...refusal, by: 'acc_dpo' }));
    expect(await refuse({ ground: 'because', reasoning: 'Так' }).catch(code)).to.equal('request.refusal-ground');
    expect(await refuse({ ground: 'other-law', reasoning: 'Так' }).catch(code)).to.equal('request.refusal-citation');
    expect(await refuse({ ground: 'access-limit.4', reasoning: ' ' }).catch(code)).to.equal(
      'request.refusal-reasoning',
    );
    const refused = await refuse({ ground: 'access-limit.4', reasoning: 'В записях есть данные третьих лиц.' });
    expect(refused.state).to.equal('closed');
    expect(refused.refusal?.cite.replaceAll('\u00a0', ' ')).to.match(/ст\. 14 ч\. 8 .*152-ФЗ/);
    expect(await lettersOf(request.id)).to.include('request.refusal');
    const [duty] = await house.obligations.list({ about: request.id });
    expect(duty?.state).to.equal('discharged');
  });

  it('that repeats a full answer too soon carries a hint, and a refused one does not count', async () => {
    const ada = await house.aPerson();
    house.at('2026-10-05T12:00');
    const first = await letter('access', '2026-10-05T10:00');
    await identify(first.id, ada);
    await house.jobs.idle();
    await house.story((trx) => house.requests.answer(trx, first.id, { by: 'acc_dpo' }));
    house.at('2026-11-03T12:00');
    const soon = await identify((await letter('access', '2026-11-03T10:00')).id, ada);
    expect(soon.repeatOf).to.equal(first.id);
    house.at('2026-11-04T12:00');
    const later = await identify((await letter('access', '2026-11-04T10:00')).id, ada);
    expect(later.repeatOf).to.equal(null);
  });

  it('for erasure leads through the plan and the second person to the act, the answer and the end of the case', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2026-04-20', 2);
    const request = await letter('erasure');
    const erasing = await identify(request.id, ada);
    expect(erasing.state).to.equal('erasing');
    const [receipt] = await house.letters.list({ subject: ada });
    expect(receipt?.template).to.equal('request.receipt');
    const plan = await house.retention.plans.get(erasing.plan ?? '');
    expect(plan.cause).to.deep.equal({ kind: 'request', about: request.id });
    expect(plan.eraseBy.toString()).to.equal('2026-05-07');
    const early = await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' })).catch(code);
    expect(early).to.equal('request.plan-open');
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_second'));
    await house.jobs.idle();
    const closed = await house.requests.get(request.id);
    expect(closed.state).to.equal('closed');
    expect(await lettersOf(request.id)).to.deep.equal(['erasure.done', 'request.receipt']);
    const outcomes = await house.requests.outcomes(request.id);
    expect(outcomes.map(({ store, outcome }) => [store, outcome])).to.deep.include.members([
      ['shop.profiles', 'erased'],
      ['shop.payloads', 'retained'],
    ]);
    const [last] = await house.letters.list({ about: request.id, template: 'erasure.done' });
    const content = await house.letters.open(last?.id ?? '');
    expect(content.to.email).to.equal('ada@example.ru');
    expect(content.attachments).to.have.length(2);
    const [duty] = await house.obligations.list({ about: request.id, duty: 'request.answer' });
    expect(duty?.state).to.equal('discharged');
  });

  it('for erasure is carried out in time even if nobody looks at the plan', async () => {
    const ada = await house.aPerson();
    const request = await letter('erasure');
    await identify(request.id, ada);
    await house.advanceTo('2026-05-07T00:05');
    expect((await house.requests.get(request.id)).state).to.equal('closed');
    expect(await house.db('shop.profiles')).to.deep.equal([]);
  });

  it('to correct data changes them in the stores that hold them, and is answered in words', async () => {
    const ada = await house.aPerson();
    const request = await letter('rectification');
    await identify(request.id, ada);
    const outcomes = await house.story((trx) =>
      house.requests.rectify(trx, request.id, { changes: { 'shop.profiles.name': 'Ада Байрон' }, by: 'acc_dpo' }),
    );
    expect(outcomes.map(({ store, outcome }) => [store, outcome])).to.deep.equal([['shop.profiles', 'done']]);
    expect((await house.db('shop.profiles').first()).name).to.equal('Ада Байрон');
    const silent = await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' })).catch(code);
    expect(silent).to.equal('request.answer-empty');
    const closed = await house.story((trx) =>
      house.requests.answer(trx, request.id, { by: 'acc_dpo', text: 'Имя исправлено.' }),
    );
    expect(closed.state).to.equal('closed');
    expect(await lettersOf(request.id)).to.include('request.answer');
  });

  it('asks the sender who they are while the clock runs on', async () => {
    const request = await letter('access');
    const asked = await house.story((trx) =>
      house.requests.clarify(trx, request.id, { text: 'Номер договора или адрес учётной записи', by: 'acc_dpo' }),
    );
    expect(asked.state).to.equal('identity-asked');
    expect(asked.dueOn?.toString()).to.equal('2026-05-18');
    expect(await lettersOf(request.id)).to.include('request.clarify');
  });

  it('is taken back by its sender: what it asked is owed no more, and the case is closed', async () => {
    const ada = await house.aPerson();
    const request = await letter('access');
    await identify(request.id, ada);
    await house.jobs.idle();
    const text = 'Ответ больше не нужен.';
    const withdrawn = await house.story((trx) => house.requests.withdraw(trx, request.id, { by: 'acc_dpo', text }));
    expect(withdrawn.state).to.equal('closed');
    expect(withdrawn.withdrawnAt?.toString()).to.equal(house.clock.now().toString());
    expect(withdrawn.answeredAt).to.equal(null);
    const duties = await house.obligations.list({ about: request.id });
    expect(duties.map(({ duty, state }) => [duty, state])).to.deep.equal([['access.answer', 'discharged']]);
    expect((await house.requests.history(request.id)).map(({ step }) => step)).to.deep.equal([
      ...['received', 'identified', 'collected', 'withdrawn', 'closed'],
    ]);
    const [entry] = await house.journal.list({ action: 'request.withdrawn' });
    expect(entry).to.include({ about: request.id, actor: 'acc_dpo' });
    expect((await house.requests.open(request.id, 'acc_dpo')).notes.map((note) => note.text)).to.deep.equal([text]);
    expect(await house.db('core.request_parts').whereNotNull('sealed')).to.deep.equal([]);
    const again = await house.story((trx) => house.requests.withdraw(trx, request.id, { by: 'acc_dpo' })).catch(code);
    expect(again).to.equal('request.wrong-state');
  });

  it('for erasure that is taken back takes its plan back, unless it follows from a deleted account', async () => {
    const ada = await house.aPerson();
    const request = await letter('erasure');
    const { plan } = await identify(request.id, ada);
    await house.story((trx) => house.requests.withdraw(trx, request.id, { by: 'acc_dpo' }));
    expect((await house.retention.plans.get(plan ?? '')).state).to.equal('cancelled');
    const deleted = await house.story((trx) =>
      house.requests.receive(trx, {
        ...{ channel: 'dashboard', kind: 'erasure', receivedAt: house.clock.now() },
        from: { email: 'ada@example.ru', subject: ada },
        identified: { method: 'session', by: 'acc_ada' },
        cause: { kind: 'account-deleted', about: 'acc_ada' },
      }),
    );
    const refused = await house.story((trx) => house.requests.withdraw(trx, deleted.id, { by: 'acc_dpo' })).catch(code);
    expect(refused).to.equal('request.plan-stands');
    expect((await house.requests.get(deleted.id)).state).to.equal('erasing');
  });

  it('goes with its case three years after it was closed, and its key is shredded', async function () {
    this.timeout(60_000);
    const request = await letter('access', '2026-04-30T11:00', 'nobody@example.ru');
    await identify(request.id, null);
    await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo' }));
    expect(house.vault.has(`case/${request.id}`)).to.equal(true);
    await house.advanceTo('2029-04-30T23:59');
    expect(house.vault.has(`case/${request.id}`)).to.equal(true);
    await house.advanceTo('2029-05-01T00:01');
    expect(house.vault.has(`case/${request.id}`)).to.equal(false);
    expect(await house.db('core.requests')).to.deep.equal([]);
  });
});
