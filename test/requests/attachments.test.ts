import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import type { AttachmentFile, DataRequest } from '../../core/requests/index.ts';
import { type House, openHouse } from '../retention/house.ts';

const code = (error: unknown): string => (error instanceof Refusal ? error.code : String(error));

describe('what comes attached to a request', () => {
  let house: House;
  let ada: string;
  beforeEach(async () => {
    house = await openHouse('2026-05-15T10:00');
    ada = await house.aPerson();
  });
  afterEach(() => house.close());

  const passport: AttachmentFile = {
    name: 'паспорт Лавлейс.jpg',
    type: 'image/jpeg',
    bytes: Buffer.from('4510 123456'),
  };
  const bill: AttachmentFile = { name: 'квитанция.pdf', type: 'application/pdf', bytes: Buffer.from('оплачено') };

  const receive = (attachments: AttachmentFile[]): Promise<DataRequest> =>
    house.story((trx) =>
      house.requests.receive(trx, {
        ...{ channel: 'email', kind: 'access', receivedAt: house.clock.now() },
        from: { email: 'ada@example.ru', name: 'Ада Лавлейс' },
        attachments,
      }),
    );
  const identify = (id: string, method: string, identityDocuments?: string[]): Promise<DataRequest> =>
    house.story((trx) =>
      house.requests.identify(trx, id, {
        ...{ subject: ada, method, by: 'acc_dpo' },
        ...(identityDocuments ? { identityDocuments } : {}),
      }),
    );

  it('a document of identity is destroyed at the check, by an act, and the rest stays in the case', async () => {
    const { id } = await receive([passport, bill]);
    const [first, second] = await house.requests.attachments(id);
    expect(first).to.include({ type: 'image/jpeg', size: 11, provesIdentity: null });
    const opened = await house.requests.attachment(id, first?.id ?? '', 'acc_dpo');
    expect([opened.name, opened.bytes.toString('utf8')]).to.deep.equal(['паспорт Лавлейс.jpg', '4510 123456']);
    const sealed = (await house.db('core.request_attachments').where({ id: first?.id }).first()).sealed;

    await identify(id, 'document', [first?.id ?? '']);
    expect(house.facts.map(({ name }) => name)).to.include('identity.checked');
    await house.advanceTo('2026-05-15T10:05');
    const left = await house.requests.attachments(id);
    expect(left.map((one) => [one.id, one.provesIdentity])).to.deep.equal([[second?.id, false]]);
    expect(house.vault.openable(sealed)).to.equal(false);
    const kept = await house.requests.attachment(id, second?.id ?? '', 'acc_dpo');
    expect(kept.bytes.toString('utf8')).to.equal('оплачено');

    const acts = await house.retention.acts.list();
    expect(acts.map(({ records, plan }) => [records, plan])).to.deep.equal([[1, null]]);
    const ledger = await house.retention.ledger({ store: 'requests.identity' });
    expect(ledger.map(({ outcome, affected, keys }) => [outcome, affected, keys])).to.deep.equal([['erased', 1, 1]]);
    await house.journal.sealUp();
    expect(await house.journal.list({ action: 'request.attachment-opened', about: id })).to.have.length(2);
  });

  it('is never guessed: who checks by a document says which one it is', async () => {
    const { id } = await receive([passport, bill]);
    expect(await identify(id, 'document').catch(code)).to.equal('request.identity-documents');
    expect(await identify(id, 'known-email', ['att_nobody']).catch(code)).to.equal('request.attachment-unknown');
    const other = await receive([passport]);
    const [foreign] = await house.requests.attachments(other.id);
    expect(await identify(id, 'document', [foreign?.id ?? '']).catch(code)).to.equal('request.attachment-unknown');
    expect(await house.requests.attachment(id, foreign?.id ?? '', 'acc_dpo').catch(code)).to.equal(
      'request.attachment-unknown',
    );
    // Another way of checking takes nothing away.
    await identify(id, 'known-email');
    expect((await house.requests.attachments(id)).map(({ provesIdentity }) => provesIdentity)).to.deep.equal([
      false,
      false,
    ]);
  });

  it('goes with the case, also where nobody has looked', async () => {
    const { id } = await receive([passport]);
    const sealed = (await house.db('core.request_attachments').first()).sealed;
    const [ground] = house.requests.grounds();
    const refusal = { ground: ground?.code ?? '', reasoning: 'Чужие данные.', by: 'acc_dpo', cite: 'ст. 14' };
    await house.story((trx) => house.requests.refuse(trx, id, refusal));
    expect((await house.requests.attachments(id))[0]).to.include({ provesIdentity: false });
    await house.advanceTo('2029-06-20T10:00');
    expect(await house.db('core.request_attachments')).to.deep.equal([]);
    expect(house.vault.openable(sealed)).to.equal(false);
    expect(house.vault.names('case/')).to.deep.equal([]);
  });

  it('a copy of a document is asked for only where somebody says that there is no other way', async () => {
    const { id } = await receive([]);
    const clarify = (text: string, copy?: boolean) =>
      house.story((trx) => house.requests.clarify(trx, id, { text, by: 'acc_dpo', ...(copy ? { copy } : {}) }));
    for (const text of [
      'Пришлите скан паспорта',
      'Пришлите, пожалуйста, копию документа, удостоверяющего личность.',
      'Сфотографируйте водительское удостоверение: нужно фото удостоверения',
      'Паспорт: скан первой страницы',
      'Please send a scan of your passport',
    ]) {
      expect(await clarify(text).catch(code), text).to.equal('request.copy-asked');
    }
    await clarify('Номер договора или копия счёта');
    await clarify('Скан паспорта: первая страница', true);
    const bodies = [];
    for (const letter of await house.letters.list({ about: id, template: 'request.clarify' })) {
      bodies.push((await house.letters.open(letter.id)).text.replace(/\s+/g, ' '));
    }
    expect(bodies).to.have.length(2);
    expect(bodies.filter((text) => text.includes('Копию паспорта присылать не нужно'))).to.have.length(1);
    expect(bodies.filter((text) => text.includes('Сразу после проверки копия будет уничтожена'))).to.have.length(1);
  });
});
