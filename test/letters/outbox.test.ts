import { expect } from 'chai';
import type { Store } from '../../core/datamap/index.ts';
import type { LetterData, LetterOrder } from '../../core/letters/index.ts';
import { at, day, type House, openHouse } from './house.ts';

const limit: LetterData['limit.warning'] = {
  ...{ what: 'messages', project: 'Сборка', plan: 'Стартовый', used: 80, limit: 100, percent: 80 },
  ...{ url: '/my', clause: 'Оферта, п. 6.3' },
};
const ada = { subject: 'sub_ada', email: 'ada@example.org', name: 'Ада' };

describe('the outbox', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => house.close());

  const queue = (order: Partial<LetterOrder<'limit.warning'>> = {}): Promise<string> =>
    house.story((trx) =>
      house.letters.queue(trx, { template: 'limit.warning', to: ada, data: limit, about: 'prj_1', ...order }),
    );

  async function deliver(channel: 'email' | 'dashboard' | 'publication', messageId?: string): Promise<string> {
    return house.story(async (trx) => {
      const [delivery] = await house.letters.waiting(trx, channel, 1);
      if (!delivery) throw new Error('nothing waits');
      await house.letters.sent(trx, delivery.id, { at: house.clock.now(), ...(messageId ? { messageId } : {}) });
      return delivery.id;
    });
  }

  it('keeps address and text sealed, and opens them for the transport', async () => {
    const id = await queue();
    const row = await house.db('core.letters').where({ id }).first();
    expect(JSON.stringify(row)).not.to.match(/ada@|Ада|Сборка/);
    expect(row.body.includes(Buffer.from('ada@example.org'))).to.equal(false);
    const letter = await house.letters.open(id);
    expect(letter.to).to.deep.equal({ email: 'ada@example.org', name: 'Ада' });
    expect(letter.subject).to.equal('Проект «Сборка»: использовано 80\u00a0% лимита сообщений за сутки');
    expect(letter.html).to.include('href="https://srok.example/my"');
  });

  it('forgets a letter whose transaction was taken back', async () => {
    await house
      .story(async (trx) => {
        await house.letters.queue(trx, { template: 'limit.warning', to: ada, data: limit });
        throw new Error('no');
      })
      .catch(() => {});
    expect(await house.letters.nextWaiting(house.db)).to.equal(null);
  });

  it('counts an e-mail as received when it was sent, unless it comes back', async () => {
    const id = await queue();
    house.clock.moveTo(at('2026-05-12T09:05:00Z'));
    await deliver('email', '<dlv_1@example.org>');
    const [sent] = await house.letters.list({ about: 'prj_1' });
    expect(sent?.deliveries[0]).to.include({ state: 'received', attempts: 1 });
    expect(sent?.deliveries[0]?.receivedAt?.toString()).to.equal('2026-05-12T09:05:00Z');
    house.clock.moveTo(at('2026-05-12T09:10:00Z'));
    const settled = await house.story((trx) =>
      house.letters.bounced(trx, { messageId: '<dlv_1@example.org>' }, { at: house.clock.now(), code: '5.1.1' }),
    );
    expect(settled).to.include({ letter: id, channel: 'email', subject: 'sub_ada', receivedAt: null });
    const [bounced] = await house.letters.list({ subject: 'sub_ada' });
    expect(bounced?.deliveries[0]).to.include({ state: 'bounced', receivedAt: null, code: '5.1.1' });
    const again = await house.story((trx) =>
      house.letters.bounced(trx, { messageId: '<dlv_1@example.org>' }, { at: house.clock.now(), code: '5.1.1' }),
    );
    expect(again).to.equal(null);
  });

  it('places a notice on the dashboard of its person only, to be marked as read', async () => {
    const id = await queue({ channels: ['email', 'dashboard'] });
    expect(await house.letters.notices('sub_ada')).to.deep.equal([]);
    await deliver('dashboard');
    const [notice] = await house.letters.notices('sub_ada');
    expect(notice).to.include({ id, readAt: null });
    expect(notice?.text).not.to.include('Здравствуйте');
    expect(await house.letters.notices('sub_eve')).to.deep.equal([]);
    await house.story((trx) => house.letters.markRead(trx, id, 'sub_eve'));
    expect(await house.letters.notices('sub_ada', { unread: true })).to.have.length(1);
    await house.story((trx) => house.letters.markRead(trx, id, 'sub_ada'));
    expect(await house.letters.notices('sub_ada', { unread: true })).to.deep.equal([]);
  });

  it('publishes only what is addressed to no one', async () => {
    const refused = await queue({ channels: ['email', 'publication'] }).catch((error) => error.code);
    expect(refused).to.equal('letter.addressed-publication');
    await house.story((trx) =>
      house.letters.queue(trx, {
        template: 'document.changed',
        to: {},
        channels: ['publication'],
        data: {
          ...{ title: 'Публичная оферта', published: day('2026-06-01'), effective: day('2026-06-16') },
          ...{ url: '/documents/offer', sha256: 'ab', how: 'Иначе договор прекращается.', clause: 'Оферта, п. 9.2' },
        },
      }),
    );
    await deliver('publication');
    const [published] = await house.letters.publications();
    expect(published?.subject).to.include('16.06.2026 вступает в силу');
  });

  it('refuses a letter without the address its channel needs', async () => {
    const codeOf = (order: Partial<LetterOrder<'limit.warning'>>) => queue(order).catch((error) => error.code);
    expect(await codeOf({ to: { subject: 'sub_ada' } })).to.equal('letter.no-address');
    expect(await codeOf({ to: { email: 'a@example.org' }, channels: ['dashboard'] })).to.equal('letter.no-address');
    expect(await codeOf({ data: { ...limit, percent: 1.5 } })).to.equal('letter.data');
  });

  it('tries again later what was not taken, and gives up in the end', async () => {
    await queue();
    let bounced: unknown = null;
    let tries = 0;
    while (!bounced && tries < 50) {
      const next = await house.letters.nextWaiting(house.db);
      if (!next) break;
      if (tries > 0) {
        house.clock.moveTo(next.subtract({ seconds: 1 }));
        expect(await house.story((trx) => house.letters.waiting(trx, 'email', 5))).to.deep.equal([]);
      }
      house.clock.moveTo(next);
      tries++;
      bounced = await house.story(async (trx) => {
        const [delivery] = await house.letters.waiting(trx, 'email', 5);
        return (await house.letters.failed(trx, delivery?.id ?? '', { at: next, code: '451' })).bounced;
      });
    }
    expect(bounced).to.include({ channel: 'email' });
    expect(tries).to.equal(12);
    expect(await house.letters.nextWaiting(house.db)).to.equal(null);
  });

  it('cancels what has not gone yet', async () => {
    await queue({ channels: ['email', 'dashboard'] });
    await queue({ about: 'prj_2' });
    await deliver('dashboard');
    expect(await house.story((trx) => house.letters.cancel(trx, { about: 'prj_1' }))).to.equal(1);
    const [other] = await house.story((trx) => house.letters.waiting(trx, 'email', 5));
    expect((await house.letters.list({ about: 'prj_2' }))[0]?.deliveries[0]?.id).to.equal(other?.id);
    expect(await house.story((trx) => house.letters.cancel(trx, {}))).to.equal(0);
  });

  it('wipes the last letter to an erased person as soon as it has gone', async () => {
    const id = await queue({ forgetOnceSent: true });
    expect((await house.letters.open(id)).to.email).to.equal('ada@example.org');
    await deliver('email', '<dlv_2@example.org>');
    const refused = await house.letters.open(id).catch((error) => error.code);
    expect(refused).to.equal('letter.erased');
    expect(await house.letters.list({ subject: 'sub_ada' })).to.deep.equal([]);
  });
});

describe('the stores of letters and documents', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => house.close());

  const context = (trx: Parameters<Parameters<House['story']>[0]>[0], runId: string) => ({
    trx,
    vault: house.vault,
    runId,
  });

  async function sentTo(subject: string): Promise<string> {
    return house.story(async (trx) => {
      const to = { subject, email: `${subject}@example.org` };
      const id = await house.letters.queue(trx, { template: 'limit.warning', to, data: limit });
      for (const delivery of await house.letters.waiting(trx, 'email', 10)) {
        await house.letters.sent(trx, delivery.id, { at: house.clock.now() });
      }
      return id;
    });
  }

  it('a letter has no term while it waits; the day it went is where the term begins', async () => {
    const store = house.letters.stores.letters;
    if (!store) throw new Error('no store');
    await house.story((trx) => house.letters.queue(trx, { template: 'limit.warning', to: ada, data: limit }));
    expect(await house.story((trx) => store.anchors(trx))).to.deep.equal([{ day: null, count: 1 }]);
    await sentTo('sub_eve');
    const anchors = await house.story((trx) => store.anchors(trx, 'sub_eve'));
    expect(anchors.map(({ day: d, count }) => [String(d), count])).to.deep.equal([['2026-05-12', 1]]);
  });

  it('erasing one person shreds that person’s keys and leaves the other’s letters readable; twice is once', async () => {
    const store = house.letters.stores.letters;
    if (!store) throw new Error('no store');
    const mine = await sentTo('sub_ada');
    const other = await sentTo('sub_eve');
    const rows = await house.story((trx) => store.collect('sub_ada', context(trx, 'x')));
    expect(rows.rows.map(({ to }) => to)).to.deep.equal(['sub_ada@example.org']);
    const sealed = (await house.db('core.letters').where({ id: mine }).first()).body;
    const erase = () =>
      house.story((trx) => store.erase({ why: 'request', subject: 'sub_ada', anchored: 'all' }, context(trx, 'pln_1')));
    expect(await erase()).to.include({ outcome: 'erased', affected: 1, remaining: 0, keys: 1 });
    expect(await erase()).to.include({ outcome: 'not_found', affected: 0, remaining: 0, keys: 0 });
    expect(house.vault.openable(sealed)).to.equal(false);
    expect((await house.letters.open(other)).to.email).to.equal('sub_eve@example.org');
  });

  it('letters about a case become the person’s once the person is known, and go with the others', async () => {
    const write = (about: string, forgetOnceSent = false) =>
      house.story((trx) =>
        house.letters.queue(trx, {
          ...{ template: 'limit.warning', to: { email: 'ada@example.org' }, data: limit, about, forgetOnceSent },
        }),
      );
    await write('req_1');
    await write('req_2');
    await write('req_1', true);
    expect(await house.story((trx) => house.letters.adopt(trx, 'req_1', 'sub_ada'))).to.equal(1);
    expect(await house.story((trx) => house.letters.adopt(trx, 'req_1', 'sub_ada'))).to.equal(0);
    const store = house.letters.stores.letters;
    const receipt = await house.story(async (trx) =>
      store?.erase({ why: 'request', subject: 'sub_ada', anchored: 'all' }, context(trx, 'pln_1')),
    );
    expect(receipt).to.include({ outcome: 'erased', affected: 1, keys: 1 });
    expect(await house.db('core.letters').whereNull('subject_id')).to.have.length(2);
    expect(house.vault.names('letter/2026-05/').sort()).to.deep.equal(['letter/2026-05/none', 'letter/2026-05/req_2']);
  });

  it('expiry takes the days that may go, and leaves held people alone', async () => {
    const store = house.letters.stores.letters;
    if (!store) throw new Error('no store');
    await sentTo('sub_ada');
    const held = await sentTo('sub_eve');
    house.clock.moveTo(at('2026-05-13T09:00:00Z'));
    const later = await sentTo('sub_ada');
    const receipt = await house.story((trx) =>
      store.erase(
        { why: 'expiry', anchored: [{ from: day('2026-05-12'), before: day('2026-05-13') }], held: ['sub_eve'] },
        context(trx, 'swp_1'),
      ),
    );
    // The key of the month still seals the later letter, so it stays.
    expect(receipt).to.include({ affected: 1, remaining: 1, keys: 0 });
    expect([String(receipt.from), String(receipt.to)]).to.deep.equal(['2026-05-12', '2026-05-12']);
    const left = await house.db('core.letters').orderBy('id').select('id');
    expect(left.map(({ id }) => id)).to.deep.equal([held, later]);
  });

  it('a letter and its notice on the dashboard go by terms of their own; what is left of neither goes whole', async () => {
    const { letters, notices } = house.letters.stores;
    if (!letters || !notices) throw new Error('no store');
    const both = { template: 'limit.warning', to: ada, data: limit, channels: ['email', 'dashboard'] } as const;
    const id = await house.story((trx) => house.letters.queue(trx, { ...both, channels: [...both.channels] }));
    const alone = await house.story((trx) => house.letters.queue(trx, { ...both, channels: ['dashboard'] }));
    for (const channel of both.channels) {
      await house.story(async (trx) => {
        for (const delivery of await house.letters.waiting(trx, channel, 10)) {
          await house.letters.sent(trx, delivery.id, { at: house.clock.now() });
        }
      });
    }
    const subject = ada.subject as string;
    const count = async (store: typeof letters) =>
      (await house.story((trx) => store.anchors(trx, subject))).map(({ day: on, count }) => [String(on), count]);
    expect(await count(letters)).to.deep.equal([['2026-05-12', 1]]);
    expect(await count(notices)).to.deep.equal([['2026-05-12', 2]]);
    const shown = await house.story((trx) => notices.collect(subject, context(trx, 'x')));
    expect(shown.rows.map((row) => [row.id, row.placed_at !== null, row.read_at])).to.deep.equal([
      [id, true, null],
      [alone, true, null],
    ]);
    const expire = (store: typeof letters, run: string) =>
      house.story((trx) =>
        store.erase(
          { why: 'expiry', anchored: [{ from: day('2026-05-12'), before: day('2026-05-13') }], held: [] },
          context(trx, run),
        ),
      );
    expect(await expire(letters, 'swp_1')).to.include({ affected: 1, remaining: 0, keys: 0 });
    expect(await count(letters)).to.deep.equal([]);
    expect((await house.letters.notices(subject)).map((notice) => notice.id)).to.have.members([id, alone]);
    expect(await expire(notices, 'swp_2')).to.include({ affected: 2, remaining: 0, keys: 1 });
    expect(await house.letters.notices(subject)).to.deep.equal([]);
    expect(await house.db('core.letters')).to.deep.equal([]);

    // The other way round: the shorter term of the notice takes it off the dashboard, the letter stays.
    const again = await house.story((trx) => house.letters.queue(trx, { ...both, channels: [...both.channels] }));
    expect(await house.story(async (trx) => (await notices.locate?.(trx, again)) ?? null)).to.deep.equal({
      from: null,
      subject,
    });
    const erase = { why: 'request', subject, anchored: 'all' } as const;
    expect(await house.story((trx) => notices.erase(erase, context(trx, 'pln_1')))).to.include({
      affected: 1,
      keys: 0,
    });
    expect(await house.story(async (trx) => (await notices.locate?.(trx, again)) ?? null)).to.equal(null);
    expect((await house.letters.open(again)).text).to.be.a('string');
    expect(await house.story((trx) => letters.erase(erase, context(trx, 'pln_1')))).to.include({
      affected: 1,
      keys: 1,
    });
    expect(await house.db('core.letters')).to.deep.equal([]);
  });

  it('say what each column holds, so that the map is whole', async () => {
    // The data map is a room to the right: that the shapes agree is checked here, by the compiler.
    const stores: Record<string, Store> = house.letters.stores;
    const declared = new Set(Object.values(stores).flatMap(({ columns }) => Object.keys(columns)));
    const tables = new Set(Object.values(house.letters.stores).flatMap(({ tables }) => tables));
    expect([...tables].sort()).to.deep.equal(['core.deliveries', 'core.documents', 'core.letters']);
    const { rows } = await house.db.raw(`
      select table_schema || '.' || table_name || '.' || column_name as name from information_schema.columns
      where table_schema = 'core' and table_name in ('letters', 'deliveries', 'documents')
        and data_type in ('text', 'bytea', 'ARRAY', 'jsonb') and column_name <> 'id' and column_name not like '%\\_id'`);
    expect(rows.map(({ name }: { name: string }) => name).filter((name: string) => !declared.has(name))).to.deep.equal(
      [],
    );
    for (const { schedule } of Object.values(house.letters.stores)) house.law.category(schedule);
  });
});
