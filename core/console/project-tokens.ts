import { newId, Refusal } from '../base/index.ts';
import { type Call, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import type { ProjectPages } from './ports.ts';
import { projectParts, users } from './projects.ts';
import { form, line, maybe, type Shared } from './shared.ts';
import { cut, rightNames, rightsProblems, tokenRow } from './views/projects.ts';

const listSize = 20;
const rights = Object.keys(rightNames);
/** How long a replaced token may go on: the choices of the page, in hours and in words. */
const overlaps = [
  [0, 'сразу перестаёт действовать'],
  [1, 'действует ещё 1 час'],
  [24, 'действует ещё 24 часа'],
  [168, 'действует ещё 7 дней'],
] as const;
const hourMs = 3_600_000;

interface NewToken {
  id: string;
  name?: string;
  rights: string[];
}

/** The tokens of a project: issued with the rights it needs, replaced while the old one still works, revoked. */
export function projectTokenRoutes(shared: Shared, pages: ProjectPages): RouteDefinition[] {
  const { clock, story, words } = shared;
  const { own, tokenPage } = projectParts(shared, pages);

  async function show(call: Call, more: object = {}, before?: string) {
    const w = words(call);
    const project = await own(call);
    const found = await pages.tokensPage(project.id, { limit: listSize + 1, ...(before ? { before } : {}) });
    const { rows, next } = cut(found, listSize, ({ id }) => id);
    const path = `/my/projects/${project.id}/tokens`;
    return page('my/project-tokens', {
      project,
      path,
      rows: rows.map((token) => ({ ...tokenRow(token, w), fresh: newId('tok', clock.now()) })),
      older: next ? `${path}?before=${next}` : null,
      paged: before !== undefined,
      // The form's own token: sent twice, it is issued once.
      values: { id: newId('tok', clock.now()), rights },
      labels: { name: w.t('Название') },
      rights: rights.map((right) => [right, w.t(rightNames[right] ?? right)]),
      overlaps: overlaps.map(([hours, name]) => [hours, w.t(name)]),
      ...more,
    });
  }

  return [
    route<Record<string, unknown>, { before?: string }>({
      method: 'get',
      path: '/my/projects/:id/tokens',
      roles: users,
      query: form({}, { before: line(64) }),
      handler: (call) => show(call as unknown as Call, {}, call.query.before),
    }),
    route<NewToken>({
      method: 'post',
      path: '/my/projects/:id/tokens',
      roles: users,
      body: form(
        { id: line(64), rights: { type: 'array', items: { enum: rights }, minItems: 1, uniqueItems: true } },
        { name: maybe(100) },
      ),
      redraw(call, problems) {
        const { id, name, rights: chosen = [] } = call.body as Partial<NewToken>;
        // The same form again is no new one: its token has been made, and an empty form is offered.
        const again = problems.some(({ field }) => field === '');
        const told = rightsProblems(problems, words(call as Call));
        return show(call as Call, {
          problems: told,
          ...(again ? {} : { values: { id, name, rights: [chosen].flat() } }),
        });
      },
      async handler(call) {
        const project = await own(call);
        const { id, name, rights: chosen } = call.body;
        const token = await story((trx) =>
          pages.issueToken(trx, project.id, { id, rights: chosen, ...(name ? { name } : {}) }),
        );
        return tokenPage(call as unknown as Call, project, token);
      },
    }),
    route<{ id: string; overlap: number }>({
      method: 'post',
      path: '/my/projects/:id/tokens/:token/rotate',
      roles: users,
      body: form({ id: line(64), overlap: { type: 'integer', enum: overlaps.map(([hours]) => hours) } }),
      redraw: (call, problems) => show(call as Call, { problems }),
      async handler(call) {
        const project = await own(call);
        const { id, overlap } = call.body;
        const order = { id, replaces: call.params.token ?? '', overlapMs: overlap * hourMs };
        const token = await story((trx) => pages.rotateToken(trx, project.id, order));
        return tokenPage(call as unknown as Call, project, token);
      },
    }),
    route({
      method: 'post',
      path: '/my/projects/:id/tokens/:token/revoke',
      roles: users,
      async handler(call) {
        const { t } = words(call);
        const project = await own(call);
        try {
          await story((trx) => pages.revokeToken(trx, project.id, call.params.token ?? ''));
          call.flash(t('Токен отозван.'));
        } catch (error) {
          if (!(error instanceof Refusal) || error.code !== 'token.not-found') throw error;
          call.flash(t('Этот токен уже не действует.'), 'amber');
        }
        return redirect(`/my/projects/${project.id}/tokens`);
      },
    }),
  ];
}
