import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import type { Store } from '../../core/datamap/index.ts';
import { type LetterOrder, letterImpersonal } from '../../core/letters/index.ts';
import type { Act } from '../../core/retention/index.ts';
import { day, type House, moscow, openHouse } from './house.ts';

const question: LetterOrder<'request.clarify'>['data'] = {
  ...{ number: 'ЗС-2026-0001', needed: ['Номер договора'], how: 'Ответьте на это письмо.' },
};
const code = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));

describe('erasing a person by a plan', () => {
  let house: House;

  beforeEach(async () => {
    house = await openHouse('2026-06-12T11:00');
  });
  afterEach(() => house.close());

  async function deletion(subject: string) {
    return house.story((trx) =>
      house.retention.plan(trx, subject, { cause: { kind: 'account-deleted', about: 'acc_ada' }, by: 'acc_ada' }),
    );
  }

  /** What an act says of who looked at the plan. */
  async function checkedIn(act?: Act): Promise<string> {
    const row = await house.db('core.destruction_acts').where({ id: act?.id }).first();
    return JSON.parse((await house.vault.open(row.sealed, row.id)).toString()).checked;
  }

  it('shows what goes and what stays, on which ground and until when, and what paid time is lost', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2026-06-10', 4);
    await house.paid(ada, '2026-05-06');
    house.lost.set(ada, { until: day('2026-08-31'), days: 80 });
    const preview = await house.retention.preview(ada);
    expect(preview.eraseBy.toString()).to.equal('2026-06-19');
    expect(preview.lostPaidTime?.days).to.equal(80);
    const shown = preview.items.map((item) => [item.store, item.outcome, item.count, item.until?.toString() ?? null]);
    expect(shown).to.deep.equal([
      ['shop.profiles', 'erase', 1, null],
      ['shop.payloads', 'retain', 4, '2026-12-10'],
      ['shop.metadata', 'retain', 4, '2029-06-10'],
      ['shop.invoices', 'retain', 1, '2031-12-31'],
    ]);
    expect(preview.items[1]?.because).to.match(/149-ФЗ/);
    expect(preview.items[3]?.because).to.match(/402-ФЗ/);
    expect(await house.retention.plans.list()).to.deep.equal([]);
  });

  it('is carried out when a second person has checked it', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2026-06-10', 2);
    const plan = await deletion(ada);
    expect(plan.state).to.equal('waiting');
    const done: string[] = [];
    house.retention.onPlanDone(
      async (_trx, finished, acts) => void done.push(finished.id, ...acts.map(({ id }) => id)),
    );
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_dpo'));
    await house.jobs.idle();
    const executed = await house.retention.plans.get(plan.id);
    expect(executed.state).to.equal('executed');
    expect(executed.unchecked).to.equal(false);
    expect(executed.checkedBy).to.equal('acc_dpo');
    expect(executed.job).to.be.a('string');
    expect(await house.db('shop.profiles')).to.deep.equal([]);
    expect(await house.db('shop.payloads')).to.have.length(2);
    const [act] = await house.retention.acts.list({ plan: plan.id });
    expect(act?.subject).to.equal(ada);
    expect(await checkedIn(act)).to.equal('План проверило второе лицо: сотрудник (учётная запись удалена).');
    expect(done).to.deep.equal([plan.id, act?.id]);
    expect(
      (await house.retention.ledger({ run: plan.id })).map(({ store, outcome }) => [store, outcome]),
    ).to.deep.equal([
      ['shop.metadata', 'retained'],
      ['shop.payloads', 'retained'],
      ['shop.profiles', 'erased'],
    ]);
  });

  it('takes the letters with the profile; the last one still arrives and is forgotten then', async () => {
    const { letters, retention, datamap } = house;
    datamap.register('letters', letters.stores as unknown as Record<string, Store>, letterImpersonal);
    const ada = await house.aPerson();
    const bob = await house.aPerson({ email: 'bob@example.ru', name: 'Боб' });
    const write = (order: Partial<LetterOrder<'request.clarify'>>) =>
      house.story((trx) =>
        letters.queue(trx, { template: 'request.clarify', to: { email: 'ada@example.ru' }, data: question, ...order }),
      );
    const send = () =>
      house.story(async (trx) => {
        const waiting = await letters.waiting(trx, 'email', 10);
        for (const { id } of waiting) await letters.sent(trx, id, { at: house.clock.now() });
        return waiting.length;
      });
    await write({ to: { email: 'ada@example.ru', subject: ada } });
    await write({ to: { email: 'bob@example.ru', subject: bob } });
    await send();
    await write({ to: { email: 'ada@example.ru', subject: ada } });
    house.at('2026-06-15T11:00');
    retention.onPlanDone(async (trx) => {
      await letters.queue(trx, {
        ...{ template: 'request.clarify', to: { email: 'ada@example.ru' }, data: question, forgetOnceSent: true },
      });
    });
    const plan = await deletion(ada);
    expect(plan.items.map(({ store, outcome, count }) => [store, outcome, count])).to.deep.equal([
      ['shop.profiles', 'erase', 1],
      ['letters.letters', 'erase', 2],
    ]);
    await house.story((trx) => retention.check(trx, plan.id, 'acc_dpo'));
    await house.jobs.idle();
    expect((await retention.plans.get(plan.id)).state).to.equal('executed');
    expect(await house.db('core.letters').where({ subject_id: ada })).to.deep.equal([]);
    expect(house.vault.names(`letter/2026-06/${ada}`)).to.deep.equal([]);
    expect(await house.db('core.letters').where({ subject_id: bob }).whereNotNull('body')).to.have.length(1);
    expect(await send()).to.equal(1);
    expect(await house.db('core.letters').whereNull('subject_id').pluck('body')).to.deep.equal([null]);
  });

  it('is proved by an act that names who looked, and what the act itself rests on', async () => {
    const ada = await house.aPerson();
    house.staff.set('acc_dpo', 'Вера Контрольная, юрист');
    const plan = await deletion(ada);
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_dpo'));
    await house.jobs.idle();
    const [act] = await house.retention.acts.list({ plan: plan.id });
    expect(await checkedIn(act)).to.equal('План проверило второе лицо: Вера Контрольная, юрист.');
    expect((await house.retention.acts.get(act?.id ?? '')).basis.replaceAll('\u00a0', ' ')).to.include('№ 179');
  });

  it('may not be checked by the one who asked for it', async () => {
    const ada = await house.aPerson();
    const plan = await deletion(ada);
    const refused = await house.story((trx) => house.retention.check(trx, plan.id, 'acc_ada')).catch(code);
    expect(refused).to.equal('plan.same-person');
  });

  it('is carried out on the last day although nobody has looked, and the act says so', async () => {
    const ada = await house.aPerson();
    const plan = await deletion(ada);
    expect(plan.eraseBy.toString()).to.equal('2026-06-19');
    await house.advanceTo('2026-06-18T23:59');
    expect((await house.retention.plans.get(plan.id)).state).to.equal('waiting');
    expect(await house.db('shop.profiles')).to.have.length(1);
    await house.advanceTo('2026-06-19T00:01');
    const executed = await house.retention.plans.get(plan.id);
    expect(executed.state).to.equal('executed');
    expect(executed.unchecked).to.equal(true);
    expect(executed.executedAt?.toString()).to.equal(moscow('2026-06-19T00:00').toString());
    expect(await house.db('shop.profiles')).to.deep.equal([]);
  });

  it('leaves the name and the address in no table of the database', async () => {
    const ada = await house.aPerson({ email: 'ada.unique@example.ru', name: 'Ада Неповторимая' });
    const plan = await deletion(ada);
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_dpo'));
    await house.jobs.idle();
    const { rows: tables } = await house.db.raw(
      `select table_schema || '.' || table_name as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    for (const { name } of tables) {
      const { rows } = await house.db.raw(
        `select count(*) as count from ${name} t where t::text ~ 'ada\\.unique|Неповторимая'`,
      );
      expect(rows[0].count, name).to.equal(0);
    }
  });

  it('repeats only the store that failed', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2025-06-01');
    const plan = await deletion(ada);
    house.at('2026-06-19T01:00');
    house.failing.set('profiles', 1);
    const failed = await house.retention.execute(plan.id, { jobId: 'first' }).catch((error: Error) => error);
    expect(failed).to.be.instanceOf(Error);
    const partly = await house.retention.plans.get(plan.id);
    expect(partly.state).to.equal('partly');
    expect(partly.items.map(({ store, receipt }) => [store, receipt?.outcome ?? null])).to.deep.equal([
      ['shop.profiles', 'failed'],
      ['shop.payloads', 'erased'],
      ['shop.metadata', null],
    ]);
    const executed = await house.retention.execute(plan.id, { jobId: 'second' });
    expect(executed.state).to.equal('executed');
    expect(await house.retention.acts.list()).to.have.length(1);
    const again = await house.retention.execute(plan.id, { jobId: 'third' });
    expect(again.act).to.equal(executed.act);
    expect(await house.retention.acts.list()).to.have.length(1);
  });

  it('counts what went before a crash by the list that was frozen before it', async () => {
    const ada = await house.aPerson();
    const plan = await deletion(ada);
    house.at('2026-06-19T01:00');
    house.failing.set('profiles!', 1);
    await house.retention.execute(plan.id, { jobId: 'first' }).catch(() => {});
    const executed = await house.retention.execute(plan.id, { jobId: 'second' });
    expect(executed.items[0]?.receipt).to.include({ outcome: 'erased', affected: 1 });
    expect((await house.retention.acts.get(executed.act ?? '')).records).to.equal(1);
  });

  it('leaves what is under a hold, and goes on by itself on the day after it', async () => {
    const ada = await house.aPerson();
    await house.story((trx) =>
      house.retention.holds.place(trx, {
        subject: ada,
        categories: ['account.profile'],
        because: 'Судебный спор',
        owner: 'acc_dpo',
        from: day('2026-06-01'),
        until: day('2026-07-31'),
      }),
    );
    const plan = await deletion(ada);
    await house.advanceTo('2026-06-20T12:00');
    const { items } = await house.retention.plans.get(plan.id);
    expect(items.map(({ store, outcome }) => [store, outcome])).to.deep.equal([
      ['shop.profiles', 'retain'],
      ['retention.holds', 'retain'],
    ]);
    expect(items[0]?.because).to.match(/запрет уничтожения/);
    expect(await house.db('shop.profiles')).to.have.length(1);
    await house.advanceTo('2026-08-01T12:00');
    expect(await house.db('shop.profiles')).to.deep.equal([]);
  });

  /** A hold from the first of June on. */
  const hold = (subject: string, categories: string[], until: string): Promise<string> =>
    house.story((trx) =>
      house.retention.holds.place(trx, {
        ...{ subject, categories, because: 'Судебный спор', owner: 'acc_dpo' },
        ...{ from: day('2026-06-01'), until: day(until) },
      }),
    );

  it('goes on the day after a hold that was released before its end, not on the day that was foreseen', async () => {
    const ada = await house.aPerson();
    const order = await hold(ada, ['account.profile'], '2026-12-31');
    await deletion(ada);
    await house.advanceTo('2026-06-20T12:00');
    expect((await house.retention.plans.list({ subject: ada, open: true }))[0]?.eraseBy.toString()).to.equal(
      '2027-01-01',
    );
    await house.advanceTo('2026-07-10T12:00');
    await house.story((trx) => house.retention.holds.release(trx, order, 'acc_dpo'));
    expect((await house.retention.plans.list({ subject: ada, open: true }))[0]?.eraseBy.toString()).to.equal(
      '2026-07-11',
    );
    expect(await house.db('shop.profiles')).to.have.length(1);
    await house.advanceTo('2026-07-11T00:30');
    expect(await house.db('shop.profiles')).to.deep.equal([]);
  });

  it('waits for the last of the holds on one record when another is released', async () => {
    const ada = await house.aPerson();
    const first = await hold(ada, ['account.profile'], '2026-12-31');
    await hold(ada, ['account'], '2026-09-30');
    await deletion(ada);
    await house.advanceTo('2026-06-20T12:00');
    await house.story((trx) => house.retention.holds.release(trx, first, 'acc_dpo'));
    await house.advanceTo('2026-09-30T23:30');
    expect(await house.db('shop.profiles')).to.have.length(1);
    await house.advanceTo('2026-10-01T12:00');
    expect(await house.db('shop.profiles')).to.deep.equal([]);
  });

  it('does not let one record wait for a longer hold on another', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2026-02-01');
    await hold(ada, ['account.profile'], '2026-07-31');
    await hold(ada, ['message.payload'], '2026-12-31');
    await deletion(ada);
    await house.advanceTo('2026-08-01T12:00');
    expect(await house.db('shop.profiles')).to.deep.equal([]);
  });

  it('sees a hold that is released while the plan it holds up is being carried out', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2025-12-10');
    const order = await hold(ada, ['message.payload'], '2026-12-31');
    const plan = await deletion(ada);
    house.at('2026-06-19T01:00');
    house.during.set('profiles', () => house.story((trx) => house.retention.holds.release(trx, order, 'acc_dpo')));
    await house.retention.execute(plan.id, { jobId: 'first' });
    const [next] = await house.retention.plans.list({ subject: ada, open: true });
    expect(next?.eraseBy.toString()).to.equal('2026-06-20');
    await house.advanceTo('2026-06-20T00:30');
    expect(await house.db('shop.payloads')).to.deep.equal([]);
  });

  it('lets the release of a hold wait for the end of the plan, and then brings forward what is left', async () => {
    const ada = await house.aPerson();
    await house.logged(ada, '2025-12-10');
    const order = await hold(ada, ['message.payload'], '2026-12-31');
    const plan = await deletion(ada);
    house.at('2026-06-19T01:00');
    let release: Promise<boolean> | null = null;
    house.retention.onPlanDone(async () => {
      let released = false;
      release ??= house
        .story((trx) => house.retention.holds.release(trx, order, 'acc_dpo'))
        .then(() => (released = true));
      while (!released && (await house.db('pg_locks').where({ granted: false })).length === 0);
    });
    await house.retention.execute(plan.id, { jobId: 'first' });
    await release;
    const [next] = await house.retention.plans.list({ subject: ada, open: true });
    expect(next?.eraseBy.toString()).to.equal('2026-06-20');
  });

  it('keeps an erased person erased: late events and imports are refused', async () => {
    const ada = await house.aPerson();
    const plan = await deletion(ada);
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_dpo'));
    await house.jobs.idle();
    const late = await house.story((trx) => house.datamap.subjects.alive(trx, ada)).catch(code);
    expect(late).to.equal('subject.erased');
    expect(await house.story((trx) => house.retention.tombstones.has(trx, 'acc_ada'))).to.equal(true);
    expect(await house.story((trx) => house.retention.tombstones.has(trx, 'acc_bob'))).to.equal(false);
    expect((await house.db('core.tombstones')).map(({ mark }) => mark)).to.not.include('acc_ada');
  });

  it('is signed once, by name and post', async () => {
    const ada = await house.aPerson();
    const plan = await deletion(ada);
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_dpo'));
    await house.jobs.idle();
    const [act] = await house.retention.acts.list({ unsigned: true });
    const draft = await house.letters.documents.pdf(act?.document ?? '');
    const signature = { by: 'acc_dpo', name: 'Орлов О. О.', post: 'Ответственный' };
    const signed = await house.story((trx) => house.retention.acts.sign(trx, act?.id ?? '', signature));
    expect(signed.signed?.name).to.equal('Орлов О. О.');
    expect((await house.letters.documents.pdf(act?.document ?? '')).equals(draft)).to.equal(false);
    const twice = await house.story((trx) => house.retention.acts.sign(trx, act?.id ?? '', signature)).catch(code);
    expect(twice).to.equal('act.signed-already');
    expect(await house.retention.acts.list({ unsigned: true })).to.deep.equal([]);
  });
});
