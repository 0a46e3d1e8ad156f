import { Refusal } from '../base/index.ts';
import { type Call, page, type RouteDefinition, route, type Words } from '../http/index.ts';
import type { ProjectPages, PulledView } from './ports.ts';
import { exampleChannel, projectParts, users } from './projects.ts';
import { form, maybe, type Shared } from './shared.ts';
import { tokenRow } from './views/projects.ts';

const pulledShown = 20;
const channelsShown = 20;
const tokensShown = 50;
const textShown = 2_000;

/** Trying a project out: a console over a WebSocket, what can still be had of a channel, and programs to begin with. */
export function projectDebugRoutes(shared: Shared, pages: ProjectPages): RouteDefinition[] {
  const { words } = shared;
  const { own } = projectParts(shared, pages);

  /** Channels that were written to lately. */
  async function lately(project: string): Promise<string[]> {
    const newest = await pages.deliveries(project, { limit: 50 });
    return [...new Set(newest.map(({ channel }) => channel))].slice(0, channelsShown);
  }

  return [
    route<Record<string, unknown>, { channel?: string; after?: string }>({
      method: 'get',
      path: '/my/projects/:id/debug',
      roles: users,
      query: form({}, { channel: maybe(200), after: maybe(20) }),
      async handler(call) {
        const w = words(call);
        const project = await own(call);
        const { channel = '' } = call.query;
        const after = call.query.after?.trim() || '0';
        const [tokens, channels, settings] = await Promise.all([
          pages.tokensPage(project.id, { limit: tokensShown }),
          lately(project.id),
          pages.settings(project.id),
        ]);
        const active = project.state === 'active';
        const pull = offset.test(after)
          ? await asked(channel, w, (name) =>
              pages.pull(project.id, { channel: name, after: Number(after), limit: pulledShown }),
            )
          : {
              found: null,
              problems: [{ field: 'after', message: w.t('Номер сообщения — целое число, 0 или больше') }],
            };
        const path = `/my/projects/${project.id}/debug`;
        const model = {
          ...{ project, path, channels, active, channel, after, problems: pull.problems },
          minutes: pages.recoveryMinutes,
          publishing: settings.clientPublishing,
          tokens: tokens
            .filter(({ rights }) => rights.some((right) => right !== 'read'))
            .map((token) => ({ ...tokenRow(token, w), may: token.rights.filter((right) => right !== 'read') }))
            .sort((a, b) => b.may.length - a.may.length),
          pulled: pull.found ? pulledModel(pull.found, channel, path, w) : null,
        };
        return page('my/project-debug', model, pull.problems.length > 0 ? 422 : 200);
      },
    }),
    route<Record<string, unknown>, { channel?: string }>({
      method: 'get',
      path: '/my/projects/:id/code',
      roles: users,
      query: form({}, { channel: maybe(200) }),
      async handler(call) {
        const w = words(call as unknown as Call);
        const project = await own(call);
        const channels = await lately(project.id);
        const channel = call.query.channel || channels[0] || exampleChannel;
        const { found, problems } = await asked(channel, w, async (name) => pages.examples(project, name));
        const model = { project, channel, channels, problems, examples: found ?? [] };
        return page('my/project-code', model, problems.length > 0 ? 422 : 200);
      },
    }),
  ];
}

/** Something about a channel whose name was typed: what there is, or what is wrong with the name or the moment. */
async function asked<T>(channel: string, { t }: Words, look: (channel: string) => Promise<T>) {
  const nothing = { found: null, problems: [] as { field: string; message: string }[] };
  if (channel === '') return nothing;
  try {
    return { ...nothing, found: await look(channel) };
  } catch (error) {
    if (!(error instanceof Refusal) || !known.includes(error.code)) throw error;
    return { ...nothing, problems: [{ field: 'channel', message: t(`refusal:${error.code}`, error.details) }] };
  }
}

const offset = /^\d{1,12}$/;
const known = ['channel.bad-name', 'project.stopped'];

function pulledModel({ newest, lost, messages }: PulledView, channel: string, path: string, w: Words) {
  const last = messages.at(-1)?.offset;
  const next = new URLSearchParams({ channel, after: String(last ?? '') });
  return {
    newest,
    lost: lost
      ? w.t('Сообщения после № {{after}} и до № {{before}} получить уже нельзя: окно восстановления прошло.', lost)
      : null,
    rows: messages.map(({ offset, at, data, encoding, type }) => ({
      offset,
      at: w.dateTime(at),
      type: type ?? '',
      text: encoding
        ? w.t('двоичные данные, {{size}}', { size: w.bytes(Buffer.from(data, 'base64').length) })
        : short(data),
      binary: encoding !== undefined,
    })),
    next: last !== undefined && last < newest ? `${path}?${next}` : null,
  };
}

function short(text: string): string {
  return text.length > textShown ? `${text.slice(0, textShown)}…` : text;
}
