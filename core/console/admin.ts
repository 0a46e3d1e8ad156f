import { type Call, page, type RouteDefinition, route } from '../http/index.ts';
import { by, form, line, maybe, type Shared } from './shared.ts';

const invited = ['dpo', 'dpo-assistant', 'specialist', 'auditor', 'billing', 'admin'] as const;

/** The administrator's few: how the queues stand, and who works here. Sees no personal data of users. */
export function adminRoutes(shared: Shared): RouteDefinition[] {
  const { accounts, config, jobs, story, words } = shared;
  // A role without a plugin to work with opens nothing.
  const idle = [...(shared.projects ? [] : ['specialist']), ...(shared.invoices ? [] : ['billing'])];

  return [
    route({
      method: 'get',
      path: '/admin',
      roles: ['admin'],
      async handler(call) {
        const [next] = await jobs.agenda();
        return page('admin/health', {
          queues: await jobs.counts(),
          next: next ? words(call).dateTime(next.at) : null,
        });
      },
    }),
    route({ method: 'get', path: '/admin/staff', roles: ['admin'], handler: (call) => staffPage(call) }),
    route<{ email: string; name: string; position?: string; roles: string[] }>({
      method: 'post',
      path: '/admin/staff',
      roles: ['admin'],
      body: form(
        {
          email: { type: 'string', format: 'email', maxLength: 254 },
          name: line(),
          roles: { type: 'array', items: { enum: [...invited] }, minItems: 1 },
        },
        { position: maybe() },
      ),
      redraw: (call, problems) => staffPage(call as Call, { values: call.body, problems }),
      async handler(call) {
        const { position, ...staff } = call.body;
        const link = await story((trx) =>
          accounts.staff.invite(trx, { ...staff, ...(position ? { position } : {}), by: by(call).account }),
        );
        const w = words(call);
        return page('admin/invited', {
          name: staff.name,
          url: new URL(link.path, config.publicUrl).href,
          expires: w.dateTime(link.expiresAt),
        });
      },
    }),
  ];

  async function staffPage(call: Call, more: object = {}) {
    const { t } = words(call);
    const titles = Object.fromEntries(invited.map((role) => [role, t(roleNames[role])]));
    return page('admin/staff', {
      rows: (await accounts.staff.list()).map((member) => ({
        ...member,
        roles: member.roles.map((role) => titles[role] ?? role).join(', '),
        state: {
          name: t(stateNames[member.state] ?? member.state),
          tone: member.state === 'active' ? 'green' : 'grey',
        },
      })),
      roles: Object.entries(titles).filter(([role]) => !idle.includes(role)),
      values: {},
      ...more,
    });
  }
}

const roleNames: Record<(typeof invited)[number], string> = {
  dpo: 'ответственный за ПДн',
  'dpo-assistant': 'помощник ответственного',
  specialist: 'специалист по журналам',
  auditor: 'аудитор',
  billing: 'бухгалтер',
  admin: 'администратор',
};

const stateNames: Record<string, string> = { invited: 'Приглашён', active: 'Работает', closed: 'Закрыт' };
