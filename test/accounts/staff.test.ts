import { expect } from 'chai';
import { type House, ip, openHouse, refusalOf } from './house.ts';

const admin = { email: 'admin@staff.example.org', name: 'Гарипова Алсу Маратовна', password: 'пароль администратора' };

describe('staff', () => {
  let house: House;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => house.close());

  async function firstAdministrator(): Promise<string> {
    const link = await house.accounts.staff.firstLink();
    return (await house.accounts.staff.setPassword(link?.token as string, admin)).account;
  }

  it('the first administrator comes by a one-time link, which works once and is not made again', async () => {
    const old = await house.accounts.staff.firstLink();
    const link = await house.accounts.staff.firstLink();
    const use = (token: string | undefined) => house.accounts.staff.setPassword(token as string, admin);
    expect(await refusalOf(use(old?.token))).to.equal('link.not-valid');
    expect((await house.accounts.staff.openLink(link?.token as string)).roles).to.deep.equal(['admin']);
    const { account } = await use(link?.token);
    expect(await refusalOf(use(link?.token))).to.equal('link.not-valid');
    expect(await house.accounts.staff.firstLink()).to.equal(null);
    expect(await house.accounts.setupLink()).to.equal(null);
    const answer = await house.accounts.signIn({ email: admin.email, password: admin.password, ip });
    expect(answer.step === 'done' && answer.actor).to.deep.include({ account, subject: null, roles: ['admin'] });
  });

  it('of two who use the first link at once, one becomes administrator', async () => {
    const link = await house.accounts.staff.firstLink();
    const use = (email: string) => house.accounts.staff.setPassword(link?.token as string, { ...admin, email });
    const answers = await Promise.all([refusalOf(use('one@example.org')), refusalOf(use('two@example.org'))]);
    expect(answers.filter((code) => code === null)).to.have.length(1);
    expect(answers).to.include('link.not-valid');
  });

  it('a refused password does not use the link up', async () => {
    const link = await house.accounts.staff.firstLink();
    const use = (password: string) => house.accounts.staff.setPassword(link?.token as string, { ...admin, password });
    expect(await refusalOf(use('мал'))).to.equal('account.password-too-short');
    expect(await refusalOf(use(admin.password))).to.equal(null);
  });

  it('a link whose time is over is like one that never was', async () => {
    const link = await house.accounts.staff.firstLink();
    house.at('2026-05-08T10:01');
    expect(await refusalOf(house.accounts.staff.openLink(link?.token as string))).to.equal('link.not-valid');
    expect(await refusalOf(house.accounts.staff.openLink('unknown'))).to.equal('link.not-valid');
  });

  it('others are invited by letter, with roles of the closed list, and enter with the password they set', async () => {
    const by = await firstAdministrator();
    const dpo = { email: 'dpo@staff.example.org', name: 'Соколова Анна Викторовна', roles: ['dpo'], by };
    const invitation = await house.story((trx) => house.accounts.staff.invite(trx, dpo));
    const letter = house.sent.at(-1);
    expect(letter?.template).to.equal('staff.invite');
    expect((letter as { data: { url?: string } }).data.url).to.contain(invitation.token);
    expect(JSON.stringify(await house.db('core.one_time_links'))).to.not.contain(invitation.token);
    expect(await house.accounts.actor(invitation.account)).to.equal(null);
    await house.accounts.staff.setPassword(invitation.token, { password: 'пароль ответственной' });
    expect(await house.accounts.actor(invitation.account)).to.deep.include({ roles: ['dpo'], subject: null });
    const list = await house.accounts.staff.list();
    expect(list.map(({ email, state }) => [email, state])).to.deep.equal([
      [admin.email, 'active'],
      [dpo.email, 'active'],
    ]);
    const wrong = house.story((trx) => house.accounts.staff.invite(trx, { ...dpo, email: 'x@y.ru', roles: ['boss'] }));
    expect(await refusalOf(wrong)).to.equal('account.unknown-role');
  });

  it('a change of roles ends the sessions; the last administrator cannot be taken away', async () => {
    const by = await firstAdministrator();
    await house.accounts.sessions.set('key', { account: by }, undefined, { fresh: true });
    const demote = house.story((trx) => house.accounts.staff.setRoles(trx, by, ['dpo'], by));
    expect(await refusalOf(demote)).to.equal('account.last-administrator');
    const close = house.story((trx) => house.accounts.staff.close(trx, by, by));
    expect(await refusalOf(close)).to.equal('account.last-administrator');
    await house.story((trx) => house.accounts.staff.setRoles(trx, by, ['admin', 'dpo'], by));
    expect(await house.accounts.sessions.get('key')).to.equal(null);
  });

  it('whoever is closed cannot enter and leaves no name behind', async () => {
    const by = await firstAdministrator();
    const person = { email: 'kim@staff.example.org', name: 'Ким Андрей Олегович', roles: ['specialist'], by };
    const { account, token } = await house.story((trx) => house.accounts.staff.invite(trx, person));
    await house.accounts.staff.setPassword(token, { password: 'пароль специалиста' });
    await house.story((trx) => house.accounts.staff.close(trx, account, by));
    const again = house.accounts.signIn({ email: person.email, password: 'пароль специалиста', ip });
    expect(await refusalOf(again)).to.equal('sign-in.refused');
    expect(await house.accounts.profile(house.db, account)).to.equal(null);
  });
});
