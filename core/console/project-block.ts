import { type StaffGround, staffGrounds } from '../accounts/index.ts';
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
import { keepers, reason, userOf } from './accounts.ts';
import type { ProjectPages, ProjectView } from './ports.ts';
import { by, form, type Shared } from './shared.ts';
import { groundOptions } from './views/accounts.ts';
import { projectShown } from './views/projects.ts';

/** Screens by which staff suspend one project of an account and let it go on, each in two clicks. */
export function projectBlockPages(shared: Shared, pages: ProjectPages): RouteDefinition[] {
  const { law, story, words } = shared;

  /** A project of another account is not there. */
  async function found(call: Pick<Call, 'params'>): Promise<{ account: string; project: ProjectView }> {
    const { id: account, subject } = await userOf(shared, call.params.id ?? '');
    return { account, project: await pages.project(call.params.project ?? '', subject) };
  }

  async function formPage(call: Call, name: string, values: object = {}, problems: FieldProblem[] = []) {
    const w = words(call);
    const { account, project } = await found(call);
    return page(`admin/project-${name}`, {
      project: projectShown(account, project, law, w),
      grounds: groundOptions(w),
      clause: law.operator.inactivity?.clause ?? '',
      ...{ values, problems },
    });
  }

  /** The second click: does it, and goes back to the account. */
  function act<Body extends { reason: string }>(
    name: 'block' | 'unblock',
    body: Schema,
    done: string,
    work: (trx: Trx, project: string, why: Body & { by: string }) => Promise<unknown>,
  ): RouteDefinition[] {
    const path = `/admin/accounts/:id/projects/:project/${name}`;
    return [
      route({ method: 'get', path, roles: keepers, handler: (call) => formPage(call, name) }),
      route<Body>({
        method: 'post',
        path,
        roles: keepers,
        body,
        redraw: (call, problems) => formPage(call as Call, name, call.body, problems),
        async handler(call) {
          const { account, project } = await found(call);
          const { account: who } = by(call as unknown as Call);
          await story((trx) => work(trx, project.id, { ...call.body, by: who }));
          call.flash(words(call).t(done));
          return redirect(`/admin/accounts/${account}`);
        },
      }),
    ];
  }

  return [
    ...act<{ ground: StaffGround; reason: string }>(
      'block',
      form({ ground: { enum: [...staffGrounds] }, reason: reason() }),
      'Проект приостановлен, письмо владельцу поставлено в очередь.',
      (trx, id, { ground, reason: why, by: who }) => pages.block(trx, id, { ground, reason: why, by: who }),
    ),
    ...act<{ reason: string }>(
      'unblock',
      form({ reason: reason() }),
      'Приостановление снято, письмо владельцу поставлено в очередь.',
      (trx, id, { reason: why, by: who }) => pages.unblock(trx, id, { reason: why, by: who }),
    ),
  ];
}
