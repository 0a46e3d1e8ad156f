import { expect } from 'chai';
import type { Person } from '../../core/cli/demo/client.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';
import { aCrew, aUser, type Crew, expectStatus, type Planted, publishEditions } from '../support/people.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the server says
type Shown = any;

const at = (time: string): string => moscow(time).toString();
const owed = ({ duties }: Shown) =>
  duties.map((one: Shown) => [one.duty, one.state, one.dueOn ?? one.lateFrom, one.late]);

describe('what staff report, over the API', function () {
  this.timeout(120_000);
  let test: TestApp;
  let crew: Crew;
  let vera: Planted;

  before(async () => {
    test = await startApp({ at: '2026-05-05T10:00' });
    await publishEditions(test.app);
    crew = await aCrew(test.app);
    vera = await aUser(test, crew, 'vera', 'Верина Вера Васильевна');
  });
  after(() => test.close());

  const tell = (body: object, who: Person = crew.dpo) => who.send('POST', '/api/v1/events', body);
  const follow = ({ path }: Shown, body: object) => crew.dpo.send('POST', `/api/v1/events/${path}/facts`, body);
  const begun = async (body: object): Promise<Shown> => expectStatus(await tell(body), 201);

  it('opens an incident with its two clocks, counted in hours and explained with their articles', async () => {
    test.clock.moveTo(moscow('2026-05-08T23:30'));
    const incident = await begun({ fact: 'incident.detected', at: at('2026-05-08T22:15'), note: 'Утечка из резерва' });
    expect(incident.number).to.equal('ИН-2026-0001');
    expect(incident.id).to.match(/^inc_/);
    expect(owed(incident)).to.deep.equal([
      ['incident.notice', 'open', at('2026-05-09T22:15'), false],
      ['incident.result', 'open', at('2026-05-11T22:15'), false],
    ]);
    const [notice] = incident.duties;
    expect(notice.explained.map((line: string) => line.replaceAll('\u00a0', ' '))).to.deep.equal([
      'Выявлен инцидент: 08.05.2026 в 22:15 МСК.',
      'Срок: 24 часа — ст. 21 ч. 3.1 п. 1 152-ФЗ от 27.07.2006.',
      'Не позднее 09.05.2026 в 22:15 МСК.',
    ]);
    expect(notice.list.items.map(({ title }: Shown) => title)).to.include('Предполагаемые причины');
    expect(incident.incident.class).to.equal(null);

    const measured = expectStatus(
      await follow(incident, {
        fact: 'incident.measured',
        fields: { subjects: 12_000, identifiers: 500, special: false },
      }),
      201,
    );
    expect(measured.incident.class).to.include({ part: '13' });
    expect(measured.incident.class.fine.legal.kopecks).to.deep.equal([500_000_000, 1_000_000_000]);

    const noticed = expectStatus(
      await follow(incident, { fact: 'incident.noticed', fields: { number: '77-26/0815' }, contains: ['1', '2'] }),
      201,
    );
    expect(owed(noticed).find(([duty]: string[]) => duty === 'incident.notice')).to.deep.equal([
      ...['incident.notice', 'discharged', at('2026-05-09T22:15'), false],
    ]);
    expect(noticed.facts.at(-1)).to.deep.include({ fact: 'incident.noticed', contains: ['1', '2'] });
    expect((await follow(incident, { fact: 'incident.noticed' })).status).to.equal(409);

    await test.advance('2026-05-12T09:00');
    const [late] = expectStatus(await crew.dpo.get('/api/v1/events?open=true'), 200);
    expect([late.number, late.duties[0].duty, late.duties[0].late]).to.deep.equal([
      ...['ИН-2026-0001', 'incident.result', true],
    ]);
    const done = expectStatus(await follow(incident, { fact: 'incident.reported', at: at('2026-05-11T20:00') }), 201);
    // It was sent in time and told of later: that is not late.
    expect([done.open, done.duties.map((one: Shown) => one.late)]).to.deep.equal([false, [false, false]]);
    expect(expectStatus(await crew.dpo.get('/api/v1/events?open=true'), 200)).to.deep.equal([]);
  });

  it('keeps a note sealed in the journal alone, and the look at it is on record', async () => {
    const claim = await begun({ fact: 'claim.received', person: vera.account, note: 'Жалуется на сбой 3 мая' });
    expect(claim.subject).to.equal(vera.subject);
    expect(JSON.stringify(claim)).to.not.include('сбой');
    const notes = expectStatus(await crew.dpo.get(`/api/v1/events/${claim.path}/notes`), 200);
    expect(Object.values(notes)).to.deep.equal(['Жалуется на сбой 3 мая']);
    await test.app.engine.journal.sealUp();
    const looks = await test.app.engine.journal.list({ action: 'event.notes-read', about: claim.id });
    expect(looks).to.have.length(1);
    const dump = JSON.stringify([
      await test.app.engine.db('core.facts').where({ about: claim.id }),
      await test.app.engine.db('core.staff_reports').where({ about: claim.id }),
    ]);
    expect(dump).to.not.include('сбой');
  });

  it('counts a claim by who makes it: ten days for a consumer, ten working days for a business', async () => {
    test.clock.moveTo(moscow('2026-05-12T10:00'));
    const told = { fact: 'claim.received', at: at('2026-05-12T09:30') };
    const business = await begun({ ...told, fields: { customer: 'business' } });
    expect(owed(business)).to.deep.equal([['claim.answer', 'open', '2026-05-26', false]]);
    const claim = await begun({ ...told, fields: { customer: 'consumer' } });
    expect(claim.number).to.match(/^СБ-2026-/);
    expect(owed(claim)).to.deep.equal([
      ['claim.answer', 'open', '2026-05-22', false],
      ['consumer.money-claim', 'open', '2026-05-22', false],
    ]);
    const answered = expectStatus(await follow(claim, { fact: 'claim.answered' }), 201);
    expect(answered.open).to.equal(false);
  });

  it('told twice is told once: by its key, or by its words', async () => {
    const told = { fact: 'assignment.made', at: at('2026-05-12T09:45') };
    const first = await begun(told);
    const again = await tell(told);
    expect([again.status, again.body.id]).to.deep.equal([200, first.id]);
    expect(first.duties.map((one: Shown) => [one.duty, one.dueOn])).to.deep.equal([
      ['assignment.notice', '2026-05-26'],
    ]);
    const facts = await test.app.engine.db('core.facts').where({ name: 'assignment.made' });
    expect(facts).to.have.length(1);
  });

  /** An event from its beginning: what is owed at first, and what is still open after each step. */
  const lives = (begin: object, owes: unknown[], steps: [string, object, string[]][]) => async () => {
    const event = await begun(begin);
    expect(owed(event)).to.deep.equal(owes);
    for (const [fact, fields, left] of steps) {
      test.clock.moveTo(test.clock.now().add({ minutes: 1 }));
      const now = expectStatus(await follow(event, { fact, fields }), 201);
      const open = now.duties.filter((one: Shown) => one.state === 'open').map((one: Shown) => one.duty);
      expect(open, fact).to.deep.equal(left);
    }
  };

  it(
    'unlawful processing is stopped in three working days and destroyed in ten',
    lives(
      { fact: 'unlawful.detected', at: at('2026-05-12T09:00') },
      [
        ['unlawful.stop', 'open', '2026-05-15', false],
        ['unlawful.destroy', 'open', '2026-05-26', false],
      ],
      [
        ['unlawful.stopped', {}, ['unlawful.destroy']],
        ['records.destroyed', { act: 'АУ-2026-0007' }, []],
      ],
    ),
  );

  it(
    'changed data of the notice are told of by the fifteenth of the next month',
    lives(
      { fact: 'notice-data.changed', at: at('2026-05-12T09:00'), fields: { what: 'purposes' } },
      [['regulator.change-notice', 'open', '2026-06-15', false]],
      [['notice-data.reported', {}, []]],
    ),
  );

  it(
    'the end of processing is told of in ten working days',
    lives(
      { fact: 'processing.terminated', at: at('2026-05-12T09:00') },
      [['regulator.termination-notice', 'open', '2026-05-26', false]],
      [['notice-data.reported', {}, []]],
    ),
  );

  it(
    'force majeure is told of in three working days, when it begins and when it ends',
    lives(
      { fact: 'force-majeure.started', at: at('2026-05-12T09:00') },
      [['force-majeure.notice', 'open', '2026-05-15', false]],
      [
        ['force-majeure.noticed', {}, []],
        ['force-majeure.ended', {}, ['force-majeure.notice']],
        ['force-majeure.noticed', {}, []],
      ],
    ),
  );

  it(
    'the regulator is answered in ten working days',
    lives(
      { fact: 'regulator.asked', at: at('2026-05-12T09:00') },
      [['regulator.answer', 'open', '2026-05-26', false]],
      [['regulator.answered', {}, []]],
    ),
  );

  it(
    'dissemination is stopped in three working days',
    lives(
      { fact: 'dissemination.refused', at: at('2026-05-12T09:00') },
      [['dissemination.stop', 'open', '2026-05-15', false]],
      [['dissemination.stopped', {}, []]],
    ),
  );

  it(
    'protection is reviewed every three years, and each review opens the next',
    lives(
      { fact: 'protection.reviewed', at: at('2026-05-12T09:00') },
      [['protection.review', 'open', '2029-05-12', false]],
      [['protection.reviewed', {}, ['protection.review']]],
    ),
  );

  it(
    'what the regulator misses in a notice is added in three working days, whatever is missing elsewhere',
    lives(
      { fact: 'incident.detected', at: at('2026-05-12T09:00') },
      [
        ['incident.notice', 'open', at('2026-05-13T09:00'), false],
        ['incident.result', 'open', at('2026-05-15T09:00'), false],
      ],
      [
        ['incident.noticed', {}, ['incident.result']],
        ['incident.reported', {}, []],
        ['incident.asked', { of: 'notice' }, ['incident.notice-addition']],
        ['incident.asked', { of: 'result' }, ['incident.result-addition', 'incident.notice-addition']],
        ['incident.completed', {}, ['incident.result-addition']],
        ['incident.result-completed', {}, []],
      ],
    ),
  );

  it(
    'advertising is stopped at once',
    lives(
      { fact: 'marketing.refused', at: at('2026-05-12T09:00') },
      [['marketing.stop', 'open', '2026-05-12', false]],
      [['marketing.stopped', {}, []]],
    ),
  );

  it('the person of an authority’s inquiry has two working days, and the inquiry names the person', async () => {
    expect((await tell({ fact: 'authority.asked' })).body.errors[0].field).to.equal('person');
    const inquiry = await begun({ fact: 'authority.asked', at: at('2026-05-12T09:00'), person: vera.subject });
    expect([inquiry.subject, owed(inquiry)]).to.deep.equal([
      ...[vera.subject, [['authority-data.user', 'open', '2026-05-14', false]]],
    ]);
    expectStatus(await follow(inquiry, { fact: 'authority.answered' }), 201);
  });

  it('shows from which day a step may be taken', async () => {
    const works = await begun({ fact: 'works.announced', at: at('2026-05-12T09:00') });
    expect(works.may.map((one: Shown) => [one.duty, one.mayFrom])).to.deep.equal([['works.start', '2026-05-27']]);
    const claim = await begun({ fact: 'claim.sent', at: at('2026-05-12T09:00') });
    expect(claim.may.map((one: Shown) => one.duty)).to.deep.equal(['claim.court']);
    const force = await begun({ fact: 'force-majeure.started', at: at('2026-05-12T09:10') });
    const refused = expectStatus(await follow(force, { fact: 'force-majeure.refused' }), 201);
    expect(refused.may.map((one: Shown) => one.duty)).to.deep.equal(['force-majeure.effective']);
  });

  it('extends the answer to the regulator once, by a motivated notice', async () => {
    const asked = await begun({ fact: 'regulator.asked', at: at('2026-05-12T09:20') });
    const order = { duty: 'regulator.answer', reason: 'Сведения запрошены у подрядчика' };
    const longer = expectStatus(await crew.dpo.send('POST', `/api/v1/events/${asked.path}/extend`, order), 200);
    expect(longer.duties[0].dueOn).to.equal('2026-06-02');
    expect((await crew.dpo.send('POST', `/api/v1/events/${asked.path}/extend`, order)).status).to.equal(409);
  });

  it('refuses what is wrong, and names the field', async () => {
    const wrong: [object, number, string | undefined][] = [
      [{ fact: 'incident.happened' }, 400, 'fact'],
      [{ fact: 'account.deleted' }, 400, 'fact'],
      [{ fact: 'incident.noticed' }, 400, 'about'],
      [{ fact: 'incident.detected', at: at('2027-01-01T00:00') }, 400, 'at'],
      [{ fact: 'incident.detected', at: at('2022-08-31T12:00') }, 400, 'at'],
      [{ fact: 'incident.detected', fields: { subjects: -1 } }, 400, 'subjects'],
      [{ fact: 'incident.detected', fields: { subjects: '12' } }, 400, 'subjects'],
      [{ fact: 'incident.detected', fields: { names: 'Иванов' } }, 400, 'names'],
      [{ fact: 'incident.detected', person: 'sub_nobody' }, 400, 'person'],
      [{ fact: 'claim.received', person: 'acc_nobody' }, 400, 'person'],
      [{ fact: 'claim.received', fields: { customer: 'anybody' } }, 400, 'customer'],
      [{ fact: 'purpose.reached', fields: { category: 'account.profile' } }, 400, 'category'],
      [{ fact: 'incident.detected', at: 'вчера' }, 400, 'at'],
      [{ fact: 'incident.detected', about: 'inc_1' }, 400, 'about'],
    ];
    for (const [body, status, field] of wrong) {
      const answer = await tell(body);
      expect([answer.status, answer.body.errors?.[0]?.field], JSON.stringify(body)).to.deep.equal([status, field]);
    }
    const event = await begun({ fact: 'unlawful.detected', at: at('2026-05-12T09:05') });
    const steps: [object, number][] = [
      [{ fact: 'unlawful.stopped', at: at('2026-05-12T09:00') }, 400],
      [{ fact: 'records.destroyed' }, 400],
      [{ fact: 'records.destroyed', fields: { act: 'Иванов Пётр' } }, 400],
      [{ fact: 'unlawful.stopped', contains: ['99'] }, 400],
      [{ fact: 'incident.noticed' }, 409],
    ];
    for (const [body, status] of steps)
      expect((await follow(event, body)).status, JSON.stringify(body)).to.equal(status);
    expect((await follow({ path: 'in-2026-9999' }, { fact: 'incident.noticed' })).status).to.equal(404);
    expect((await crew.dpo.get('/api/v1/events/req_nothing')).status).to.equal(404);
  });

  it('lets nobody else report, and nobody but the officer read', async () => {
    const told = { fact: 'incident.detected' };
    for (const who of [crew.auditor, crew.cashier, vera.browser]) {
      expect((await tell(told, who)).status).to.equal(403);
      expect((await who.get('/api/v1/events')).status).to.equal(403);
    }
  });
});

describe('a person who takes back the consent to advertising', function () {
  this.timeout(60_000);
  it('wants no more of it: the officer is told, and says when it has stopped', async () => {
    const test = await startApp({ at: '2026-05-12T10:00', operator: 'chat2desk' });
    try {
      const crew = await aCrew(test.app);
      const { engine } = test.app;
      const story = engine.db.transaction.bind(engine.db);
      const person = { email: 'vera@example.org', password: 'пароль для проверки', name: 'Проверкина Вера' };
      const { subject } = await story((trx) => engine.accounts.registerUser(trx, person));
      await story((trx) =>
        engine.consents.give(trx, { subject, purpose: 'marketing', text: 'Согласна на рассылку', via: 'api' }),
      );
      const consent = await story((trx) => engine.consents.withdraw(trx, subject, 'marketing', { via: 'api' }));
      const [event] = expectStatus(await crew.dpo.get('/api/v1/events'), 200);
      expect([event.id, event.number, event.subject, owed(event)]).to.deep.equal([
        ...[consent?.id, null, subject, [['marketing.stop', 'open', '2026-05-12', false]]],
      ]);
      const stop = { fact: 'marketing.stopped' };
      const done = expectStatus(await crew.dpo.send('POST', `/api/v1/events/${event.path}/facts`, stop), 201);
      expect([done.open, done.facts.map(({ fact }: Shown) => fact)]).to.deep.equal([
        ...[false, ['marketing.refused', 'marketing.stopped']],
      ]);
    } finally {
      await test.close();
    }
  });
});
