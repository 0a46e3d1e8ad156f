import { expect } from 'chai';
import { startApp, type TestApp } from '../support/app.ts';
import { aCrew, aUser, type Crew, expectStatus, type Planted, publishEditions } from '../support/people.ts';

describe('what leaves the log by the screen of a specialist', function () {
  this.timeout(60_000);
  let test: TestApp;
  let crew: Crew;
  let anna: Planted;
  let grant: string;

  before(async () => {
    test = await startApp({ at: '2026-05-12T14:30' });
    await publishEditions(test.app);
    crew = await aCrew(test.app);
    anna = await aUser(test, crew, 'anna', 'Антонова Анна Игоревна');
    const [kim] = crew.specialists;
    const project = anna.ids.find((id) => id.startsWith('prj_'));
    const scope = { project, from: '2026-05-12', before: '2026-05-13', payload: true };
    const purpose = test.app.engine.law.operator.logAccess?.purposes[0]?.id;
    const order = { purpose, need: 'Служебная записка № 12', scope };
    grant = expectStatus(await kim.browser.send('POST', '/api/v1/log-access', order), 201).id;
    expectStatus(await crew.dpo.send('POST', `/api/v1/log-access/${grant}/grant`), 200);
  });
  after(() => test?.close());

  it('is a table for spreadsheets with a line for each message, no address and no content', async () => {
    const [kim, lavrova] = crew.specialists;
    const answer = await kim.browser.send('POST', `/logs/${grant}/export`);
    expect(answer.status).to.equal(200);
    const [heads, ...lines] = answer.bytes.toString('utf8').replace('\ufeff', '').trimEnd().split('\r\n');
    expect(heads).to.match(/^Сообщение;Канал;Номер;.*;Отправитель \(псевдоним дня\)$/);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^msg_\w+;.*;2026-05-12;.*;[\w-]{16}$/);
    expect(answer.bytes.toString('utf8')).to.not.match(/127\.\d+\.\d+\.\d+/);
    for (const word of [anna.name, anna.email]) expect(answer.bytes.includes(word), word).to.equal(false);
    expect((await lavrova.browser.send('POST', `/logs/${grant}/export`)).status).to.equal(404);
    expect((await crew.dpo.send('POST', `/logs/${grant}/export`)).status).to.equal(403);
  });

  it('comes page by page to programs, which may not ask without the right either', async () => {
    const [kim, lavrova] = crew.specialists;
    const path = `/api/v1/log-access/${grant}/exports`;
    const { rows, next } = expectStatus(await kim.browser.send('POST', path, { limit: 1 }), 200);
    expect(next).to.equal(rows[0].message);
    expect(rows[0]).to.have.all.keys(
      ...['message', 'channel', 'offset', 'processedOn', 'receivedAt', 'storedAt', 'bytes', 'type', 'door', 'sender'],
    );
    const rest = expectStatus(await kim.browser.send('POST', path, { after: next }), 200);
    expect(rest).to.deep.equal({ rows: [], next: null });
    expect((await lavrova.browser.send('POST', path, {})).status).to.equal(404);
    expect((await kim.browser.send('POST', path, { limit: 1001 })).status).to.equal(400);
  });
});
