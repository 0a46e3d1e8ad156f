import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../../../base/index.ts';
import { openBox } from '../../../vault/index.ts';
import { formsOf, scan } from '../scan.ts';
import { expectStatus, type Scene, sha256, staffBrowser, user, type World } from '../world.ts';

/** Chapter 10: the term of the contents ends, then that of the metadata; and what can still be found in raw bytes. */
export const destruction: Scene[] = [
  {
    at: '2026-05-12T18:00',
    chapter: 10,
    title: 'поиск открытого текста до уничтожения',
    async play(world) {
      const { db, vault } = world.app.engine;
      await db.raw('checkpoint');
      const found = scan(world.home, formsOf(world.canary));
      world.report.check(
        10,
        'the planted text stands in the open nowhere: database, write-ahead log, keystore, mail, logs',
        found.hits.length === 0,
        found.hits,
      );
      const row = await db('relay.payloads').where({ id: world.kept.canaryMessage }).first();
      const box = row.box as Buffer;
      world.kept.canaryBox = box.toString('base64');
      world.kept.canaryAad = `relay.payloads|${row.processed_on}|${row.project_id}|${row.id}`;
      world.report.check(
        10,
        'while its key lives, the ciphertext opens',
        (await vault.open(box, world.kept.canaryAad)).includes(world.canary),
      );
      for (const [name, bytes] of keystoreOf(world)) world.secrets.push({ name, bytes });
      world.report.figures(10, {
        before: { files: found.files, bytes: found.bytes, hits: 0 },
        ciphertextSha256: sha256(box),
      });
    },
  },
  {
    at: '2026-11-12T23:59',
    chapter: 10,
    title: 'последний день шести месяцев',
    async play(world) {
      world.report.check(
        10,
        'contents are there to 2026-11-12 24:00',
        (await count(world, 'relay.payloads', '2026-05-12')) > 0,
      );
    },
  },
  {
    at: '2026-11-13T12:00',
    chapter: 10,
    title: 'содержание уничтожено, метаданные остались',
    async play(world) {
      const { db, vault, journal } = world.app.engine;
      world.report.check(
        10,
        'contents of the day are gone, with their partition',
        (await count(world, 'relay.payloads', '2026-05-12')) === 0 &&
          !(await partitions(world, 'payloads')).some(
            (name) => name.includes('20260512') || name.includes('2026_05_12') || name.includes('2026-05-12'),
          ),
        await partitions(world, 'payloads'),
      );
      world.report.check(
        10,
        'metadata of the day stays',
        (await count(world, 'relay.messages', '2026-05-12')) > world.payloads.length,
      );
      world.report.check(
        10,
        'the keys of the day are gone',
        !vault.names('payload/2026-05-12/').length && vault.names('metadata/2026-05-12/').length > 0,
        vault.names('payload/'),
      );
      await db.raw('checkpoint');
      const box = Buffer.from(world.kept.canaryBox as string, 'base64');
      const opened = await vault.open(box, world.kept.canaryAad as string).then(
        () => 'opened',
        (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
      );
      world.report.check(10, 'the service refuses to open the kept ciphertext', opened.startsWith('vault.'), opened);
      const keys = scan(world.home, new Map(world.secrets.flatMap(({ name, bytes }) => keyForms(name, bytes))));
      world.report.check(
        10,
        'the keys that could open it are found nowhere in raw bytes',
        keys.hits.length === 0,
        keys.hits,
      );
      const tried = bruteForce(world, box, world.kept.canaryAad as string);
      world.report.check(10, 'no 32 bytes of keystore and keys open it', tried.opened === 0, tried);
      const plain = scan(world.home, formsOf(world.canary));
      world.report.check(
        10,
        'the planted text is found nowhere after destruction either',
        plain.hits.length === 0,
        plain.hits,
      );
      await db.transaction((trx) =>
        journal.append(trx, { action: 'data.probed', actor: 'system', body: { hits: 0, keysTried: tried.tried } }),
      );
      const acts = await actsOn(world, '2026-11-13');
      world.report.check(10, 'an act was made on the day', acts.length > 0);
      world.report.figures(10, {
        payloads: { acts, keysTried: tried.tried, scanned: { files: plain.files, bytes: plain.bytes } },
      });
    },
  },
  {
    at: '2029-03-02T12:00',
    chapter: 10,
    title: 'приказ № 179 больше не действует',
    async play(world) {
      const { law } = world.app.engine;
      const findings = law.lint(world.clock.now().toZonedDateTimeISO(law.zone).toPlainDate());
      world.report.check(
        10,
        'the linter says that a successor of order 179 must be entered',
        findings.some(({ id }) => id.includes('179')),
        findings.map(({ id }) => id),
      );
    },
  },
  {
    at: '2029-05-12T23:59',
    chapter: 10,
    title: 'последний день трёх лет',
    async play(world) {
      world.report.check(
        10,
        'metadata is there to 2029-05-12 24:00',
        (await count(world, 'relay.messages', '2026-05-12')) > 0,
      );
    },
  },
  {
    at: '2029-05-13T12:00',
    chapter: 10,
    title: 'метаданные уничтожены',
    async play(world) {
      const { vault } = world.app.engine;
      world.report.check(
        10,
        'metadata of the day is gone after three years',
        (await count(world, 'relay.messages', '2026-05-12')) === 0 && vault.names('metadata/2026-05-12/').length === 0,
      );
      const acts = await actsOn(world, '2029-05-13');
      world.report.check(
        10,
        'an act after 2029-03-01 cites art. 21 part 7',
        acts.length > 0 && acts.every(({ basis }) => /ст\.\s*21/.test(basis) && /ч\.\s*7/.test(basis)),
        acts,
      );
      world.report.figures(10, { metadata: { acts } });
      world.report.check(
        10,
        'who is active still has an account',
        (await world.app.engine.accounts.get(world.app.engine.db, user(world, 'anna').account))?.state === 'active',
      );
    },
  },
];

async function count(world: World, table: string, day: string): Promise<number> {
  const found = await world.app.engine.db(table).where({ processed_on: day }).count({ count: '*' }).first();
  return Number(found?.count ?? 0);
}

async function partitions(world: World, table: string): Promise<string[]> {
  const { rows } = await world.app.engine.db.raw(
    `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     join pg_class p on p.oid = i.inhparent join pg_namespace n on n.oid = p.relnamespace
     where n.nspname = 'relay' and p.relname = ?`,
    [table],
  );
  return (rows as { name: string }[]).map(({ name }) => name);
}

async function actsOn(
  world: World,
  day: string,
): Promise<{ number: string; system: string; records: number; keys: number; basis: string }[]> {
  const dpo = await staffBrowser(world, 'dpo');
  const acts = expectStatus(await dpo.get('/api/v1/acts'), 200).body as {
    number: string;
    madeOn: string;
    system: string;
    records: number;
    keys: number;
    basis: string;
  }[];
  return acts
    .filter(({ madeOn }) => madeOn === day)
    .map(({ number, system, records, keys, basis }) => ({ number, system, records, keys, basis }));
}

/** What lies in the keystore now: every file whole, cut into the 32 bytes a key has. */
function keystoreOf(world: World): Map<string, Buffer> {
  const folder = join(world.home, 'keystore');
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.kek'))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );
}

function keyForms(name: string, file: Buffer): [string, Buffer][] {
  // The last 32 bytes of a key file are the key itself; a header may stand before them.
  const key = Buffer.from(file.subarray(-32));
  return [
    [`${name} raw`, key],
    [`${name} hex`, Buffer.from(key.toString('hex'))],
    [`${name} base64`, Buffer.from(key.toString('base64').replace(/=+$/, ''))],
  ];
}

/** Takes every 32 bytes of the keystore and of the keys folder for the key and tries. */
function bruteForce(world: World, box: Buffer, aad: string): { tried: number; opened: number } {
  let tried = 0;
  let opened = 0;
  for (const folder of ['keystore', 'keys']) {
    for (const name of readdirSync(join(world.home, folder))) {
      const bytes = readFileSync(join(world.home, folder, name));
      for (let at = 0; at + 32 <= bytes.length; at++) {
        tried++;
        try {
          openBox(bytes.subarray(at, at + 32), box, aad);
          opened++;
        } catch {
          // not the key
        }
      }
    }
  }
  return { tried, opened };
}
