import { expect } from 'chai';
import { day, type House, moscow, openHouse } from './house.ts';

describe('a sweep of ended terms', () => {
  let house: House;
  let ada: string;
  let bob: string;

  before(async () => {
    house = await openHouse('2026-05-15T10:00');
    ada = await house.aPerson();
    bob = await house.aPerson({ email: 'bob@example.ru', name: 'Боб' });
    await house.logged(ada, '2026-05-15', 3);
    await house.logged(bob, '2026-05-15', 2);
    await house.paid(ada, '2026-05-06');
  });
  after(() => house.close());

  const count = async (table: string): Promise<number> =>
    (await house.db(table).count('* as count'))[0]?.count as number;

  it('knows the exact instant at which the first term ends', async () => {
    const next = await house.retention.next(house.db);
    expect(next?.toString()).to.equal(moscow('2026-11-16T00:00').toString());
  });

  it('destroys nothing while the term runs', async () => {
    house.at('2026-11-15T23:59');
    const { run } = await house.retention.sweep({ jobId: 'test' });
    expect(run).to.equal(null);
    expect(await count('shop.payloads')).to.equal(5);
  });

  it('does not touch the records of a person on hold, and comes back when the hold has ended', async () => {
    await house.story((trx) =>
      house.retention.holds.place(trx, {
        subject: bob,
        categories: ['message'],
        because: 'Запрос следствия № 7',
        owner: 'acc_dpo',
        from: day('2026-11-01'),
        until: day('2027-02-01'),
      }),
    );
    await house.advanceTo('2026-11-16T12:00');
    expect(await house.db('shop.payloads').pluck('subject_id')).to.deep.equal([bob, bob]);
    expect(await count('shop.metadata')).to.equal(5);
    expect((await house.retention.next(house.db))?.toString()).to.equal(moscow('2027-02-02T00:00').toString());
  });

  it('has shredded the keys of what went, and kept the others', () => {
    expect(house.vault.names('payload/')).to.deep.equal([`payload/2026-05-15/prj_${bob.slice(4)}`]);
  });

  it('proves it by a numbered act, which names projects and the period and no person', async () => {
    const [act] = await house.retention.acts.list();
    expect(act?.number).to.equal('АУ-2026-0001');
    expect(act?.records).to.equal(3);
    expect(act?.keys).to.equal(1);
    expect(act?.subject).to.equal(null);
    expect(act?.keepUntil?.toString()).to.equal('2029-11-16');
    expect(act?.basis.replaceAll('\u00a0', ' ')).to.include('№ 179');
    const pdf = await house.letters.documents.pdf(act?.document ?? '');
    expect(pdf.subarray(0, 5).toString()).to.equal('%PDF-');
    const ledger = await house.retention.ledger({ act: act?.id ?? '' });
    expect(ledger).to.have.length(1);
    expect(ledger[0]).to.include({ store: 'shop.payloads', outcome: 'erased', affected: 3, remaining: 2, keys: 1 });
    expect(house.facts.filter(({ name }) => name === 'data.destroyed')).to.have.length(1);
  });

  it('takes the held records on the day after the hold', async () => {
    await house.advanceTo('2027-02-02T12:00');
    expect(await count('shop.payloads')).to.equal(0);
    expect(await house.retention.acts.list()).to.have.length(2);
  });

  it('repeats a store that failed alone, under the same run, with one act in the end', async () => {
    house.at('2027-02-02T13:00');
    await house.logged(ada, '2026-06-01', 2);
    house.failing.set('payloads', 1);
    const failed = await house.retention.sweep({ jobId: 'first' }).catch((error: Error) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(await count('shop.payloads')).to.equal(2);
    const again = await house.retention.sweep({ jobId: 'second' });
    expect(again.acts).to.have.length(1);
    expect(await count('shop.payloads')).to.equal(0);
    expect(await house.retention.acts.list()).to.have.length(3);
    expect((await house.retention.sweep({ jobId: 'third' })).run).to.equal(null);
  });

  it('does not let one store that fails keep the others waiting', async () => {
    house.at('2027-02-02T14:00');
    await house.logged(ada, '2026-06-02', 1);
    house.failing.set('payloads', 2);
    await house.retention.sweep({ jobId: 'first' }).catch(() => {});
    await house.db('shop.invoices').insert({ id: 'inv_old', subject_id: ada, paid_on: '2019-03-01', payer: 'Ада' });
    await house.retention.sweep({ jobId: 'second' }).catch(() => {});
    expect(await house.db('shop.invoices').pluck('id')).to.not.include('inv_old');
    expect(await count('shop.payloads')).to.equal(1);
    await house.retention.sweep({ jobId: 'third' });
    expect(await count('shop.payloads')).to.equal(0);
  });

  it('proves what was destroyed before a crash by the list that was frozen before it', async () => {
    await house.logged(ada, '2026-06-03', 4);
    house.failing.set('payloads!', 1);
    await house.retention.sweep({ jobId: 'first' }).catch(() => {});
    expect(await count('shop.payloads')).to.equal(0);
    const { receipts, acts } = await house.retention.sweep({ jobId: 'second' });
    expect(receipts[0]?.receipt).to.include({ outcome: 'erased', affected: 4, remaining: 0 });
    expect((await house.retention.acts.get(acts[0] ?? '')).records).to.equal(4);
  });

  it('sees a hold that is being placed while it runs', async () => {
    await house.logged(bob, '2026-06-04', 2);
    let sweeping: Promise<unknown> = Promise.resolve();
    await house.story(async (trx) => {
      await house.retention.holds.place(trx, {
        subject: bob,
        categories: ['message.payload'],
        because: 'Иск',
        owner: 'acc_dpo',
        from: day('2027-02-01'),
        until: day('2027-02-28'),
      });
      sweeping = house.retention.sweep({ jobId: 'meanwhile' });
      await new Promise((done) => setTimeout(done, 200));
    });
    await sweeping;
    expect(await count('shop.payloads')).to.equal(2);
    await house.advanceTo('2027-03-01T00:01');
    expect(await count('shop.payloads')).to.equal(0);
  });

  it('lets the metadata go after three years and the payment documents after the fifth year', async function () {
    this.timeout(120_000);
    await house.advanceTo('2029-06-06T00:00');
    expect(await count('shop.metadata')).to.equal(0);
    expect(await count('shop.invoices')).to.equal(1);
    await house.advanceTo('2032-01-01T00:01');
    expect(await count('shop.invoices')).to.equal(0);
  });

  it('has let the evidence of the first act go three years after it, with its key', async () => {
    const acts = await house.retention.acts.list();
    expect(acts.map(({ number }) => number)).to.not.include('АУ-2026-0001');
    expect((await house.journal.verify()).ok).to.equal(true);
  });
});
