import encodeQR from 'qr';
import { Refusal } from '../base/index.ts';
import { page, type RouteDefinition, redirect, route } from '../http/index.ts';
import { homeOf } from './menu.ts';
import { asInput, by, form, innerPath, line, maybe, type Shared } from './shared.ts';

/** Coming in, the second factor, one-time links, and going out. */
export function authRoutes(shared: Shared): RouteDefinition[] {
  const { accounts, story } = shared;
  const password = line(1024);

  return [
    route({
      method: 'get',
      path: '/auth/login',
      roles: 'public',
      form: true,
      query: form({}, { next: innerPath }),
      handler: (call) =>
        call.actor ? redirect(homeOf(call.actor, shared)) : page('auth/login', { next: call.query.next ?? '' }),
    }),
    route<{ email: string; password: string; next?: string }>({
      method: 'post',
      path: '/auth/login',
      roles: 'public',
      form: true,
      limit: { name: 'sign-in', points: 300, seconds: 60 },
      body: form({ email: line(254), password }, { next: { anyOf: [innerPath, { const: '' }] } }),
      redraw: ({ body }, problems) => page('auth/login', { email: body.email, next: body.next ?? '', problems }),
      async handler(call) {
        const { email, password: secret, next } = call.body;
        const answer = await asInput(() => accounts.signIn({ email, password: secret, ip: call.ip }));
        if (answer.step === 'second-factor') {
          call.session.pending = answer.account;
          return redirect(next ? `/auth/totp?next=${encodeURIComponent(next)}` : '/auth/totp');
        }
        await call.signIn(answer.actor.account);
        return redirect(next || homeOf(answer.actor, shared));
      },
    }),
    route({
      method: 'get',
      path: '/auth/totp',
      roles: 'public',
      form: true,
      query: form({}, { next: innerPath }),
      handler: (call) =>
        call.session.pending ? page('auth/totp', { next: call.query.next ?? '' }) : redirect('/auth/login'),
    }),
    route<{ code: string; next?: string }>({
      method: 'post',
      path: '/auth/totp',
      roles: 'public',
      form: true,
      limit: { name: 'second-factor', points: 10, seconds: 60 },
      body: form({ code: line(32) }, { next: { anyOf: [innerPath, { const: '' }] } }),
      redraw: ({ body }, problems) => page('auth/totp', { next: body.next ?? '', problems }),
      async handler(call) {
        const account = call.session.pending;
        if (!account) return redirect('/auth/login');
        const code = call.body.code.replaceAll(' ', '');
        const actor = await asInput(() => accounts.secondFactor({ account, code, ip: call.ip }));
        await call.signIn(actor.account);
        return redirect(call.body.next || homeOf(actor, shared));
      },
    }),
    route({
      method: 'post',
      path: '/auth/logout',
      roles: 'signed-in',
      handler(call) {
        call.signOut();
        return redirect('/auth/login');
      },
    }),
    route({
      method: 'get',
      path: '/auth/link/:token',
      roles: 'public',
      form: true,
      limit: { name: 'links', points: 20, seconds: 60 },
      handler: async (call) =>
        page('auth/link', { link: await accounts.staff.openLink(call.params.token ?? ''), values: {} }),
    }),
    route<{ password: string; again: string; email?: string; name?: string }>({
      method: 'post',
      path: '/auth/link/:token',
      roles: 'public',
      form: true,
      limit: { name: 'links', points: 20, seconds: 60 },
      body: form({ password, again: password }, { email: maybe(254), name: maybe() }),
      async redraw(call, problems) {
        const { password: _, again: __, ...values } = call.body;
        return page('auth/link', { link: await accounts.staff.openLink(call.params.token ?? ''), values, problems });
      },
      async handler(call) {
        const { password: secret, again, email, name } = call.body;
        if (secret !== again) throw new Refusal('password.differs', 'invalid', { field: 'again' });
        await accounts.staff.setPassword(call.params.token ?? '', {
          password: secret,
          ...(email ? { email } : {}),
          ...(name ? { name } : {}),
        });
        call.flash(shared.words(call).t('Пароль сохранён. Войдите с ним.'));
        return redirect('/auth/login');
      },
    }),
    route({
      method: 'get',
      path: '/auth/security',
      roles: 'signed-in',
      handler: async (call) => page('auth/security', { enabled: await accounts.totp.enabled(by(call).account) }),
    }),
    route({
      method: 'post',
      path: '/auth/security/begin',
      roles: 'signed-in',
      async handler(call) {
        const { secret, uri } = await story((trx) => accounts.totp.begin(trx, by(call).account));
        return page('auth/totp-begin', { secret: grouped(secret), qr: qrOf(uri) });
      },
    }),
    route<{ code: string }>({
      method: 'post',
      path: '/auth/security/confirm',
      roles: 'signed-in',
      limit: { name: 'totp-confirm', points: 10, seconds: 60 },
      body: form({ code: line(32) }),
      redraw: (_call, problems) => page('auth/totp-begin', { secret: null, qr: null, problems }),
      async handler(call) {
        const code = call.body.code.replaceAll(' ', '');
        const { recoveryCodes } = await asInput(() =>
          story((trx) => accounts.totp.confirm(trx, by(call).account, code)),
        );
        return page('auth/recovery-codes', { codes: recoveryCodes });
      },
    }),
    route<{ code: string }>({
      method: 'post',
      path: '/auth/security/disable',
      roles: 'signed-in',
      limit: { name: 'totp-confirm', points: 10, seconds: 60 },
      body: form({ code: line(32) }),
      redraw: async (call, problems) =>
        page('auth/security', { enabled: await accounts.totp.enabled(by(call).account), problems }),
      async handler(call) {
        await asInput(() =>
          story((trx) => accounts.totp.disable(trx, by(call).account, call.body.code.replaceAll(' ', ''))),
        );
        call.flash(shared.words(call).t('Второй фактор выключен.'), 'amber');
        return redirect('/auth/security');
      },
    }),
    route<{ present: string; next: string; again: string }>({
      method: 'post',
      path: '/auth/security/password',
      roles: 'signed-in',
      limit: { name: 'password', points: 10, seconds: 60 },
      body: form({ present: password, next: password, again: password }),
      redraw: async (call, problems) =>
        page('auth/security', { enabled: await accounts.totp.enabled(by(call).account), problems }),
      async handler(call) {
        const { present, next, again } = call.body;
        if (next !== again) throw new Refusal('password.differs', 'invalid', { field: 'again' });
        const { account } = by(call);
        await asInput(() => story((trx) => accounts.changePassword(trx, account, present, next)));
        // Every session has ended, this one too: whoever has just proved the old password goes on in a new one.
        await call.signIn(account);
        call.flash(shared.words(call).t('Пароль изменён.'));
        return redirect('/auth/security');
      },
    }),
  ];
}

const grouped = (secret: string): string => secret.match(/.{1,4}/g)?.join(' ') ?? secret;

/** The code as SVG paths: the strict policy needs no image from elsewhere. */
function qrOf(text: string): string {
  return encodeQR(text, 'svg').replace('<svg', '<svg role="img" aria-label="QR" class="qr"');
}
