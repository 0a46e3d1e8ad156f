import { createPerson, subscribe } from '../client.ts';
import { mailTo, receiveMail, stamped } from '../mail.ts';
import {
  type DemoStaff,
  expectStatus,
  type Letter,
  type Scene,
  save,
  staffBrowser,
  user,
  type World,
} from '../world.ts';
import { settle } from './relay.ts';

/** The plan of this person that is open now. */
async function planOf(world: World, subject: string) {
  const dpo = await staffBrowser(world, 'dpo');
  const plans = expectStatus(await dpo.get('/api/v1/erasures?open=true'), 200).body as {
    id: string;
    subject: string;
  }[];
  return plans.find((plan) => plan.subject === subject);
}

/** Tables that show this text anywhere in the open. */
export async function tablesWith(world: World, text: string): Promise<string[]> {
  const { db } = world.app.engine;
  const { rows } = await db.raw(
    `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%'`,
  );
  const found: string[] = [];
  for (const { schema, name } of rows as { schema: string; name: string }[]) {
    const hit = await db.raw('select 1 from ??.?? t where position(lower(?) in lower(t::text)) > 0 limit 1', [
      schema,
      name,
      text,
    ]);
    if (hit.rows.length > 0) found.push(`${schema}.${name}`);
  }
  return found;
}

/** Chapter 7: what is held about the sender of a letter. */
export function letters(all: readonly Letter[]): Scene[] {
  return [
    {
      at: '2026-05-20T10:20',
      chapter: 7,
      title: 'письма субъектов',
      async play(world) {
        for (const [index, letter] of all.entries())
          receiveMail(world, `request-${index + 1}.eml`, stamped(world, letter.bytes));
        await settle(world);
        const dpo = await staffBrowser(world, 'dpo');
        const requests = expectStatus(await dpo.get('/api/v1/requests?open=true'), 200).body as {
          number: string;
          kind: string;
          receivedAt: string;
          dueOn: string;
        }[];
        world.report.check(7, 'every letter became a request, once', requests.length === all.length, {
          letters: all.length,
          requests: requests.length,
        });
        receiveMail(world, 'request-again.eml', stamped(world, (all[0] as Letter).bytes));
        await settle(world);
        const after = expectStatus(await dpo.get('/api/v1/requests?open=true'), 200).body.length;
        world.report.check(7, 'the same letter delivered twice is one request', after === all.length);
        if (!requests.some(({ kind }) => kind === 'access')) {
          for (const [index, letter] of world.ours.entries()) {
            receiveMail(world, `ours-${index + 1}.eml`, stamped(world, letter.bytes));
          }
          await settle(world);
        }
        world.report.figures(7, {
          requests: requests.map(({ number, receivedAt, dueOn }) => ({ number, receivedAt, dueOn })),
        });
      },
    },
    {
      at: '2026-05-21T11:00',
      chapter: 7,
      title: 'личность, сбор, ответ',
      async play(world) {
        const dpo = await staffBrowser(world, 'dpo');
        const requests = expectStatus(await dpo.get('/api/v1/requests?open=true'), 200).body as {
          number: string;
          kind: string;
        }[];
        let saved = false;
        for (const { number, kind } of requests) {
          const path = `/api/v1/requests/${encodeURIComponent(number)}`;
          const candidates = expectStatus(await dpo.get(`${path}/candidates`), 200).body as { subject: string }[];
          const subject = candidates[0]?.subject ?? null;
          expectStatus(
            await dpo.send('POST', `${path}/identify`, {
              subject,
              method: subject ? 'registered-email' : 'unknown-sender',
            }),
            200,
          );
          await settle(world);
          const now = expectStatus(await dpo.get(path), 200).body;
          if (kind === 'erasure' && subject) {
            world.kept[`erasure:${number}`] = subject;
            continue;
          }
          if (now.state !== 'answered' && now.state !== 'closed') {
            expectStatus(
              await dpo.send(
                'POST',
                `${path}/answer`,
                kind === 'access' ? {} : { text: 'Обращение рассмотрено, данные приведены в приложении.' },
              ),
              200,
            );
            await settle(world);
          }
          const answered = expectStatus(await dpo.get(path), 200).body;
          world.report.check(
            7,
            `${number}: answered before the due date`,
            answered.answeredAt !== null && answered.answeredAt.slice(0, 10) <= answered.dueOn,
            answered,
          );
          if (!saved && kind === 'access' && answered.answerDocument) {
            saved = true;
            const pdf = await save(world, dpo, answered.answerDocument, 'access-answer.pdf');
            const zip = answered.packageDocument
              ? await save(world, dpo, answered.packageDocument, 'access-answer.zip')
              : null;
            world.report.check(7, 'the answer has its PDF and a ZIP with JSON and CSV', zip !== null);
            world.report.check(
              7,
              'every store was asked',
              answered.parts.length > 0 &&
                answered.parts.every(({ outcome }: { outcome: string }) => outcome !== 'failed'),
              answered.parts,
            );
            world.report.figures(7, {
              access: {
                number,
                receivedAt: answered.receivedAt,
                dueOn: answered.dueOn,
                answeredAt: answered.answeredAt,
                pdfSha256: pdf,
                zipSha256: zip,
                because: answered.deadline?.because?.winner,
              },
            });
          }
        }
        world.report.check(7, 'at least one letter asked for access and got its answer', saved);
      },
    },
    {
      at: '2026-05-22T12:00',
      chapter: 7,
      title: 'удаления по письмам',
      async play(world) {
        const second = await staffBrowser(world, 'second');
        for (const [key, subject] of Object.entries(world.kept)) {
          if (!key.startsWith('erasure:')) continue;
          const plan = await planOf(world, subject);
          if (plan) expectStatus(await second.send('POST', `/api/v1/erasures/${plan.id}/check`), 200);
          await settle(world);
          const { body } = expectStatus(
            await second.get(`/api/v1/requests/${encodeURIComponent(key.slice('erasure:'.length))}`),
            200,
          );
          world.report.check(
            7,
            `${key.slice('erasure:'.length)}: erased and answered`,
            ['answered', 'closed'].includes(body.state),
            body,
          );
        }
      },
    },
  ];
}

/** Chapter 8: an account is deleted; one plan is checked by a second person, another by nobody. */
export const deletions: Scene[] = [
  {
    at: '2026-06-12T14:00',
    chapter: 8,
    title: 'пользователь удаляет учётную запись',
    async play(world) {
      const boris = user(world, 'boris');
      const preview = expectStatus(await boris.browser.get('/api/v1/account/deletion'), 200).body;
      const stays = preview.items.filter(({ outcome }: { outcome: string }) => outcome === 'retain');
      world.report.check(
        8,
        'shown first: what goes, what stays, on which ground and until when',
        preview.items.some(({ outcome }: { outcome: string }) => outcome === 'erase') &&
          stays.length > 0 &&
          stays.every((item: { because?: string; until?: string }) => item.because && item.until),
        preview.items,
      );
      world.report.check(
        8,
        'the paid time that is lost is shown',
        preview.lostPaidTime !== null && JSON.stringify(preview.lostPaidTime).includes(String(world.kept.borisPaidTo)),
        preview.lostPaidTime,
      );
      world.report.check(
        8,
        'sealed contents stay six months and their metadata three years from the day of the message',
        ['2026-11-25', '2029-05-25'].every((day) => stays.some(({ until }: { until: string }) => until === day)),
        stays.map(({ title, until }: { title: string; until: string }) => ({ title, until })),
      );
      world.report.check(
        8,
        'payment documents stay five years after the reporting year',
        stays.some(({ until }: { until: string }) => until === '2031-12-31'),
        stays,
      );
      const listening = await subscribe(world.app.url, world.kept.borisToken as string, 'events');
      const done = expectStatus(
        await boris.browser.send('DELETE', '/api/v1/account', { password: boris.password }),
        200,
        202,
      ).body;
      world.kept.borisPlan = done.plan;
      world.report.check(8, 'erased by 2026-06-19 at the latest', String(done.eraseBy) === '2026-06-19', done);
      await listening.closed;
      world.report.check(8, 'the open connection is closed at the click', true);
      const after = await boris.browser.get('/api/v1/account/deletion');
      world.report.check(8, 'the session is dead at the click', after.status === 401, after.status);
      const dead = await fetch(`${world.app.url}/relay/v1/channels/events/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${world.kept.borisToken}` },
        body: '{}',
      });
      world.report.check(8, 'the token is dead at the click', dead.status === 401, dead.status);
      const back = createPerson(world.app.url);
      world.report.check(
        8,
        'nobody signs in to a deleted account',
        (await back.send('POST', '/api/v1/session', { email: boris.email, password: boris.password })).status === 401,
      );
      world.report.figures(8, {
        plan: done.plan,
        request: done.number,
        stays: stays.map((item: { title: string; until: string; because: string }) => ({
          title: item.title,
          until: item.until,
          because: item.because,
        })),
      });
    },
  },
  {
    at: '2026-06-15T10:00',
    chapter: 8,
    title: 'второй человек проверяет план',
    async play(world) {
      const boris = user(world, 'boris');
      const dpo = await staffBrowser(world, 'dpo');
      const plan = await planOf(world, boris.subject);
      world.report.check(8, 'the plan waits for a second person', plan?.id === world.kept.borisPlan);
      expectStatus(await dpo.send('POST', `/api/v1/erasures/${world.kept.borisPlan}/check`), 200);
      await settle(world);
      const done = expectStatus(await dpo.get(`/api/v1/erasures/${world.kept.borisPlan}`), 200).body;
      const farewell = (await mailTo(world, boris.email)).at(-1);
      world.report.check(
        8,
        'the letter says what went, what stays and until when, and brings the act',
        farewell?.text?.includes('2031') === true && farewell.attachments.length > 0,
        { subject: farewell?.subject, attachments: farewell?.attachments.map(({ filename }) => filename) },
      );
      world.report.check(
        8,
        'carried out within the promised seven days',
        done.state === 'executed' && done.executedAt < '2026-06-19T21:00',
        done,
      );
      world.report.check(8, 'the erasure ran as a job', typeof done.job === 'string' && done.job.length > 10);
      const leaks = [...(await tablesWith(world, boris.email)), ...(await tablesWith(world, boris.name))];
      world.report.check(8, 'name and address stand in no table any more', leaks.length === 0, leaks);
      const acts = expectStatus(await dpo.get('/api/v1/acts'), 200).body as {
        id: string;
        number: string;
        plan: string | null;
        document: string;
        signed: unknown;
        keepUntil: string;
      }[];
      const act = acts.find((one) => one.plan === world.kept.borisPlan);
      if (!act) throw new Error('There is no act of the deletion.');
      world.report.check(8, 'the act is a draft until it is signed', act.signed === null);
      const draft = await save(world, dpo, act.document, 'destruction-act-draft.pdf');
      const { name } = world.staff.get('dpo') as DemoStaff;
      const signed = expectStatus(
        await dpo.send('POST', `/api/v1/acts/${act.id}/sign`, {
          name,
          post: 'ответственный за обработку персональных данных',
        }),
        200,
      ).body;
      const digest = await save(world, dpo, signed.document, 'destruction-act.pdf');
      world.report.check(8, 'the signed act is another document', digest !== draft);
      world.report.check(8, 'the evidence is kept three years', act.keepUntil === '2029-06-15', act.keepUntil);
      world.report.figures(8, {
        act: act.number,
        job: done.job,
        executedAt: done.executedAt,
        actSha256: digest,
        keepUntil: act.keepUntil,
      });
    },
  },
  {
    at: '2026-06-12T15:00',
    chapter: 8,
    title: 'ещё одно удаление, которое никто не проверит',
    async play(world) {
      const zoya = user(world, 'zoya');
      const done = expectStatus(
        await zoya.browser.send('DELETE', '/api/v1/account', { password: zoya.password }),
        200,
        202,
      ).body;
      world.kept.zoyaPlan = done.plan;
    },
  },
  {
    at: '2026-06-20T00:00',
    chapter: 8,
    title: 'семь дней прошли',
    async play(world) {
      const zoya = user(world, 'zoya');
      const dpo = await staffBrowser(world, 'dpo');
      const plan = expectStatus(await dpo.get(`/api/v1/erasures/${world.kept.zoyaPlan}`), 200).body;
      world.report.check(
        8,
        'erased in time even if nobody checks',
        plan.state === 'executed' && plan.checkedBy === null && plan.executedAt < '2026-06-19T21:00',
        plan,
      );
      world.report.check(8, 'and is in no table either', (await tablesWith(world, zoya.email)).length === 0);
      world.report.figures(8, { unchecked: { plan: plan.id, job: plan.job, executedAt: plan.executedAt } });
    },
  },
];
