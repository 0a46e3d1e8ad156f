import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { createPerson, type Person } from '../../core/cli/demo/client.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';

describe('documents by their id', () => {
  let house: TestApp;
  let admin: string;
  before(async () => {
    house = await startApp();
    const link = new URL((await house.app.setupLink()) as string).pathname.split('/').at(-1) as string;
    const chief = { email: 'chief@example.org', name: 'Первый Пётр', password: 'chief of the house' };
    admin = (await house.app.engine.accounts.staff.setPassword(link, chief)).account;
  });
  after(() => house.close());

  async function staff(role: string): Promise<Person> {
    const { db, accounts } = house.app.engine;
    const email = `${role}@example.org`;
    const password = `password of ${role}`;
    const order = { email, name: `Проверкина ${role}`, roles: [role], by: admin };
    const { token } = await db.transaction((trx) => accounts.staff.invite(trx, order));
    await accounts.staff.setPassword(token, { password });
    const browser = createPerson(house.app.url);
    browser.useCsrf((await browser.send('POST', '/api/v1/session', { email, password })).body.csrf);
    return browser;
  }

  it('about a person are shown to those who handle requests, as they are, with a trace; to auditors they do not exist', async () => {
    const { db, letters, journal } = house.app.engine;
    const bytes = Buffer.from('PK: what is held about a person');
    const file = { about: 'req_1', name: 'answer.zip', type: 'application/zip', bytes };
    const { id } = await db.transaction((trx) => letters.documents.attachment(trx, file));
    const looks = () => journal.list({ action: 'document.opened', about: id });

    const auditor = await staff('auditor');
    expect((await auditor.get(`/api/v1/documents/${id}`)).status).to.equal(404);
    for (const role of ['specialist', 'billing', 'admin']) {
      const browser = role === 'admin' ? await signedIn('chief@example.org', 'chief of the house') : await staff(role);
      expect((await browser.get(`/api/v1/documents/${id}`)).status, role).to.equal(403);
    }
    expect(await looks()).to.have.length(0);

    const officer = await staff('dpo');
    const answer = await officer.get(`/api/v1/documents/${id}`);
    expect(answer.status).to.equal(200);
    expect(answer.bytes.equals(bytes)).to.equal(true);
    expect(await looks()).to.have.length(1);
  });

  it('of the operator are found by the link in the notice of their new edition', async () => {
    const { db, consents, jobs, letters } = house.app.engine;
    const day = (text: string) => Temporal.PlainDate.from(text);
    const publish = (published: string, effective: string) =>
      db.transaction((trx) =>
        consents.editions.add(trx, {
          ...{ document: 'offer', bytes: Buffer.from(`Оферта от ${published}`), mime: 'text/plain; charset=utf-8' },
          ...{ published: day(published), effective: day(effective) },
        }),
      );
    await publish('2026-04-30', '2026-04-30');
    house.clock.moveTo(moscow('2026-06-01T10:00'));
    const { id } = await publish('2026-06-01', '2026-06-16');
    await jobs.idle();
    const [notice] = await letters.list({ template: 'document.changed' });
    const { text } = await letters.open(notice?.id ?? '');
    const link = text.match(/http:\/\/\S+\/documents\/\S+/)?.[0] ?? '';
    expect(link).to.equal(`${house.app.url}/documents/${id}`);
    const answer = await fetch(link);
    expect(answer.status).to.equal(200);
    expect(await answer.text()).to.contain('Оферта от 2026-06-01');
  });

  async function signedIn(email: string, password: string): Promise<Person> {
    const browser = createPerson(house.app.url);
    await browser.send('POST', '/api/v1/session', { email, password });
    return browser;
  }
});
