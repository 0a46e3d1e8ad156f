import { expect } from 'chai';
import { generate } from 'otplib';
import { can, mustHave, rolesFrom } from '../../core/accounts/index.ts';
import { aUser, type House, ip, openHouse, refusalOf, signIn } from './house.ts';

describe('registering and signing in', () => {
  let house: House;
  before(async () => {
    house = await openHouse();
  });
  after(() => house.close());

  const attempt = (email: string, password: string, from = ip) => house.accounts.signIn({ email, password, ip: from });

  it('a user registers with e-mail, password and full name; the position may be missing and no consent is written', async () => {
    const anna = await aUser(house, { email: ' Anna.K@Example.ORG ', name: '  Ковалёва   Анна Игоревна ' });
    expect(await house.accounts.profile(house.db, anna.account)).to.deep.equal({
      email: 'anna.k@example.org',
      name: 'Ковалёва Анна Игоревна',
      position: null,
      locale: 'ru',
    });
    expect(await house.consents.given(house.db, anna.subject)).to.deep.equal([]);
    expect(house.facts.find(({ about }) => about === anna.account)?.name).to.equal('account.registered');
    const { password_hash } = await house.db('core.profiles').where({ account_id: anna.account }).first();
    expect(password_hash).to.match(/^\$argon2id\$/);
  });

  it('without a full name, with a short password or a wrong address nobody is registered', async () => {
    expect(await refusalOf(aUser(house, { name: '  ' }))).to.equal('account.name-missing');
    expect(await refusalOf(aUser(house, { password: 'коротко' }))).to.equal('account.password-too-short');
    expect(await refusalOf(aUser(house, { email: 'не адрес' }))).to.equal('account.email-not-valid');
  });

  it('one address is one account, also when two register at the same moment', async () => {
    const same = { email: 'twice@example.org' };
    const answers = await Promise.all([refusalOf(aUser(house, same)), refusalOf(aUser(house, same))]);
    expect(answers.sort()).to.deep.equal(['account.email-taken', null].sort());
  });

  it('the right password opens the door, in whatever case the address is typed', async () => {
    const user = await aUser(house);
    const answer = await attempt(user.email.toUpperCase(), user.password);
    expect(answer).to.deep.equal({
      step: 'done',
      actor: {
        account: user.account,
        subject: user.subject,
        roles: ['relay-user'],
        name: user.name,
        locale: 'ru',
      },
    });
  });

  it('an unknown address and a wrong password get the same answer', async () => {
    const user = await aUser(house);
    const wrong = await attempt(user.email, 'не тот пароль вовсе').catch((error) => error);
    const unknown = await attempt('nobody@example.org', 'не тот пароль вовсе').catch((error) => error);
    expect([wrong.code, wrong.kind, wrong.message]).to.deep.equal([unknown.code, unknown.kind, unknown.message]);
    expect(wrong.code).to.equal('sign-in.refused');
  });

  it('a wrong password is noted once the answer is given', async () => {
    const user = await aUser(house);
    await refusalOf(attempt(user.email, 'не тот пароль вовсе'));
    let notes: { outcome: string }[] = [];
    for (let looks = 0; looks < 100 && notes.length === 0; looks++) {
      await new Promise((done) => setTimeout(done, 20));
      notes = await house.db('core.sign_ins').where({ account_id: user.account }).select('outcome');
    }
    expect(notes).to.deep.equal([{ outcome: 'wrong-password' }]);
  });

  it('says of each sign-in whether it came from the same place, and keeps no address', async () => {
    const [user, other] = [await aUser(house), await aUser(house)];
    for (const from of ['203.0.113.61', '203.0.113.61', '203.0.113.62']) await attempt(user.email, user.password, from);
    await attempt(other.email, other.password, '203.0.113.61');
    const origins = (account: string) =>
      house.db('core.sign_ins').where({ account_id: account, outcome: 'in' }).orderBy('id').pluck('origin');
    const [first, second, third] = await origins(user.account);
    expect(first).to.match(/^[\w-]{16}$/);
    expect(second).to.equal(first);
    expect(third).to.not.equal(first);
    expect(await origins(other.account)).to.not.include(first);
    expect(JSON.stringify(await house.db('core.sign_ins'))).to.not.include('203.0.113.6');
  });

  it('attempts are counted per person and address: the eleventh is not even judged, another address still may', async () => {
    const user = await aUser(house);
    for (let tries = 0; tries < 10; tries++) {
      expect(await refusalOf(attempt(user.email, 'мимо мимо мимо', '203.0.113.50'))).to.equal('sign-in.refused');
    }
    expect(await refusalOf(attempt(user.email, user.password, '203.0.113.50'))).to.equal('sign-in.too-many');
    expect(await refusalOf(attempt(user.email, user.password, '203.0.113.51'))).to.equal(null);
  });

  it('many addresses together do not get more than a hundred tries at one person', async () => {
    const user = await aUser(house);
    for (let tries = 0; tries < 100; tries++) {
      const from = `203.0.113.${60 + Math.floor(tries / 10)}`;
      expect(await refusalOf(attempt(user.email, 'мимо мимо мимо', from))).to.equal('sign-in.refused');
    }
    const refusal = await attempt(user.email, user.password, '203.0.113.99').catch((error) => error);
    expect(refusal.code).to.equal('sign-in.too-many');
    expect(refusal.details.retryAfter).to.be.within(1, 900);
    const other = await aUser(house);
    expect(await refusalOf(attempt(other.email, other.password, '203.0.113.99'))).to.equal(null);
  });

  it('what is kept to count attempts names neither the person nor the address', async () => {
    const user = await aUser(house);
    await refusalOf(attempt(user.email, 'мимо мимо мимо'));
    const rows = JSON.stringify(await house.db('core.sign_in_attempts'));
    expect(rows).to.not.contain(user.email);
    expect(rows).to.not.contain(ip);
  });

  it('right passwords do not use up the attempts of an address', async () => {
    const user = await aUser(house);
    for (let times = 0; times < 25; times++) await signIn(house, user);
  });

  it('a changed password ends every session', async () => {
    const user = await aUser(house);
    await house.accounts.sessions.set('key-1', { account: user.account }, undefined, { fresh: true });
    await house.story((trx) => house.accounts.changePassword(trx, user.account, user.password, 'совсем другой пароль'));
    expect(await house.accounts.sessions.get('key-1')).to.equal(null);
    expect(await refusalOf(signIn(house, user))).to.equal('sign-in.refused');
    expect(await refusalOf(attempt(user.email, 'совсем другой пароль'))).to.equal(null);
  });

  describe('sessions', () => {
    it('keep the hash of their key, are found by the key and are gone when their time is over', async () => {
      const { sessions } = house.accounts;
      await sessions.set('secret-key', { account: 'acc_x', csrf: 'y' }, 60_000, { fresh: true });
      expect(await sessions.get('secret-key')).to.deep.equal({ account: 'acc_x', csrf: 'y' });
      expect(JSON.stringify(await house.db('core.sessions'))).to.not.contain('secret-key');
      await sessions.set('old-key', { account: 'acc_x' }, -1, { fresh: true });
      expect(await sessions.get('old-key')).to.equal(null);
      await sessions.destroy('secret-key');
      expect(await sessions.get('secret-key')).to.equal(null);
    });

    it('of one account end together, those of others stay', async () => {
      const { sessions } = house.accounts;
      for (const key of ['a1', 'a2']) await sessions.set(key, { account: 'acc_a' }, undefined, { fresh: true });
      await sessions.set('b1', { account: 'acc_b' }, undefined, { fresh: true });
      expect(await house.story((trx) => sessions.revokeAll(trx, 'acc_a'))).to.equal(2);
      expect(await sessions.get('a1')).to.equal(null);
      expect(await sessions.get('b1')).to.deep.equal({ account: 'acc_b' });
    });

    it('that have ended are not brought back by a request that began before', async () => {
      const { sessions } = house.accounts;
      await sessions.set('c1', { account: 'acc_c' }, 60_000, { fresh: true });
      await sessions.set('c1', { account: 'acc_c', seen: true }, 60_000);
      expect(await sessions.get('c1')).to.deep.equal({ account: 'acc_c', seen: true });
      await house.story((trx) => sessions.revokeAll(trx, 'acc_c'));
      await sessions.set('c1', { account: 'acc_c' }, 60_000);
      expect(await sessions.get('c1')).to.equal(null);
    });
  });

  describe('the second factor', () => {
    const codeNow = (secret: string) => generate({ secret });

    it('is begun, confirmed by a code, then asked for; a code is good once', async () => {
      const user = await aUser(house);
      const { secret, uri } = await house.story((trx) => house.accounts.totp.begin(trx, user.account));
      expect(uri).to.match(/^otpauth:\/\/totp\//);
      expect((await attempt(user.email, user.password)).step).to.equal('done');
      const code = await codeNow(secret);
      const { recoveryCodes } = await house.story((trx) => house.accounts.totp.confirm(trx, user.account, code));
      expect(recoveryCodes).to.have.length(10);
      expect(await house.accounts.totp.enabled(user.account)).to.equal(true);
      expect(await attempt(user.email, user.password)).to.deep.equal({ step: 'second-factor', account: user.account });
      const again = { account: user.account, code, ip };
      expect(await refusalOf(house.accounts.secondFactor(again))).to.equal('sign-in.refused');

      const [recovery] = recoveryCodes as [string];
      const actor = await house.accounts.secondFactor({ account: user.account, code: recovery, ip });
      expect(actor.account).to.equal(user.account);
      const spent = { account: user.account, code: recovery, ip };
      expect(await refusalOf(house.accounts.secondFactor(spent))).to.equal('sign-in.refused');

      const stored = JSON.stringify(await house.db('core.second_factors').where({ account_id: user.account }));
      expect(stored).to.not.contain(secret);
      const off = (given: string) => house.story((trx) => house.accounts.totp.disable(trx, user.account, given));
      expect(await refusalOf(off('000000'))).to.equal('totp.wrong-code');
      await off(recoveryCodes[1] as string);
      expect((await attempt(user.email, user.password)).step).to.equal('done');
    });

    it('is guessed at ten times, from however many addresses and by whichever step', async () => {
      const user = await aUser(house);
      const { secret } = await house.story((trx) => house.accounts.totp.begin(trx, user.account));
      const code = await codeNow(secret);
      await house.story((trx) => house.accounts.totp.confirm(trx, user.account, code));
      for (let tries = 0; tries < 10; tries++) {
        const from = `198.51.100.${tries}`;
        const way = { account: user.account, code: '000000', ip: from };
        // The right password in between must not wipe out what was counted.
        expect((await attempt(user.email, user.password, from)).step).to.equal('second-factor');
        const guess =
          tries % 2
            ? house.accounts.secondFactor(way)
            : house.accounts.signIn({ email: user.email, password: user.password, totp: '000000', ip: from });
        expect(await refusalOf(guess)).to.equal('sign-in.refused');
      }
      const last = house.accounts.secondFactor({ account: user.account, code: '000000', ip: '198.51.100.200' });
      expect(await refusalOf(last)).to.equal('sign-in.too-many');
    });

    it('is not on before a right code confirms it', async () => {
      const user = await aUser(house);
      await house.story((trx) => house.accounts.totp.begin(trx, user.account));
      const wrong = house.story((trx) => house.accounts.totp.confirm(trx, user.account, '12345'));
      expect(await refusalOf(wrong)).to.equal('totp.wrong-code');
      expect(await house.accounts.totp.enabled(user.account)).to.equal(false);
    });
  });

  describe('rights', () => {
    it('are denied unless a role has them', () => {
      expect(can({ roles: ['dpo'] }, 'acts.sign')).to.equal(true);
      expect(can({ roles: ['admin'] }, 'requests.read')).to.equal(false);
      expect(can({ roles: [] }, 'staff.manage')).to.equal(false);
      expect(can(null, 'staff.manage')).to.equal(false);
      expect(can({ roles: ['dpo'] }, 'toString' as never)).to.equal(false);
      expect(() => mustHave(null, 'acts.sign'))
        .to.throw()
        .with.property('code', 'actor.unknown');
      expect(() => rolesFrom(['dpo', 'superuser']))
        .to.throw()
        .with.property('code', 'account.unknown-role');
    });
  });
});
