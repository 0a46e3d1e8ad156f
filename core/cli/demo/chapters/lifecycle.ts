import { Temporal } from '../../../base/index.ts';
import { dayIn, type Scene, signIn, user, type World } from '../world.ts';
import { tablesWith } from './requests.ts';

const firstMonth = Temporal.PlainYearMonth.from('2026-06');
const lastMonth = Temporal.PlainYearMonth.from('2029-05');

/** Those who must stay active sign in once a month. */
export function monthlySignIns(): Scene[] {
  const scenes: Scene[] = [];
  for (
    let month = firstMonth;
    Temporal.PlainYearMonth.compare(month, lastMonth) <= 0;
    month = month.add({ months: 1 })
  ) {
    scenes.push({
      at: `${month}-10T12:00`,
      chapter: 9,
      title: 'ежемесячный вход',
      async play(world) {
        const who = ['anna', 'dina'];
        // Grigory comes back after the notice of June 2027 and stays.
        if (Temporal.PlainYearMonth.compare(month, Temporal.PlainYearMonth.from('2027-07')) >= 0) who.push('grigory');
        for (const key of who) await signIn(world, user(world, key));
        world.kept.signIns = String(Number(world.kept.signIns ?? 0) + who.length);
      },
    });
  }
  return scenes;
}

async function stateOf(world: World, key: string) {
  const { accounts, db } = world.app.engine;
  return accounts.get(db, user(world, key).account);
}

/** Chapter 9: twelve months without activity, the notice, the block, the erasure. */
export const inactivity: Scene[] = [
  {
    at: '2027-05-31T23:59',
    chapter: 9,
    title: 'двенадцать месяцев без активности',
    async play(world) {
      world.report.check(
        9,
        'no notice before both readings of twelve months have passed',
        (await stateOf(world, 'vera'))?.noticedAt === null,
      );
    },
  },
  {
    at: '2027-06-01T23:00',
    chapter: 9,
    title: 'уведомление о неактивности',
    async play(world) {
      for (const key of ['vera', 'grigory']) {
        const account = await stateOf(world, key);
        world.report.check(
          9,
          `${key} is noticed on 2027-06-01`,
          account?.noticedAt?.toZonedDateTimeISO('Europe/Moscow').toPlainDate().toString() === '2027-06-01',
          account?.noticedAt,
        );
      }
      world.report.check(
        9,
        'whoever signs in monthly is not noticed',
        (await stateOf(world, 'anna'))?.noticedAt === null,
      );
    },
  },
  {
    at: '2027-06-20T12:00',
    chapter: 9,
    title: 'вход после уведомления',
    async play(world) {
      await signIn(world, user(world, 'grigory'));
      const account = await stateOf(world, 'grigory');
      world.report.check(
        9,
        'whoever signs in after the notice is left alone',
        account?.state === 'active' && account.noticedAt === null,
        account,
      );
    },
  },
  {
    at: '2027-07-02T23:00',
    chapter: 9,
    title: 'блокировка',
    async play(world) {
      const vera = await stateOf(world, 'vera');
      world.report.check(
        9,
        'blocked on 2027-07-02, after thirty full days',
        vera?.blockedAt?.toZonedDateTimeISO('Europe/Moscow').toPlainDate().toString() === '2027-07-02' &&
          vera.blockGround === 'inactivity',
        vera,
      );
      world.report.check(9, 'the other is not blocked', (await stateOf(world, 'grigory'))?.state === 'active');
    },
  },
  {
    at: '2027-09-30T23:59',
    chapter: 9,
    title: 'девяносто дней блокировки',
    async play(world) {
      world.report.check(9, 'not erased before 2027-10-01', (await stateOf(world, 'vera'))?.erasedAt === null);
    },
  },
  {
    at: '2027-10-08T00:00',
    chapter: 9,
    title: 'уничтожение',
    async play(world) {
      const vera = user(world, 'vera');
      const account = await stateOf(world, 'vera');
      const erasedOn = account?.erasedAt?.toZonedDateTimeISO('Europe/Moscow').toPlainDate().toString();
      world.report.check(
        9,
        'erased from 2027-10-01 and by 2027-10-07',
        account === null || (erasedOn !== undefined && erasedOn >= '2027-10-01' && erasedOn <= '2027-10-07'),
        erasedOn,
      );
      world.report.check(
        9,
        'name and address stand in no table any more',
        [...(await tablesWith(world, vera.email)), ...(await tablesWith(world, vera.name))].length === 0,
        await tablesWith(world, vera.email),
      );
      const plans = await world.app.engine.retention.plans.list({ subject: vera.subject });
      world.report.figures(9, {
        erased: plans.map(({ id, executedAt, job, cause }) => ({ plan: id, executedAt, job, cause: cause.kind })),
      });
    },
  },
  {
    at: '2029-06-04T13:00',
    chapter: 9,
    title: 'кто остался',
    async play(world) {
      const { accounts, db } = world.app.engine;
      const living = await accounts.living(db, { limit: 1000 });
      world.report.check(
        9,
        'the three who signed in monthly are there to the end',
        ['anna', 'dina', 'grigory'].every((key) => living.some(({ id }) => id === user(world, key).account)),
      );
      world.report.figures(9, {
        signIns: Number(world.kept.signIns),
        living: living.length,
        goneByInactivity: [...world.users.keys()].length - living.length,
        on: dayIn(world).toString(),
      });
    },
  },
];
