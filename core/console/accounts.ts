import { type Account, type StaffGround, staffGrounds } from '../accounts/index.ts';
import { Refusal } from '../base/index.ts';
import type { Trx } from '../db/index.ts';
import {
  type Call,
  type FieldProblem,
  page,
  type RouteDefinition,
  redirect,
  route,
  type Schema,
} from '../http/index.ts';
import type { ConsoleDeps } from './ports.ts';
import { by, form, line, type Shared } from './shared.ts';
import { accountShown, groundOptions } from './views/accounts.ts';
import { cut, projectShown } from './views/projects.ts';

/** Who may shut an account: both see its state here, and nothing of the person. */
export const keepers = ['admin', 'dpo'] as const;
const shownAtMost = 200;
const projectsShown = 20;

export const reason = (maxLength = 2_000): Schema => ({ type: 'string', minLength: 1, maxLength, pattern: '\\S' });
const shape = ({ id, subject, state, registeredAt, lastActiveOn, blockedAt, blockGround }: Account) => ({
  ...{ id, subject, state, registeredAt, lastActiveOn, blockedAt, blockGround },
});

/** Only accounts of users are blocked here; staff are closed on their own screen. @throws Refusal `account.unknown` */
export async function userOf({ db, accounts }: Pick<ConsoleDeps, 'db' | 'accounts'>, id: string): Promise<Account> {
  const account = id.startsWith('sub_') ? await accounts.bySubject(db, id) : await accounts.get(db, id);
  if (account?.kind !== 'user') throw new Refusal('account.unknown', 'not-found', { account: id });
  return account;
}

/** Blocking by a person, over the API. */
export function accountApi(deps: Pick<ConsoleDeps, 'db' | 'accounts'>): RouteDefinition[] {
  const { db, accounts } = deps;
  const story = <T>(work: (trx: Trx) => Promise<T>): Promise<T> => db.transaction(work);
  const anything: Schema = { type: 'object' };

  return [
    route({
      method: 'get',
      path: '/api/v1/accounts/blocked',
      roles: keepers,
      summary: 'Accounts that are blocked, by their ids',
      tag: 'accounts',
      response: { type: 'array', items: anything },
      handler: async () => (await accounts.blocked(db, shownAtMost)).map(shape),
    }),
    route({
      method: 'get',
      path: '/api/v1/accounts/:id',
      roles: keepers,
      summary: 'The state of an account, by its id or its person’s; no names and no addresses',
      tag: 'accounts',
      response: anything,
      handler: async (call) => shape(await userOf(deps, call.params.id ?? '')),
    }),
    route<{ ground: StaffGround; reason: string }>({
      method: 'post',
      path: '/api/v1/accounts/:id/block',
      roles: keepers,
      summary: 'Block an account: sessions end, its holder is told the ground and how to object',
      tag: 'accounts',
      body: form({ ground: { enum: [...staffGrounds] }, reason: reason() }),
      response: anything,
      async handler(call) {
        const { id } = await userOf(deps, call.params.id ?? '');
        const { account } = by(call as unknown as Call);
        await story((trx) => accounts.block(trx, id, { ...call.body, by: account }));
        return shape(await userOf(deps, id));
      },
    }),
    route<{ reason: string }>({
      method: 'post',
      path: '/api/v1/accounts/:id/restore',
      roles: keepers,
      summary: 'Restore a blocked account',
      tag: 'accounts',
      body: form({ reason: reason() }),
      response: anything,
      async handler(call) {
        const { id } = await userOf(deps, call.params.id ?? '');
        const { account } = by(call as unknown as Call);
        await story((trx) => accounts.restore(trx, id, { ...call.body, by: account }));
        return shape(await userOf(deps, id));
      },
    }),
  ];
}

/** Screens of blocking: find an account, see its state, block or restore it in two clicks. */
export function accountPages(shared: Shared): RouteDefinition[] {
  const { db, accounts, law, story, words } = shared;
  const found = (call: Pick<Call, 'params'>): Promise<Account> => userOf(shared, call.params.id ?? '');

  async function listPage(call: Call, values: object = {}, problems: FieldProblem[] = []) {
    const w = words(call);
    const blocked = (await accounts.blocked(db, shownAtMost)).map((account) => accountShown(account, w));
    return page('admin/accounts', { blocked, values, problems });
  }

  async function formPage(call: Call, template: string, values: object = {}, problems: FieldProblem[] = []) {
    const w = words(call);
    return page(`admin/${template}`, {
      account: accountShown(await found(call), w),
      grounds: groundOptions(w),
      clause: law.operator.inactivity?.clause ?? '',
      ...{ values, problems },
    });
  }

  /** The account, and where there are projects those of its holder, by their ids alone: names are the holder's. */
  async function accountPage(call: Pick<Call, 'params' | 'locale'>, before?: string) {
    const w = words(call);
    const account = await found(call);
    const shown = { account: accountShown(account, w) };
    if (!shared.projects) return page('admin/account', shown);
    const limit = projectsShown + 1;
    const listed = await shared.projects.projectsPage(account.subject, { limit, ...(before ? { before } : {}) });
    const { rows, next } = cut(listed, projectsShown, ({ id }) => id);
    return page('admin/account', {
      ...shown,
      projects: rows.map((project) => projectShown(account.id, project, law, w)),
      older: next ? `/admin/accounts/${account.id}?before=${next}` : null,
    });
  }

  /** The second click: does it, and goes back to the account. */
  function act<Body extends Record<string, unknown>>(
    name: 'block' | 'restore',
    body: Schema,
    done: string,
    work: (trx: Trx, account: string, body: Body, who: string) => Promise<void>,
  ): RouteDefinition[] {
    const path = `/admin/accounts/:id/${name}`;
    const template = `account-${name}`;
    return [
      route({ method: 'get', path, roles: keepers, handler: (call) => formPage(call, template) }),
      route<Body>({
        method: 'post',
        path,
        roles: keepers,
        body,
        redraw: (call, problems) => formPage(call as Call, template, call.body, problems),
        async handler(call) {
          const { id } = await found(call);
          await story((trx) => work(trx, id, call.body, by(call as unknown as Call).account));
          call.flash(words(call).t(done));
          return redirect(`/admin/accounts/${id}`);
        },
      }),
    ];
  }

  return [
    route({ method: 'get', path: '/admin/accounts', roles: keepers, handler: (call) => listPage(call) }),
    // An address is nothing for an address bar: it is sent, and the answer leads to the account's id.
    route<{ who: string }>({
      method: 'post',
      path: '/admin/accounts',
      roles: keepers,
      body: form({ who: line(254) }),
      redraw: (call, problems) => listPage(call as Call, call.body, problems),
      async handler(call) {
        const who = call.body.who.trim();
        const byEmail = who.includes('@') ? await accounts.byEmail(db, who) : null;
        const account = byEmail?.kind === 'user' ? byEmail : await userOf(shared, who).catch(() => null);
        if (!account) throw new Refusal('account.not-found', 'invalid', { field: 'who' });
        return redirect(`/admin/accounts/${account.id}`);
      },
    }),
    route<Record<string, unknown>, { before?: string }>({
      method: 'get',
      path: '/admin/accounts/:id',
      roles: keepers,
      query: form({}, { before: line(64) }),
      handler: (call) => accountPage(call, call.query.before),
    }),
    ...act<{ ground: StaffGround; reason: string }>(
      'block',
      form({ ground: { enum: [...staffGrounds] }, reason: reason() }),
      'Учётная запись заблокирована, письмо владельцу поставлено в очередь.',
      (trx, id, { ground, reason: why }, who) => accounts.block(trx, id, { ground, reason: why, by: who }),
    ),
    ...act<{ reason: string }>(
      'restore',
      form({ reason: reason() }),
      'Учётная запись восстановлена.',
      (trx, id, { reason: why }, who) => accounts.restore(trx, id, { reason: why, by: who }),
    ),
  ];
}
