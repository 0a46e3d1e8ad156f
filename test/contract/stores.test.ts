import { expect } from 'chai';
import { Temporal } from '../../core/base/index.ts';
import { type Anchor, type DateRange, isUnsupported, type RegisteredStore } from '../../core/datamap/index.ts';
import type { Planted } from '../support/people.ts';
import {
  amountOf,
  type Copy,
  type Couple,
  coupleIn,
  daysOf,
  erase,
  ourTables,
  type PlantedHouse,
  plantHouse,
  type Rows,
  rowsOf,
  rowsWith,
  shownOf,
  stateOf,
} from '../support/store-contract.ts';

/** Stores that hold nothing under a person's id, each with why. */
const underNobody: Record<string, string> = {
  'letters.log-access': 'A report names everyone who looked at the log, so it is filed under none of them.',
  'requests.identity': 'Nobody knows whose a document of identity is before it is checked, and then it is gone.',
  'requests.objections': 'Objections to a legitimate interest are taken where the documents name the right.',
};

/** Stores that keep what a request asks to erase, each with why. */
const keepsAtRequest: Record<string, string> = {
  'accounts.staff': 'The profile of somebody who works here goes when the administrator closes the account.',
};

/** Stores that go on showing something after an erasure, each with why. */
const stillShows: Record<string, string> = {
  'journal.bodies': 'The headers stay: they say when what was done, by random ids, and the chain is the proof.',
};

describe('the contract of every store of an installation', function () {
  this.timeout(120_000);
  let house: PlantedHouse;
  let whole: Copy; // looked at, never changed
  const planted = new Map<string, Couple>();
  const dated = new Map<string, Couple>();

  let everything: Rows;
  const shownBefore = new Map<string, Record<string, string>>();

  before(async () => {
    house = await plantHouse();
    whole = await house.copy();
    everything = await rowsOf(whole.db);
    for (const store of house.datamap.stores()) {
      const couple = await coupleIn(house, whole, store);
      if (couple) planted.set(store.key, couple);
      const withDays = couple && (await coupleIn(house, whole, store, { dated: true }));
      if (withDays) dated.set(store.key, withDays);
    }
    for (const { boris } of house.couples) shownBefore.set(boris.subject, await shownOf(whole, boris.subject));
  });
  after(async () => {
    await whole?.close();
    await house?.close();
  });

  /** Tries every store and names those that break the rule. */
  async function forEvery(
    check: (store: RegisteredStore, couple: Couple) => Promise<void>,
    couples = planted,
  ): Promise<void> {
    const problems: string[] = [];
    for (const store of house.datamap.stores()) {
      const couple = couples.get(store.key);
      if (!couple) continue;
      await check(store, couple).catch((error: Error) => problems.push(`${store.key}: ${error.message}`));
    }
    expect(problems.join('\n')).to.equal('');
  }

  it('somebody has left something in every store, or it is said why nobody can', () => {
    const empty = house.datamap.stores().flatMap(({ key }) => (planted.has(key) ? [] : [key]));
    expect(empty).to.deep.equal(Object.keys(underNobody));
  });

  it('shows a person nothing of anyone else, and no secret', () =>
    forEvery(async ({ store }) => {
      for (const couple of house.couples) {
        for (const [person, other] of [
          [couple.anna, couple.boris],
          [couple.boris, couple.anna],
        ] as const) {
          const collected = await whole.trial((context) => store.collect(person.subject, context));
          expect(collected.source, 'source').to.match(/[а-яё]{4}/i);
          for (const row of collected.rows) {
            for (const [field, value] of Object.entries(row)) {
              expect(value instanceof Uint8Array, `${field} is bytes`).to.equal(false);
            }
          }
          const shown = JSON.stringify(collected);
          const strangers = house.couples.flatMap(({ anna, boris }) => [anna, boris]).filter((one) => one !== person);
          for (const { words, ids } of [other, ...strangers]) {
            // An id that both know, such as the look of one at the project of another, is not somebody else's alone.
            const theirs = [...words, ...ids].filter((text) => ![...person.words, ...person.ids].includes(text));
            expect(
              theirs.filter((text) => shown.includes(text)),
              `shown to ${person.name}`,
            ).to.deep.equal([]);
          }
          const secrets = [...person.secrets, ...(await hashesOf(whole, person.account, person.subject))];
          expect(secrets.filter((secret) => shown.includes(secret))).to.deep.equal([]);
        }
      }
    }));

  it('erases one person at a request: everything, once, and nobody else', () =>
    forEvery(async (entry, { anna, boris }) => {
      const { key, store } = entry;
      await house.lend(async (copy) => {
        const run = () =>
          erase(copy, entry, { why: 'request', subject: anna.subject, anchored: 'all' }, 'pln_contract');
        const first = await run();
        const once = await stateOf(copy);
        const again = await run();
        const twice = await stateOf(copy);
        expectSame(twice.rows, once.rows, 'rows after the second call');
        expect(twice.keys).to.deep.equal(once.keys);
        expect(again.affected, 'affected by the second call').to.be.oneOf([0, first.affected]);

        if (key in keepsAtRequest) {
          expect(first).to.include({ outcome: 'retained', affected: 0 });
          expect(first.because).to.match(sentence);
          expectSame(twice.rows, everything, 'rows');
        } else {
          expect(first.outcome).to.be.oneOf(['erased', 'anonymised']);
          expect(first.affected).to.be.greaterThan(0);
          expect(first.remaining, 'remaining').to.equal(0);
          expectNone(rowsWith(only(twice.rows, store.tables), [...anna.words, ...anna.secrets]));
          const left = await copy.trial((context) => store.collect(anna.subject, context));
          if (!(key in stillShows)) expect(amountOf(left), 'shown afterwards').to.equal(0);
          expect((first.keyNames ?? []).filter((name) => copy.vault.has(name))).to.deep.equal([]);
        }
        const others = [...boris.words, ...boris.ids];
        expectSame(rowsWith(twice.rows, others), rowsWith(everything, others), 'rows of the other person');
        expect(await shownOf(copy, boris.subject)).to.deep.equal(shownBefore.get(boris.subject));
      });
    }));

  it('destroys what has outlived its term, once, and nothing of a person on hold', () =>
    forEvery(async (entry, { anna, boris }) => {
      const { store } = entry;
      await house.lend(async (copy) => {
        const others = [...boris.words, ...boris.ids];
        const days = await daysOf(whole, store, boris.subject);
        const anchored = await daysOf(whole, store);
        const run = () => erase(copy, entry, { why: 'expiry', anchored, held: [boris.subject] }, 'swp_contract');

        const first = await run();
        expect(first.outcome).to.be.oneOf(['erased', 'anonymised']);
        expect(first.affected).to.be.greaterThan(0);
        expect(await daysOf(copy, store, anna.subject), 'days of the one who is not held').to.deep.equal([]);
        const once = await stateOf(copy);
        const again = await run();
        const twice = await stateOf(copy);
        expectSame(twice.rows, once.rows, 'rows after the second call');
        expect(twice.keys).to.deep.equal(once.keys);
        expect(again.affected, 'affected by the second call').to.be.oneOf([0, first.affected]);

        expect((await daysOf(copy, store, boris.subject)).map(text)).to.deep.equal(days.map(text));
        expect(await shownOf(copy, boris.subject)).to.deep.equal(shownBefore.get(boris.subject));
        // Rows may have moved from one table of the store to another, under other keys; elsewhere nothing changed.
        const [before, after] = [rowsWith(everything, others), rowsWith(twice.rows, others)];
        const own = (rows: Rows): number =>
          store.tables.reduce((sum, table) => sum + (rows.get(table)?.length ?? 0), 0);
        expect(own(after), 'rows of the person on hold').to.equal(own(before));
        for (const table of store.tables) for (const rows of [after, before]) rows.delete(table);
        expectSame(after, before, 'rows of the person on hold');
      });
    }, dated));

  it('leaves everything alone at the end of a term that no record has', () =>
    forEvery(async ({ key, store }) => {
      const { erase: work } = store;
      if (dated.has(key) || isUnsupported(work)) return;
      await whole.trial(async (context) => {
        const receipt = await work({ why: 'expiry', anchored: [], held: [] }, context);
        expect(receipt.affected).to.equal(0);
        expectSame(await rowsOf(context.trx, store.tables), only(everything, store.tables), 'rows');
      });
    }));

  it('knows the first and the last of its days as they are, from whatever day on', async () => {
    let seen = 0;
    await forEvery(async ({ store }) => {
      const days = (await daysOf(whole, store)).flatMap(daysIn);
      if (days.length === 0 && !store.span) return;
      seen += days.length;
      expect(store.span, 'a store with days says which is the first').to.be.a('function');
      await whole.trial(async ({ trx }) => {
        for (const from of [undefined, ...days, ...days.map((one) => one.add({ days: 1 }))]) {
          const left = days.filter((one) => !from || Temporal.PlainDate.compare(one, from) >= 0);
          const span = await store.span?.(trx, from);
          expect(span && [span.first, span.last].map(String), `from ${from}`).to.deep.equal(
            left.length > 0 ? [left[0], left.at(-1)].map(String) : null,
          );
        }
      });
    });
    expect(seen, 'days looked at').to.be.greaterThan(10);
  });

  it('counts the days up to one as ever when later ones may be left out', async () => {
    const text = ({ day, count }: Anchor): string => `${day}: ${count}`;
    let seen = 0;
    await forEvery(async ({ store }) => {
      await whole.trial(async ({ trx }) => {
        const all = ((await store.anchors?.(trx)) ?? []).filter(({ day }) => day !== null);
        for (const { day: until } of all) {
          const to = (list: readonly Anchor[]): string[] =>
            list
              .filter(({ day }) => day && until && Temporal.PlainDate.compare(day, until) <= 0)
              .map(text)
              .sort();
          const found = (await store.anchors?.(trx, undefined, until ?? undefined)) ?? [];
          expect(to(found), `to ${until}`).to.deep.equal(to(all));
          seen++;
        }
      });
    });
    expect(seen, 'days looked at').to.be.greaterThan(10);
  });

  it('says in a sentence why it cannot do what it cannot', () =>
    forEvery(async ({ store }) => {
      for (const right of [store.erase, store.rectify, store.restrict]) {
        if (isUnsupported(right)) expect(right.unsupported).to.match(sentence);
      }
    }));

  it('changes what it is told to correct, of that person alone, and shows it', () =>
    forEvery(async ({ store }, { anna, boris }) => {
      const { rectify } = store;
      if (isUnsupported(rectify)) return;
      const columns = Object.keys(store.columns).filter((column) => column.endsWith('.name'));
      expect(columns, 'columns that could be corrected').to.not.deep.equal([]);
      const done = await whole.trial(async (context) => {
        const before = JSON.stringify(await store.collect(boris.subject, context));
        let changed = 0;
        for (const column of columns) {
          const receipt = await rectify(anna.subject, { [column]: 'Исправленное Название' }, context);
          if (receipt.outcome === 'done') changed += receipt.affected;
          else expect(receipt.because).to.match(sentence);
        }
        expect(JSON.stringify(await store.collect(anna.subject, context))).to.include('Исправленное Название');
        expect(JSON.stringify(await store.collect(boris.subject, context))).to.equal(before);
        const wrong = await rectify(anna.subject, { 'core.nothing.at_all': 'x' }, context);
        expect(wrong.outcome).to.equal('not_attempted');
        expect(wrong.because).to.match(sentence);
        return changed;
      });
      expect(done).to.be.greaterThan(0);
    }));

  it('restricts the processing of one person so that it shows, and lifts it again', () =>
    forEvery(async ({ store }, { anna, boris }) => {
      const { restrict } = store;
      if (isUnsupported(restrict)) return;
      await whole.trial(async (context) => {
        const receipt = await restrict(anna.subject, true, context);
        expect(receipt.outcome).to.equal('done');
        expect(receipt.affected).to.be.greaterThan(0);
        const now = await rowsOf(context.trx);
        const of = (rows: Rows, { subject, account }: Planted) => rowsWith(rows, [subject, account]);
        expect(of(now, anna), 'rows of the person').to.not.deep.equal(of(everything, anna));
        expectSame(of(now, boris), of(everything, boris), 'rows of the other person');
        await restrict(anna.subject, false, context);
        expectSame(await rowsOf(context.trx), everything, 'rows after it was lifted');
      });
    }));

  describe('together', () => {
    it('declare every column of every table, or say why a table is about no one', async () => {
      expect(await house.datamap.check(whole.db)).to.deep.equal([]);
      const declared = new Set([
        ...house.datamap.stores().flatMap(({ store }) => store.tables),
        ...house.datamap.impersonal().map(({ table }) => table),
      ]);
      const tools = ['core.migrations', 'core.migrations_lock'];
      expect(
        (await ourTables(whole.db)).filter((table) => !declared.has(table) && !tools.includes(table)),
      ).to.deep.equal([]);
      for (const { table, why } of house.datamap.impersonal()) expect(why, table).to.match(sentence);
    });

    it('do not know a column or a table that somebody adds: the check finds it, in the core and in each plugin', async () => {
      const copy = await house.copy();
      try {
        const added = ['core.accounts.phone', 'relay.projects.owner_phone', 'billing.payments.card', 'core.passports'];
        for (const what of added) {
          const [schema, table, column] = what.split('.') as [string, string, string?];
          await copy.db.raw(
            column ? 'alter table ??.?? add column ?? text' : 'create table ??.?? (id text)',
            column ? [schema, table, column] : [schema, table],
          );
        }
        expect((await house.datamap.check(copy.db)).map(({ what }) => what).sort()).to.deep.equal([...added].sort());
      } finally {
        await copy.close();
      }
    });

    it('have nothing of a person who was erased by a plan, in any table, in plain text', async () => {
      const { anna, boris } = house.couples.find(({ way }) => way === 'erased') as Couple;
      for (const { email, name, secrets } of [anna, boris]) {
        // Payment documents are kept by the law on bookkeeping.
        const found = rowsWith(everything, [email, name, ...secrets]);
        found.delete('billing.payments');
        expectNone(found);
      }
    });
  });
});

const sentence = /\S+ \S+ \S+/;

function daysIn({ from, before }: DateRange): Temporal.PlainDate[] {
  return Array.from({ length: from.until(before).days }, (_, later) => from.add({ days: later }));
}

const text = ({ from, before }: DateRange): string => `${from}/${before}`;

function only(rows: Rows, tables: readonly string[]): Rows {
  return new Map([...rows].filter(([table]) => tables.includes(table)));
}

function expectNone(found: Rows): void {
  expect([...found].map(([table, rows]) => `${table}: ${rows.length}`)).to.deep.equal([]);
}

/** A difference is told by its table and the numbers of rows, not by the rows. */
function expectSame(after: Rows, before: Rows, what: string): void {
  const tables = [...new Set([...after.keys(), ...before.keys()])];
  const differ = tables.filter((table) => after.get(table)?.join('\n') !== before.get(table)?.join('\n'));
  const lines = differ.map((table) => `${table}: ${before.get(table)?.length ?? 0} → ${after.get(table)?.length ?? 0}`);
  expect(lines, what).to.deep.equal([]);
}

/** What only a machine should see of a person: hashes of passwords, tokens, sessions and codes, as they are stored. */
async function hashesOf({ db }: Copy, account: string, subject: string): Promise<string[]> {
  const { rows } = await db.raw(
    `select password_hash as hash from core.profiles where account_id = ?
     union all select password_hash from core.staff_profiles where account_id = ?
     union all select key_hash::text from core.sessions where account_id = ?
     union all select code_hash::text from core.recovery_codes where account_id = ?
     union all select encode(t.hash, 'hex') from relay.tokens t join relay.projects p on p.id = t.project_id
               where p.subject_id = ?
     union all select encode(t.secret, 'base64') from relay.tokens t join relay.projects p on p.id = t.project_id
               where p.subject_id = ?
     union all select encode(t.hash, 'base64') from relay.tokens t join relay.projects p on p.id = t.project_id
               where p.subject_id = ?`,
    [account, account, account, account, subject, subject, subject],
  );
  return rows.map(({ hash }: { hash: string }) => hash).filter(Boolean);
}
