import { sectionOf } from '../../../law/index.ts';
import { advanceTo } from '../../advance.ts';
import { publish, type Subscriber, subscribe } from '../client.ts';
import { mailTo } from '../mail.ts';
import { expectStatus, type Payload, type Scene, save, sha256, staffBrowser, user, type World } from '../world.ts';
import { free } from './people.ts';

const channel = 'events';

/** Publishes half over HTTP and half over WebSocket, one after the other, and answers what was acknowledged. */
async function publishAll(
  world: World,
  payloads: readonly Payload[],
  socket: Subscriber,
): Promise<{ id: string; offset: number; sha256: string }[]> {
  const acknowledged: { id: string; offset: number; sha256: string }[] = [];
  for (const [index, payload] of payloads.entries()) {
    const ack =
      index % 2 === 0
        ? expectStatus(
            await publish(world.app.url, world.kept.annaToken as string, channel, payload.bytes, payload.type),
            202,
          ).body
        : await socket.publish(channel, payload.bytes);
    acknowledged.push({ id: ack.id, offset: ack.offset, sha256: sha256(payload.bytes) });
  }
  return acknowledged;
}

/** Chapters 3, 5 and 6: messages, limits, a look at the logs. */
export const messages: Scene[] = [
  {
    at: '2026-05-12T12:00',
    chapter: 3,
    title: 'настоящие сообщения по HTTP и WebSocket',
    async play(world) {
      const token = world.kept.annaToken as string;
      const origin = world.app.url;
      const first = await subscribe(origin, token, channel);
      const second = await subscribe(origin, token, channel);
      const canary = { name: 'canary', bytes: Buffer.from(`{"note":"${world.canary}"}`), type: 'application/json' };
      const payloads = [...world.payloads, canary];
      const acknowledged = await publishAll(world, payloads, first);
      for (const subscriber of [first, second]) await subscriber.until(payloads.length);
      const wanted = payloads.map(({ bytes }) => sha256(bytes));
      for (const [name, subscriber] of [
        ['first', first],
        ['second', second],
      ] as const) {
        world.report.check(
          3,
          `every payload arrives byte for byte, once, in order (${name} subscriber)`,
          subscriber.received.length === wanted.length &&
            subscriber.received.every(
              ({ bytes, offset }, index) => sha256(bytes) === wanted[index] && offset === index + 1,
            ),
        );
      }
      world.report.check(
        3,
        'offsets have no gap',
        acknowledged.every(({ offset }, index) => offset === index + 1),
      );
      const logged = await world.app.engine
        .db('relay.messages')
        .whereIn(
          'id',
          acknowledged.map(({ id }) => id),
        )
        .count({ count: '*' })
        .first();
      world.report.check(
        3,
        'every acknowledged message is in the log',
        Number(logged?.count) === acknowledged.length,
        logged,
      );
      const pulled = expectStatus(await pull(world, token, 0), 200).body.messages as { id: string }[];
      world.report.check(3, 'a pull from the log gives the same messages', pulled[0]?.id === acknowledged[0]?.id);
      world.report.check(3, 'a wrong token and a missing one get the same 401', await sameRefusal(world));
      const large = await publish(
        origin,
        token,
        channel,
        Buffer.alloc(1024 * 1024 + 1, 'x'),
        'application/octet-stream',
      );
      world.report.check(3, 'a body over the limit is refused with 413', large.status === 413);
      first.close();
      second.close();
      const last = acknowledged.at(-1);
      world.kept.canaryMessage = last?.id ?? '';
      world.report.figures(3, {
        published: payloads.length,
        bytes: payloads.reduce((sum, { bytes }) => sum + bytes.length, 0),
        overHttp: Math.ceil(payloads.length / 2),
        overWebSocket: Math.floor(payloads.length / 2),
        digest: sha256(Buffer.from(wanted.join('\n'))),
      });
    },
  },
  {
    at: '2026-05-12T13:00',
    chapter: 3,
    title: 'сообщения других проектов',
    async play(world) {
      for (const key of free(world)) {
        const body = Buffer.from(JSON.stringify({ from: key, note: world.canary }));
        expectStatus(await publish(world.app.url, world.kept[`${key}Token`] as string, channel, body), 202);
      }
    },
  },
  {
    at: '2026-05-14T12:00',
    chapter: 5,
    title: 'дневной лимит и соединения',
    async play(world) {
      const token = world.kept.levToken as string;
      const lev = user(world, 'lev');
      const { db } = world.app.engine;
      const limit = world.app.engine.law.operator.plans.find(({ id }) => id === 'mini')?.limits ?? {
        messagesPerDay: 0,
        connections: 0,
      };
      const statuses: number[] = [];
      let refusal: unknown = null;
      for (let n = 1; n <= limit.messagesPerDay + 1; n++) {
        const answer = await publish(world.app.url, token, channel, Buffer.from(`{"n":${n}}`));
        statuses.push(answer.status);
        if (answer.status !== 202) refusal = answer.body;
      }
      await world.app.engine.jobs.idle();
      world.report.check(
        5,
        'messages inside the limit are taken',
        statuses.slice(0, -1).every((status) => status === 202),
        statuses,
      );
      world.report.check(
        5,
        'the message over the limit is refused with 429, naming the clause',
        statuses.at(-1) === 429 && JSON.stringify(refusal).includes('4.5'),
        refusal,
      );
      const kept = await db('relay.payloads')
        .where({ project_id: world.kept.levProject })
        .count({ count: '*' })
        .first();
      world.report.check(
        5,
        'the refused message leaves no payload',
        Number(kept?.count) === limit.messagesPerDay,
        kept,
      );
      const open: Subscriber[] = [];
      let refused = 0;
      for (let n = 1; n <= limit.connections + 1; n++) {
        try {
          open.push(await subscribe(world.app.url, token, channel));
        } catch (error) {
          refused = Number((error as Error).message);
        }
      }
      world.report.check(
        5,
        'the connection over the limit is refused with 429 and the others stay',
        refused === 429 && open.length === limit.connections,
        { refused, open: open.length },
      );
      for (const socket of open) socket.close();
      await Promise.all(open.map(({ closed }) => closed));
      await settle(world);
      const notices = expectStatus(await lev.browser.get('/api/v1/notices'), 200).body as {
        template: string;
        id: string;
      }[];
      world.kept.levNotices = String(notices.length);
      world.report.check(
        5,
        'a notice at 80 % and one at 100 %, for messages and for connections, in the dashboard',
        notices.filter(({ template }) => template.startsWith('limit.')).length >= 3,
        notices.map(({ template }) => template),
      );
      const mails = (await mailTo(world, lev.email)).map(({ subject }) => subject);
      world.report.check(5, 'the same notices leave as e-mail', mails.length >= notices.length, mails);
      world.report.figures(5, { statuses, mails, notices: notices.map(({ template }) => template) });
    },
  },
  {
    at: '2026-05-15T11:00',
    chapter: 6,
    title: 'доступ к журналам сообщений',
    async play(world) {
      const specialist = await staffBrowser(world, 'specialist');
      const dpo = await staffBrowser(world, 'dpo');
      const scope = { project: world.kept.annaProject, from: '2026-05-12', before: '2026-05-14' };
      const { purposes, forbidden } = sectionOf(world.app.engine.law.operator, 'logAccess');
      const without = await specialist.send('POST', '/api/v1/log-access', { need: '', scope });
      const needless = await specialist.send('POST', '/api/v1/log-access', { purpose: purposes[0]?.id, scope });
      const banned = await specialist.send('POST', '/api/v1/log-access', {
        purpose: forbidden[0]?.id,
        need: 'Служебная записка № 7',
        scope,
      });
      world.report.check(6, 'refused without a purpose', without.status >= 400 && without.status < 500, without.body);
      world.report.check(
        6,
        'refused without a document of need',
        needless.status >= 400 && needless.status < 500,
        needless.body,
      );
      world.report.check(
        6,
        'refused for a purpose that offer 3.5.5 forbids',
        banned.status >= 400 && JSON.stringify(banned.body).includes('3.5.5'),
        banned.body,
      );
      const asked = expectStatus(
        await specialist.send('POST', '/api/v1/log-access', {
          purpose: purposes[1]?.id ?? purposes[0]?.id,
          need: 'Служебная записка № 12 от 15.05.2026',
          scope,
        }),
        200,
        201,
      ).body;
      const { id } = asked;
      const early = await specialist.get(`/api/v1/log-access/${id}/rows`);
      world.report.check(6, 'nothing is shown before the grant', early.status >= 400, early.status);
      expectStatus(await dpo.send('POST', `/api/v1/log-access/${id}/grant`), 200);
      const { journal } = world.app.engine;
      await journal.sealUp();
      const before = (await journal.list({ limit: 1 }))[0]?.seq ?? 0;
      const { rows } = expectStatus(await specialist.get(`/api/v1/log-access/${id}/rows`), 200).body as {
        rows: unknown[];
      };
      await journal.sealUp();
      const written = await journal.list({ after: before, order: 'oldest', limit: 20 });
      world.report.check(
        6,
        'the look is in the journal',
        written.some(({ action, about }) => action.startsWith('log.') && about === id),
        written.map(({ action }) => action),
      );
      world.report.check(6, 'with one of the four purposes and a grant the rows are shown', rows.length > 0);
      world.report.figures(6, { grant: id, rowsShown: rows.length, refusedAttempts: 3 });
    },
  },
  {
    at: '2026-05-15T15:00',
    chapter: 6,
    title: 'отчёт аудитора',
    async play(world) {
      const auditor = await staffBrowser(world, 'auditor');
      const report = expectStatus(
        await auditor.send('POST', '/api/v1/log-access-reports', {
          from: '2026-05-01T00:00:00+03:00',
          to: '2026-05-16T00:00:00+03:00',
        }),
        200,
        201,
      ).body;
      const digest = await save(world, auditor, report.id, 'log-access-report.pdf');
      world.report.check(6, 'the auditor exports the report as PDF, with its digest', digest === report.sha256, report);
      world.report.figures(6, { report: { number: report.number, sha256: digest, pages: report.pages } });
    },
  },
];

/** The last message of the script: what a token still reads when the demo is over. */
export const lastMessage: Scene[] = [
  {
    at: '2029-06-04T12:00',
    chapter: 3,
    title: 'сообщение, которое ещё можно прочитать',
    async play(world) {
      const { body } = expectStatus(
        await publish(world.app.url, world.kept.annaToken as string, channel, Buffer.from('{"text":"ещё читается"}')),
        202,
      );
      world.kept.lastOffset = String(body.offset);
      const { messages: pulled } = expectStatus(
        await pull(world, world.kept.annaToken as string, body.offset - 1),
        200,
      ).body;
      world.report.check(
        3,
        'offsets of a channel go on after the old messages are gone',
        pulled.length === 1 && pulled[0].offset === body.offset,
        body,
      );
    },
  },
];

async function pull(world: World, token: string, after: number) {
  const response = await fetch(`${world.app.url}/relay/v1/channels/${channel}/messages?after=${after}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, bytes, body: JSON.parse(bytes.toString('utf8')) };
}

async function sameRefusal(world: World): Promise<boolean> {
  const url = `${world.app.url}/relay/v1/channels/${channel}/messages`;
  const answers = await Promise.all(
    [undefined, { authorization: 'Bearer srok_wrong' }].map(async (headers) => {
      const response = await fetch(url, { method: 'POST', body: '{}', ...(headers ? { headers } : {}) });
      return [response.status, await response.text()].join(' ');
    }),
  );
  return answers[0] === answers[1] && (answers[0] as string).startsWith('401');
}

/** Does everything that is due at this very moment, without moving time. */
export async function settle({ app, clock }: World): Promise<void> {
  await advanceTo({ clock, jobs: app.engine.jobs }, clock.now());
}
