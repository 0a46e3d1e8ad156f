import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import type { Scenario } from '../../core/cli/timeline/index.ts';
import { type Entry, timelineOf } from '../../core/cli/timeline/index.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';
import { aCrew, asksWhatIsHeld, aUser, leaves, publishEditions } from '../support/people.ts';

/*
 * A running service and a timeline are told the same facts; what follows must be the same, to the millisecond.
 */

interface Row {
  name: string;
  about: string;
  subject_id: string | null;
  at: Temporal.Instant;
  fields: Record<string, unknown>;
}

const wrong = (place: number, reason: string): Error => new Error(`${place}: ${reason}`);

/** Everything that was reported until now, as a scenario. */
async function toldUntilNow({ app }: TestApp, until: string): Promise<Scenario> {
  const rows: Row[] = await app.engine.db('core.facts').orderBy('id');
  const facts = rows.map(({ name, about, subject_id, at, fields }, place) => ({
    ...{ fact: name, about, at, subject: subject_id, fields, place },
  }));
  return { operator: 'qsockets', until: Temporal.PlainDate.from(until), facts, holds: [] };
}

/** What became of an account in the service, by the facts it reported. */
async function livedThrough({ app }: TestApp, account: string): Promise<string[]> {
  const states: Record<string, string> = {
    'account.registered': 'active',
    'account.noticed': 'noticed',
    'account.blocked': 'blocked',
    'account.deleted': 'deleted',
    'account.erased': 'erased',
  };
  return (await app.obligations.facts({ about: account }))
    .filter(({ name }) => states[name])
    .map(({ name, at }) => `${at} ${states[name]}`);
}

/** Every duty of the service: when it was opened, its last day, when it was discharged and whether too late. */
async function owedInService({ app }: TestApp, ours: (duty: string) => boolean): Promise<string[]> {
  const rows = await app.obligations.list({ limit: 1000 });
  return rows
    .filter(({ duty }) => ours(duty))
    .flatMap((row) => [
      `${row.openedAt} opened ${row.about} ${row.because?.winner.rule}`,
      ...(row.dischargedAt ? [`${row.dischargedAt} discharged ${row.about} ${row.because?.winner.rule}`] : []),
      ...(row.overdueAt ? [`${row.lateFrom} overdue ${row.about} ${row.because?.winner.rule}`] : []),
    ])
    .sort();
}

const instant = ({ at }: Entry): string => String(Temporal.Instant.from(at));
const states = (entries: readonly Entry[], about: string): string[] =>
  entries
    .filter((entry) => entry.kind === 'state' && entry.about === about)
    .map((entry) => `${instant(entry)} ${entry.to}`);
const owed = (entries: readonly Entry[]): string[] =>
  entries
    .filter(({ kind }) => ['opened', 'discharged', 'overdue'].includes(kind))
    .map((entry) => `${instant(entry)} ${entry.kind} ${entry.about} ${entry.rule}`)
    .sort();

describe('a timeline foretells what the service then does', () => {
  let test: TestApp;
  afterEach(() => test.close());

  it('of an account that nobody uses, from its registration to its erasure', async () => {
    test = await startApp({ at: '2025-05-14T12:00' });
    const { engine } = test.app;
    const person = { email: 'vera@example.org', password: 'пароль для проверки', name: 'Проверкина Вера' };
    const { account } = await engine.db.transaction((trx) => engine.accounts.registerUser(trx, person));
    const foretold = timelineOf(engine.law, await toldUntilNow(test, '2026-12-31'), wrong);
    await test.advance('2026-12-31T23:59');
    const lived = await livedThrough(test, account);
    expect(lived).to.have.length(5);
    expect(states(foretold, account)).to.deep.equal(lived);
    expect(owed(foretold)).to.deep.equal(await owedInService(test, () => true));
  });

  it('of a person with a paid project, an answered request and a withdrawn consent who then stays away', async () => {
    test = await startApp({ at: '2026-05-12T12:00' });
    await publishEditions(test.app);
    const crew = await aCrew(test.app);
    const vera = await aUser(test, crew, 'vera', 'Верина Вера Васильевна');
    await asksWhatIsHeld(test, crew, vera);
    await test.app.engine.db.transaction(async (trx) => {
      const at = test.clock.now();
      const told = { at, subject: vera.subject };
      await test.app.engine.report(trx, {
        ...told,
        name: 'request.received',
        about: 'req_late',
        fields: { kind: 'access' },
      });
      await test.app.engine.report(trx, { ...told, name: 'unlawful.detected', about: 'inc_1' });
    });
    const foretold = timelineOf(test.app.engine.law, await toldUntilNow(test, '2027-12-01'), wrong);
    await test.advance('2027-12-01T23:59');
    const lived = await livedThrough(test, vera.account);
    expect(lived).to.have.length(5);
    expect(states(foretold, vera.account)).to.deep.equal(lived);
    const periods: Row[] = await test.app.engine.db('core.facts').where({ name: 'period.ended' });
    expect(
      foretold.filter(({ to }) => to === 'unpaid').map((entry) => `${entry.about} ${instant(entry)}`),
    ).to.deep.equal(periods.map(({ about, at }) => `${about} ${at}`));
    expect(owed(foretold)).to.deep.equal(await owedInService(test, () => true));
  });

  it('of a person who leaves when nobody looks at the plan', async () => {
    test = await startApp({ at: '2026-05-12T12:00' });
    await publishEditions(test.app);
    const crew = await aCrew(test.app);
    const vera = await aUser(test, crew, 'vera', 'Верина Вера Васильевна');
    test.clock.moveTo(moscow('2026-05-15T18:30'));
    await leaves(vera);
    const foretold = timelineOf(test.app.engine.law, await toldUntilNow(test, '2026-08-01'), wrong);
    await test.advance('2026-08-01T23:59');
    const lived = await livedThrough(test, vera.account);
    expect(lived.at(-1)).to.equal(`${moscow('2026-05-22T00:00')} erased`);
    expect(states(foretold, vera.account)).to.deep.equal(lived);
    // The service also answers the request that it wrote down for the deletion; a timeline answers nobody.
    const duties = await owedInService(test, (duty) => duty !== 'request.answer');
    expect(owed(foretold).filter((line) => !line.includes(' req_'))).to.deep.equal(duties);
  });
});
