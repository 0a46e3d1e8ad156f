import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type House, moscow, openHouse } from './house.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));
const finding = 'certainty.ru.149-fz.message-facts';
/** Metadata of these days: their year had passed before the reform, it reached them by a doubtful rule, it was in force. */
const days = { before: '2024-12-30', reached: '2025-12-30', after: '2026-01-01' };

describe('a term that rests on a value of certainty D', function () {
  this.timeout(60_000);
  let folder: string;
  let house: House;
  let ada: string;
  let bob: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'srok-doubt-'));
    house = await openHouse('2028-12-29T10:00');
    ada = await house.aPerson();
    bob = await house.aPerson({ email: 'bob@example.ru', name: 'Боб' });
    for (const on of Object.values(days)) await house.logged(ada, on);
    await house.logged(bob, days.reached, 2);
  });
  after(async () => {
    await house.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The packs with what the operator has decided. */
  function settled(name: string, ...decisions: { finding: string; on: string }[]): string {
    const root = join(folder, name);
    cpSync(source, root, { recursive: true });
    const lines = decisions.map((one) =>
      JSON.stringify({ ...one, by: 'Е. С. Орлова', reason: 'Сверено с текстом акта.' }),
    );
    writeFileSync(join(root, 'operators/qsockets/settles.yaml'), lines.map((one) => `- ${one}\n`).join(''));
    return root;
  }

  const metadata = async (): Promise<string[]> =>
    (await house.db('shop.metadata').orderBy('processed_on').pluck('processed_on')).map(String);

  it('destroys nothing by it, and everything else in its time', async () => {
    await house.advanceTo('2029-01-05T12:00');
    expect(await metadata()).to.deep.equal([days.reached, days.reached, days.reached]);
    expect(await house.db('shop.payloads')).to.deep.equal([]);
  });

  it('does not keep waking for what waits', async () => {
    expect((await house.retention.sweep({ jobId: 'again' })).run).to.equal(null);
    const next = await house.retention.next(house.db);
    expect(next === null || next.epochMilliseconds > house.clock.now().epochMilliseconds).to.equal(true);
  });

  it('tells the officer what waits, and by which name to decide', async () => {
    const frozen = await house.retention.frozen();
    expect(frozen.map(({ store, records, from, to }) => [store, records, `${from}`, `${to}`])).to.deep.equal([
      ['shop.metadata', 3, days.reached, days.reached],
    ]);
    expect(frozen[0]?.because.replaceAll('\u00a0', ' ')).to.match(
      /^3 года: .*ст\. 10\.1 ч\. 3 .*149-ФЗ от 27\.07\.2006.*достоверность D.*до решения оператора \(settles\.yaml, certainty\.ru\.149-fz\.message-facts\)$/,
    );
    const [found] = house.law
      .lint(house.clock.now().toZonedDateTimeISO('UTC').toPlainDate())
      .filter(({ id }) => id === finding);
    expect(found?.settled).to.equal(false);
    expect(found?.apply).to.include('не уничтожаются, пока не принято решение');
  });

  it('stays at a person’s own will too, with the reason, while the promise takes the profile', async () => {
    const plan = await house.story((trx) =>
      house.retention.plan(trx, ada, { cause: { kind: 'account-deleted', about: 'acc_ada' }, by: 'acc_ada' }),
    );
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_dpo'));
    await house.advanceTo('2029-01-06T12:00');
    const done = await house.retention.plans.get(plan.id);
    expect(done.state).to.equal('executed');
    const shown = done.items.map((item) => [item.store, item.outcome, item.count, item.until ?? null]);
    expect(shown).to.deep.equal([
      ['shop.profiles', 'erase', 1, null],
      ['shop.metadata', 'retain', 1, null],
    ]);
    expect(done.items[1]?.because).to.include(`достоверность D`).and.to.include(`settles.yaml, ${finding}`);
    expect(await metadata()).to.have.length(3);
  });

  it('is not settled by a decision about something else, by two decisions, or before the day of the decision', async () => {
    house = await house.reopen(settled('other', { finding: `${finding}.personal`, on: '2029-01-05' }));
    await house.advanceTo('2029-01-07T12:00');
    expect(await metadata()).to.have.length(3);
    house = await house.reopen(settled('two', { finding, on: '2029-01-05' }, { finding, on: '2029-01-06' }));
    await house.advanceTo('2029-01-08T12:00');
    expect(await metadata()).to.have.length(3);
    house = await house.reopen(settled('ahead', { finding, on: '2029-01-20' }));
    expect((await house.retention.next(house.db))?.toString()).to.equal(moscow('2029-01-20T00:00').toString());
    await house.advanceTo('2029-01-19T12:00');
    expect(await metadata()).to.have.length(3);
  });

  it('goes on by itself once the operator has decided, and the act names the decision', async () => {
    house = await house.reopen(settled('decided', { finding, on: '2029-01-15' }));
    expect(await house.retention.frozen()).to.deep.equal([]);
    await house.advanceTo('2029-01-19T13:00');
    expect(await metadata()).to.deep.equal([]);
    const [act] = await house.retention.acts.list();
    expect(act?.records).to.equal(3);
    const row = await house.db('core.destruction_acts').where({ id: act?.id }).first();
    const content = JSON.parse((await house.vault.open(row.sealed, row.id)).toString());
    expect(JSON.stringify(content)).to.include(`по решению оператора от 15.01.2029 (${finding})`);
  });
});
