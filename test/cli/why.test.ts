import { expect } from 'chai';
import type { CreateApp } from '../../core/cli/index.ts';
import type { Why } from '../../core/cli/why.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';
import { aCrew, asksWhatIsHeld, aUser, type Crew, leaves, type Planted, publishEditions } from '../support/people.ts';
import { misfits, srok } from './run.ts';

describe('why something on an installation is as it is', () => {
  let test: TestApp;
  let crew: Crew;
  let vera: Planted;
  /** The command joins the installation that runs, and leaves it running. */
  const createApp: CreateApp = async () => ({ ...test.app, close: async () => {} });

  const idOf = (prefix: string): string => vera.ids.find((id) => id.startsWith(prefix)) as string;
  async function why(id: string): Promise<Why> {
    const said = await srok(['why', id, '--home', test.home, '--json'], { createApp });
    expect(said.code, said.out).to.equal(0);
    const answer = said.json() as Why;
    expect(misfits('why', answer)).to.deep.equal([]);
    for (const word of [...vera.words, ...vera.secrets]) expect(said.out).to.not.contain(word);
    return answer;
  }

  before(async () => {
    test = await startApp({ at: '2026-05-12T12:00' });
    await publishEditions(test.app);
    crew = await aCrew(test.app);
    vera = await aUser(test, crew, 'vera', 'Верина Вера Васильевна');
    await asksWhatIsHeld(test, crew, vera);
  });
  after(() => test.close());

  it('names of a duty the fact that opened it, the rule, and what ended it', async () => {
    const [row] = await test.app.obligations.list({ duty: 'access.answer' });
    const { kind, state, facts, obligations, next } = await why(row?.id as string);
    expect([kind, state]).to.deep.equal(['obligation', 'discharged']);
    expect(facts.map(({ fact }) => fact)).to.deep.equal(['request.received']);
    expect(obligations[0]?.openedBy).to.equal(facts[0]?.id);
    expect(obligations[0]?.because?.winner.rule).to.equal('ru.152-fz.access.answer');
    expect(String(obligations[0]?.dueOn)).to.equal('2026-05-26');
    expect(obligations[0]?.discharges.map(({ fact }) => fact)).to.include('request.answered');
    expect(obligations[0]?.today.same).to.equal(true);
    expect(next).to.deep.equal([]);
  });

  it('shows of a request its facts in order and the end of its case file, also by its printed number', async () => {
    const answer = await why(idOf('req_'));
    expect(await why(vera.ids.find((id) => id.startsWith('ЗС-')) as string)).to.deep.equal(answer);
    const { state, facts, obligations, records, next } = answer;
    expect(state).to.equal('closed');
    expect(facts[0]?.fact).to.equal('request.received');
    expect(facts.at(-1)?.fact).to.equal('request.closed');
    expect(obligations.map(({ duty }) => duty)).to.deep.equal(['access.answer']);
    expect(records.map(({ category, keep }) => [category, String(keep?.keepUntil)])).to.deep.equal([
      ['request.case-file', '2029-05-12'],
    ]);
    expect(next.map(({ on }) => String(on))).to.deep.equal(['2029-05-13', '2029-06-11']);
  });

  it('says of a message until when its contents and its metadata stay, and by which rule', async () => {
    const { kind, records, next } = await why(idOf('msg_'));
    expect(kind).to.equal('record');
    const terms = records.map(({ category, keep }) => [category, String(keep?.keepUntil), String(keep?.destroyBy)]);
    expect(terms).to.deep.equal([
      ['message.payload', '2026-11-12', '2026-12-12'],
      ['message.metadata', '2029-05-12', '2029-06-11'],
    ]);
    expect(records[0]?.keep?.because.winner.rule).to.equal('ru.149-fz.message-content');
    expect(next).to.have.length(4);
  });

  it('counts a hold on a person in the terms of that person’s records', async () => {
    const days = { from: '2026-05-01', until: '2027-02-01' };
    const order = { subject: vera.subject, categories: ['message.payload'], because: 'Спор', ...days };
    const { body } = await crew.dpo.send('POST', '/api/v1/holds', order);
    const { records } = await why(idOf('msg_'));
    expect((await why(body.id)).next.map(({ on }) => String(on))).to.deep.equal(['2027-02-02']);
    expect(records.map(({ keep }) => String(keep?.destroyFrom))).to.deep.equal(['2027-02-02', '2029-05-13']);
    await crew.dpo.send('DELETE', `/api/v1/holds/${body.id}`);
  });

  it('says of an account its state and the next step, put off by what is paid', async () => {
    const { state, facts, records, next } = await why(vera.account);
    expect(state).to.equal('active');
    expect(facts[0]?.fact).to.equal('account.registered');
    expect(records.map(({ category, from }) => [category, from])).to.deep.equal([['account.profile', null]]);
    expect(String(next[0]?.on)).to.equal('2027-06-01');
    expect(next[0]?.because?.winner.rule).to.equal('qsockets.inactivity.notice.calendar');
  });

  it('shows what an erasure plan will do, and that it runs by itself', async () => {
    const plan = await leaves(vera);
    const { state, records, next } = await why(plan);
    expect(state).to.equal('waiting');
    expect(records.map(({ outcome }) => outcome)).to.include.members(['erase', 'retain']);
    expect(next.map(({ on }) => String(on))).to.deep.equal(['2026-05-19']);
    expect((await why(vera.account)).next.map(({ on }) => String(on))).to.include('2026-05-19');
    const person = await why(vera.subject);
    expect(person.obligations.map(({ duty }) => duty)).to.include('account-deleted.erase');
  });

  it('tells from an act what was destroyed and how long the act stays', async () => {
    await test.advance('2026-05-19T00:00');
    const [act] = await test.app.engine.retention.acts.list({});
    const { state, records } = await why(act?.id as string);
    expect(state).to.equal('unsigned');
    expect(records.map(({ outcome }) => outcome)).to.include('erased');
    const paper = records.find(({ category }) => category === 'destruction.evidence');
    expect(String(paper?.keep?.keepUntil)).to.equal('2029-05-19');
    expect(await why(act?.number as string)).to.deep.include({ id: act?.id, kind: 'act' });
  });

  it('says when today’s packs would answer otherwise', async () => {
    const { engine, obligations } = test.app;
    const at = moscow('2026-05-19T00:00');
    await engine.db.transaction((trx) => engine.report(trx, { name: 'incident.detected', about: 'inc_1', at }));
    const again: typeof obligations.again = (row) => ({
      ...obligations.again(row),
      late_from: moscow('2026-05-19T12:00'),
    });
    const said = await srok(['why', 'inc_1', '--home', test.home], {
      createApp: async () => ({ ...test.app, obligations: { ...obligations, again }, close: async () => {} }),
    });
    expect(said.code, said.err).to.equal(0);
    expect(said.out).to.contain('Уведомить Роскомнадзор об инциденте');
    expect(said.out).to.contain('по нынешним правилам — иначе: поздно с 19.05.2026 12:00 МСК');
  });

  it('knows an event that staff have reported by its number too, its duties and what may be done', async () => {
    const told = { fact: 'force-majeure.started', at: moscow('2026-05-12T09:00').toString() };
    const { body } = await crew.dpo.send('POST', '/api/v1/events', told);
    const answer = await why(body.id);
    expect(await why(body.number)).to.deep.equal(answer);
    expect([answer.kind, answer.state]).to.deep.equal(['event', 'open']);
    expect(answer.obligations.map(({ duty, dueOn }) => [duty, String(dueOn)])).to.deep.equal([
      ['force-majeure.notice', '2026-05-15'],
    ]);
    expect(answer.next.map(({ on, what }) => [String(on), what])).to.deep.equal([
      ['2026-06-12', 'можно: Отказаться от договора из-за непреодолимой силы'],
      ['2026-05-15', 'последний день: Уведомить о непреодолимой силе'],
    ]);
  });

  it('answers an id that nothing is known of with an error and exit code 2', async () => {
    for (const id of ['msg_00000000000000000000000000', 'obl_nothing', 'req_nothing', 'whatever', 'ЗС-2026-9999']) {
      const said = await srok(['why', id, '--home', test.home, '--json'], { createApp });
      expect(said.code).to.equal(2);
      const answer = said.json() as { error: { code: string; message: string } };
      expect(misfits('error', answer)).to.deep.equal([]);
      expect(answer.error.code).to.equal('why.unknown');
      expect(answer.error.message).to.contain(id);
    }
  });
});
