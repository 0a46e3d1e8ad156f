import { newId, Refusal } from '../base/index.ts';
import { type Call, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import type { ProjectPages } from './ports.ts';
import { projectParts, users } from './projects.ts';
import { form, line, maybe, type Shared } from './shared.ts';
import { rightNames, rightsProblems, tokenRow } from './views/projects.ts';

const rights = Object.keys(rightNames);

interface NewKey {
  id: string;
  name?: string;
  rights: string[];
}

/** Keys of the Pusher protocol: issued with the rights that are needed, shown once, revoked. */
export function projectPusherRoutes(shared: Shared, pages: ProjectPages): RouteDefinition[] {
  const { clock, story, words } = shared;
  const { own } = projectParts(shared, pages);

  async function show(call: Call, more: object = {}) {
    const w = words(call);
    const project = await own(call);
    const keys = await pages.pusherKeys(project.id);
    return page('my/project-pusher', {
      project,
      path: `/my/projects/${project.id}/tokens/pusher`,
      rows: keys.map((key) => ({ ...tokenRow({ ...key, expiresAt: null }, w), key: key.key })).reverse(),
      // The form's own key: sent twice, it is issued once.
      values: { id: newId('tok', clock.now()), rights },
      labels: { name: w.t('Название') },
      rights: rights.map((right) => [right, w.t(rightNames[right] ?? right)]),
      ...more,
    });
  }

  return [
    route({ method: 'get', path: '/my/projects/:id/tokens/pusher', roles: users, handler: (call) => show(call) }),
    route<NewKey>({
      method: 'post',
      path: '/my/projects/:id/tokens/pusher',
      roles: users,
      body: form(
        { id: line(64), rights: { type: 'array', items: { enum: rights }, minItems: 1, uniqueItems: true } },
        { name: maybe(100) },
      ),
      redraw(call, problems) {
        const { id, name, rights: chosen = [] } = call.body as Partial<NewKey>;
        const again = problems.some(({ field }) => field === '');
        const told = rightsProblems(problems, words(call as Call));
        return show(call as Call, {
          problems: told,
          ...(again ? {} : { values: { id, name, rights: [chosen].flat() } }),
        });
      },
      async handler(call) {
        const w = words(call as unknown as Call);
        const project = await own(call);
        const { id, name, rights: chosen } = call.body;
        const order = { id, rights: chosen, ...(name ? { name } : {}) };
        const key = await story((trx) => pages.issuePusherKey(trx, project.id, order));
        const url = new URL(project.url);
        return page('my/pusher-key', {
          ...{ project, key, host: url.hostname, tls: url.protocol === 'https:' },
          port: url.port || (url.protocol === 'https:' ? '443' : '80'),
          rights: tokenRow({ ...key, expiresAt: null }, w).rights,
        });
      },
    }),
    route({
      method: 'post',
      path: '/my/projects/:id/tokens/pusher/:key/revoke',
      roles: users,
      async handler(call) {
        const { t } = words(call);
        const project = await own(call);
        try {
          await story((trx) => pages.revokeToken(trx, project.id, call.params.key ?? ''));
          call.flash(t('Ключ отозван.'));
        } catch (error) {
          if (!(error instanceof Refusal) || error.code !== 'token.not-found') throw error;
          call.flash(t('Этот ключ уже не действует.'), 'amber');
        }
        return redirect(`/my/projects/${project.id}/tokens/pusher`);
      },
    }),
  ];
}
