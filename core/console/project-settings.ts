import { type Call, type FieldProblem, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import type { ProjectPages } from './ports.ts';
import { users } from './projects.ts';
import { form, maybe, type Shared, subjectOf } from './shared.ts';

interface SettingsForm {
  origins?: string;
  maxPayloadBytes?: string;
  clientPublishing?: 'yes';
}

/** What the owner of a project chooses for it: which pages may come, how large a message may be, who may publish. */
export function projectSettingsRoutes({ law, story, words }: Shared, pages: ProjectPages): RouteDefinition[] {
  const own = (call: Call) => pages.project(call.params.id ?? '', subjectOf(call));

  async function show(call: Call, typed?: SettingsForm, problems: FieldProblem[] = []) {
    const project = await own(call);
    const settings = await pages.settings(project.id);
    const plan = law.operator.plans.find(({ id }) => id === project.plan);
    return page('my/project-settings', {
      project,
      limit: words(call).number(plan?.limits.payloadBytes ?? 0),
      values: typed ?? {
        origins: settings.origins.join('\n'),
        maxPayloadBytes: settings.maxPayloadBytes ?? '',
        ...(settings.clientPublishing ? { clientPublishing: 'yes' } : {}),
      },
      problems,
    });
  }

  return [
    route({
      method: 'get',
      path: '/my/projects/:id/settings',
      roles: users,
      handler: (call) => show(call),
    }),
    route<SettingsForm>({
      method: 'post',
      path: '/my/projects/:id/settings',
      roles: users,
      body: form({}, { origins: maybe(20_000), maxPayloadBytes: maybe(20), clientPublishing: { const: 'yes' } }),
      redraw: (call, problems) => show(call as Call, call.body as SettingsForm, problems),
      async handler(call) {
        const { origins = '', maxPayloadBytes = '', clientPublishing } = call.body;
        const project = await own(call as unknown as Call);
        await story((trx) =>
          pages.changeSettings(trx, project.id, {
            origins: origins.split('\n').filter((origin) => origin.trim() !== ''),
            maxPayloadBytes: maxPayloadBytes.trim() === '' ? null : Number(maxPayloadBytes.replaceAll(/\s/g, '')),
            clientPublishing: clientPublishing === 'yes',
          }),
        );
        call.flash(words(call).t('Настройки сохранены и уже действуют.'));
        return redirect(`/my/projects/${project.id}`);
      },
    }),
  ];
}
