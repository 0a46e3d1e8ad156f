import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Entry, Kind } from '../../core/cli/timeline/index.ts';
import { misfits, srok } from './run.ts';

type Line = Omit<Entry, 'on'> & { on: string };

const examples = fileURLToPath(new URL('../../docs/examples/', import.meta.url));

describe('srok timeline', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-timeline-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const write = (text: string): string => {
    const file = join(folder, 'story.yaml');
    writeFileSync(file, text);
    return file;
  };
  const story = (facts: readonly string[], more = '', until = '2035-12-31'): string =>
    write(`operator: qsockets\nuntil: ${until}\nfacts:\n${facts.map((fact) => `  - { ${fact} }\n`).join('')}${more}`);

  async function play(file: string): Promise<Line[]> {
    const said = await srok(['timeline', file, '--json']);
    expect(said.code, said.out).to.equal(0);
    const answer = said.json() as { entries: Line[] };
    expect(misfits('timeline', answer)).to.deep.equal([]);
    return answer.entries;
  }
  const tell = (...facts: string[]): Promise<Line[]> => play(story(facts));
  async function complaint(file: string): Promise<string> {
    const said = await srok(['timeline', file, '--json']);
    expect(said.code, said.out).to.equal(2);
    const answer = said.json() as { error: { code: string; message: string; near: string[] } };
    expect(misfits('error', answer)).to.deep.equal([]);
    expect(answer.error.code).to.equal('scenario.invalid');
    return answer.error.message;
  }
  const days = (entries: readonly Line[], kind: Kind, about?: string): string[] =>
    entries.filter((entry) => entry.kind === kind && (!about || entry.about === about)).map(({ on }) => on);
  const states = (entries: readonly Line[], about: string): string[] =>
    entries
      .filter((entry) => entry.kind === 'state' && entry.about === about)
      .map(({ on, from, to }) => `${on} ${from} → ${to}`);
  const byRule = (entries: readonly Line[], rule: string): string[] =>
    entries.filter((entry) => entry.rule === rule).map(({ kind, on }) => `${kind} ${on}`);

  const vera = 'fact: account.registered, about: acc_vera, at: 2025-05-14T12:00:00+03:00';

  it('of nothing is empty', async () => {
    expect(await play(write('operator: qsockets\nuntil: 2026-12-31\nfacts: []\n'))).to.deep.equal([]);
    expect(await play(story([vera], '', '2025-05-13'))).to.deep.equal([]);
  });

  it('plays every example of the documentation, in order, each line in its shape', async () => {
    for (const name of readdirSync(examples).filter((file) => file.endsWith('.yaml'))) {
      const entries = await play(join(examples, name));
      expect(entries, name).to.not.be.empty;
      const keys = entries.map(({ at, kind, about }) => `${Date.parse(at)} ${kind} ${about}`);
      expect(keys, name).to.deep.equal(keys.toSorted());
      for (const { on, at } of entries) expect(at.startsWith(on), `${name}: ${at}`).to.equal(true);
    }
  });

  describe('of an account', () => {
    it('goes on by itself: notice, block, the end of the contract, erasure, on the days of the offer', async () => {
      const entries = await play(join(examples, 'quiet-account.yaml'));
      expect(states(entries, 'acc_vera')).to.deep.equal([
        '2025-03-03 null → active',
        '2026-06-01 active → noticed',
        '2026-07-02 noticed → blocked',
        '2026-09-30 blocked → deleted',
        '2026-10-07 deleted → erased',
      ]);
      const rules = entries.filter(({ kind }) => kind === 'state').map(({ rule }) => rule);
      expect(rules).to.deep.equal([
        null,
        'qsockets.inactivity.notice.calendar',
        'qsockets.inactivity.block',
        'qsockets.inactivity.erase',
        'qsockets.account-deleted.erase',
      ]);
      expect(byRule(entries, 'qsockets.profile')).to.deep.equal([
        'keep-until 2026-09-30',
        'destroy-from 2026-10-01',
        'destroy-by 2026-10-07',
      ]);
      expect(byRule(entries, 'qsockets.account-deleted.erase')).to.deep.equal([
        'opened 2026-09-30',
        'discharged 2026-10-07',
        'due 2026-10-07',
        'state 2026-10-07',
      ]);
      expect(days(entries, 'overdue')).to.deep.equal([]);
    });

    it('goes on no further than the last day of the scenario', async () => {
      const on = async (until: string) => states(await play(story([vera], '', until)), 'acc_vera').at(-1);
      expect(await on('2026-05-31')).to.contain('null → active');
      expect(await on('2026-06-01')).to.equal('2026-06-01 active → noticed');
      expect(await on('2026-07-01')).to.equal('2026-06-01 active → noticed');
    });

    it('is left alone again by whatever its holder does after the notice', async () => {
      for (const doing of [
        'fact: account.active, about: acc_vera, at: 2026-06-20T12:00:00+03:00, kind: login',
        'fact: message.processed, about: msg_1, at: 2026-06-20T12:00:00+03:00',
        'fact: project.created, about: prj_1, at: 2026-06-20T12:00:00+03:00',
      ]) {
        expect(states(await tell(vera, doing), 'acc_vera').slice(1, 4)).to.deep.equal([
          '2026-06-01 active → noticed',
          '2026-06-20 noticed → active',
          '2027-07-01 active → noticed',
        ]);
      }
    });

    it('is left alone while a paid period runs, also when that is prolonged', async () => {
      const paid = (at: string) => `fact: payment.succeeded, about: prj_1, at: ${at}, months: 12, kopecks: 1`;
      const once = await tell(vera, paid('2025-06-10'));
      expect(states(once, 'prj_1')).to.deep.equal(['2025-06-10 unpaid → paid', '2026-06-11 paid → unpaid']);
      expect(states(once, 'acc_vera')[1]).to.equal('2026-07-01 active → noticed');
      const twice = await tell(vera, paid('2025-06-10'), paid('2026-05-31'));
      expect(states(twice, 'prj_1')).to.deep.equal(['2025-06-10 unpaid → paid', '2027-06-11 paid → unpaid']);
      expect(states(twice, 'acc_vera')[1]).to.equal('2027-06-11 active → noticed');
    });

    it('comes back from its block, and its counters begin anew', async () => {
      const entries = await tell(vera, 'fact: account.restored, about: acc_vera, at: 2026-09-15T11:00:00+03:00');
      expect(states(entries, 'acc_vera').slice(2, 5)).to.deep.equal([
        '2026-07-02 noticed → blocked',
        '2026-09-15 blocked → active',
        '2027-10-01 active → noticed',
      ]);
    });

    it('that a person blocked for a violation goes nowhere by itself', async () => {
      const entries = await tell(vera, 'fact: account.blocked, about: acc_vera, at: 2026-01-15, ground: violation');
      expect(states(entries, 'acc_vera')).to.deep.equal(['2025-05-14 null → active', '2026-01-15 active → blocked']);
    });

    it('that is deleted ends its contract at once and is erased by itself on the last promised day', async () => {
      const entries = await tell(
        vera,
        'fact: account.deleted, about: acc_vera, at: 2026-01-15T18:30:00+03:00, by: user',
      );
      expect(states(entries, 'acc_vera').slice(1)).to.deep.equal([
        '2026-01-15 active → deleted',
        '2026-01-22 deleted → erased',
      ]);
      expect(byRule(entries, 'qsockets.termination.erase')).to.deep.equal([
        'opened 2026-01-15',
        'discharged 2026-01-22',
        'due 2026-01-22',
      ]);
      expect(byRule(entries, 'qsockets.acceptance')).to.deep.equal([
        'keep-until 2029-01-15',
        'destroy-from 2029-01-16',
        'destroy-by 2029-02-14',
      ]);
    });

    it('is erased earlier when somebody has looked at the plan, and evidence of it stays three years', async () => {
      const entries = await tell(
        vera,
        'fact: account.deleted, about: acc_vera, at: 2026-01-15T18:30:00+03:00, by: user',
        'fact: account.erased, about: acc_vera, at: 2026-01-16T10:00:00+03:00, act: act_1',
      );
      expect(states(entries, 'acc_vera').at(-1)).to.equal('2026-01-16 deleted → erased');
      expect(days(entries, 'discharged')).to.deep.equal(['2026-01-16', '2026-01-16']);
      expect(byRule(entries, 'ru.rkn-179.evidence')[0]).to.equal('keep-until 2029-01-16');
    });

    it('on hold is erased on the day after the hold, and the broken promise shows', async () => {
      const file = story(
        [vera, 'fact: account.deleted, about: acc_vera, at: 2026-01-15T18:30:00+03:00'],
        'holds:\n  - { about: acc_vera, categories: [account], from: 2026-01-10, until: 2026-02-28 }\n',
      );
      const entries = await play(file);
      expect(states(entries, 'acc_vera').at(-1)).to.equal('2026-03-01 deleted → erased');
      expect(byRule(entries, 'qsockets.account-deleted.erase')).to.include('overdue 2026-01-23');
      expect(byRule(entries, 'qsockets.profile')).to.include('destroy-from 2026-03-01');
    });

    it('takes its letters with it, as the operator chose, and leaves those of others alone', async () => {
      const letter = (about: string, whose: string) =>
        `fact: letter.received, about: ${about}, subject: ${whose}, at: 2026-01-10, channel: email`;
      const other = 'fact: account.registered, about: acc_anna, at: 2025-12-01';
      const gone = 'fact: account.deleted, about: acc_vera, at: 2026-01-15';
      const entries = await tell(vera, other, letter('ltr_1', 'acc_vera'), letter('ltr_2', 'acc_anna'), gone);
      const from = (about: string) =>
        entries
          .filter(
            (entry) => entry.kind === 'destroy-from' && entry.about === about && entry.rule === 'qsockets.letters',
          )
          .map(({ on }) => on);
      expect([from('ltr_1'), from('ltr_2')]).to.deep.equal([['2026-01-22'], ['2027-01-11']]);
    });

    it('does not mix up two people', async () => {
      const anna = 'fact: account.registered, about: acc_anna, subject: sub_anna, at: 2025-08-01';
      const entries = await tell(
        vera,
        anna,
        'fact: project.created, about: prj_1, subject: sub_anna, at: 2025-08-02',
        'fact: payment.succeeded, about: prj_1, at: 2025-08-02, months: 12',
        'fact: message.processed, about: msg_1, project: prj_1, at: 2026-02-01',
      );
      expect(states(entries, 'acc_vera')[1]).to.equal('2026-06-01 active → noticed');
      expect(states(entries, 'acc_anna')[1]).to.equal('2027-03-01 active → noticed');
    });
  });

  describe('of duties', () => {
    const asked = 'fact: request.received, about: req_1, at: 2026-04-30T10:00:00+03:00, kind: access';
    const rule = 'ru.152-fz.access.answer';

    it('that nobody discharges ends in overdue, at the first instant that is too late', async () => {
      const entries = await tell(asked);
      expect(byRule(entries, rule)).to.deep.equal(['opened 2026-04-30', 'due 2026-05-18', 'overdue 2026-05-19']);
      expect(entries.find(({ kind }) => kind === 'opened')).to.include({ from: '2026-04-30', to: '2026-05-18' });
      expect(entries.find(({ kind }) => kind === 'overdue')?.at).to.equal('2026-05-19T00:00:00+03:00');
    });

    it('are discharged by the fact that the law names, late or in time', async () => {
      const at = (day: string) => tell(asked, `fact: request.answered, about: req_1, at: ${day}`);
      expect(days(await at('2026-05-12'), 'discharged')).to.deep.equal(['2026-05-12']);
      expect(days(await at('2026-05-18'), 'overdue')).to.deep.equal([]);
      expect(days(await at('2026-05-19'), 'overdue')).to.deep.equal(['2026-05-19']);
    });

    it('are extended by a notice in time and by none that is late', async () => {
      const at = (day: string) => tell(asked, `fact: request.extended, about: req_1, at: ${day}`);
      const intime = await at('2026-05-18');
      expect(states(intime, 'req_1')).to.deep.equal(['2026-05-18 2026-05-18 → 2026-05-25']);
      expect(days(intime, 'due')).to.deep.equal(['2026-05-25']);
      const late = await at('2026-05-19');
      expect(states(late, 'req_1')).to.deep.equal([]);
      expect(days(late, 'due')).to.deep.equal(['2026-05-18']);
    });

    it('in hours run from the instant, in whatever offset it was written', async () => {
      const entries = await tell('fact: incident.detected, about: inc_1, at: 2027-04-30T19:15:00Z');
      expect(entries.filter(({ kind }) => kind === 'due').map(({ at }) => at)).to.deep.equal([
        '2027-05-01T22:15:00+03:00',
        '2027-05-03T22:15:00+03:00',
      ]);
      expect(entries[0]).to.include({ from: '2027-04-30T22:15:00+03:00', to: '2027-05-01T22:15:00+03:00' });
    });

    it('in a year without a calendar are opened without an end: nothing is guessed', async () => {
      const [opened, ...more] = await tell('fact: request.received, about: req_1, at: 2031-03-03, kind: access');
      expect(opened).to.include({ kind: 'opened', to: null, rule: null, because: null });
      expect(more).to.deep.equal([]);
    });

    it('that a permission is owed by nobody', async () => {
      expect(await tell('fact: force-majeure.refused, about: ctr_1, at: 2026-05-15')).to.deep.equal([]);
    });
  });

  describe('of records and documents', () => {
    it('keeps a message by the day it was in Moscow: contents half a year, facts three years', async () => {
      const entries = await tell('fact: message.processed, about: msg_1, at: 2026-05-14T22:30:00Z');
      expect(byRule(entries, 'ru.149-fz.message-content')).to.deep.equal([
        'keep-until 2026-11-15',
        'destroy-from 2026-11-16',
        'destroy-by 2026-12-15',
      ]);
      expect(byRule(entries, 'ru.149-fz.message-facts')).to.include('keep-until 2029-05-15');
      expect(entries[0]?.because?.destroy?.winner.rule).to.equal('ru.152-fz.purpose-reached');
    });

    it('keeps payments to the end of the fifth year after theirs', async () => {
      const entries = await tell('fact: payment.succeeded, about: prj_1, at: 2026-03-10');
      expect(byRule(entries, 'ru.402-fz.primary-documents')).to.deep.equal([
        'keep-until 2031-12-31',
        'destroy-from 2032-01-01',
        'destroy-by 2032-01-30',
      ]);
    });

    it('lifts what is on hold out of its term, by thing and by category', async () => {
      const file = story(
        [
          'fact: message.processed, about: msg_1, at: 2026-05-15',
          'fact: message.processed, about: msg_2, at: 2026-05-15',
        ],
        'holds:\n  - { about: msg_1, categories: [message.payload], from: 2026-11-01, until: 2027-02-01 }\n',
      );
      const entries = await play(file);
      expect(days(entries, 'destroy-from', 'msg_1')).to.deep.equal(['2027-02-02', '2029-05-16', '2029-05-16']);
      expect(days(entries, 'destroy-from', 'msg_2')).to.deep.equal(['2026-11-16', '2029-05-16', '2029-05-16']);
    });

    it('puts an edition into force after fourteen full days, and the next one in its place', async () => {
      const entries = await play(join(examples, 'new-edition.yaml'));
      expect(states(entries, 'offer-1')).to.deep.equal([
        '2026-04-30 null → published',
        '2026-05-15 published → in-force',
        '2026-09-16 in-force → replaced',
      ]);
      expect(states(entries, 'offer-2').at(-1)).to.equal('2026-09-16 published → in-force');
    });
  });

  describe('refuses, with file, line and reason,', () => {
    const line = (text: string): RegExp => new RegExp(`^story\\.yaml:4: .*${text}`);

    it('a fact that is not in the vocabulary, with the nearest names', async () => {
      const file = story(['fact: account.regstered, about: acc_1, at: 2026-05-15']);
      expect(await complaint(file)).to.match(line('unknown fact "account.regstered"; near: account.registered'));
    });

    it('a key, a value or a day that a fact does not have', async () => {
      const at = 'about: req_1, at: 2026-05-15';
      const cases: [string, string][] = [
        [
          `fact: request.received, ${at}, kind: access, knd: 1`,
          'unknown key "knd"; request.received has kind, channel',
        ],
        [`fact: request.received, ${at}, kind: acess`, 'kind: wrong value "acess" \\(text\\); one of access'],
        [`fact: request.received, ${at}`, 'request.received needs "kind"; one of access'],
        [`fact: payment.succeeded, ${at}, months: twelve`, 'months: wrong value "twelve" \\(number\\)'],
        [`fact: document.published, ${at}, effective: 2026-02-30`, 'effective: wrong value "2026-02-30" \\(day\\)'],
        ['fact: account.registered, about: acc_1, at: 2026-02-30', 'at: Дня 2026-02-30 не существует'],
        ['fact: account.registered, about: acc_1, at: 2026-05-15T10:00:00', 'instants carry an offset'],
        ['fact: account.registered, at: 2026-05-15', 'missing "about"'],
      ];
      for (const [fact, reason] of cases) expect(await complaint(story([fact])), fact).to.match(line(reason));
    });

    it('a fact that cannot follow what went before', async () => {
      const erased = 'fact: account.erased, about: acc_vera, at: 2025-06-01';
      const noticed = 'fact: account.noticed, about: acc_vera, at: 2025-06-02';
      const message = await complaint(story([noticed, vera, erased]));
      expect(message).to.match(line('account.noticed: the account acc_vera is erased at that time'));
    });

    it('an edition that would take effect too soon', async () => {
      const file = story([
        'fact: document.published, about: offer-2, document: offer, at: 2026-09-01, effective: 2026-09-15',
      ]);
      expect(await complaint(file)).to.match(
        line('effective: 2026-09-15 is too early; the earliest day is 2026-09-16'),
      );
    });

    it('a hold that ends before it begins, or of a category that is not there', async () => {
      const fact = 'fact: message.processed, about: msg_1, at: 2026-05-15';
      const hold = (text: string) => complaint(story([fact], `holds:\n  - { about: msg_1, ${text} }\n`));
      expect(await hold('from: 2026-05-15, until: 2026-05-14')).to.equal('story.yaml:6: until: before "from"');
      expect(await hold('categories: [mesage], from: 2026-05-15, until: 2026-05-16')).to.contain(
        'unknown category "mesage"',
      );
    });

    it('a file that is not there, is no YAML or has a key twice', async () => {
      expect(await complaint(join(folder, 'none.yaml'))).to.equal('none.yaml:1: there is no such file');
      expect(await complaint(write('operator: qsockets\noperator: qsockets\n'))).to.contain(
        ':2: duplicate key "operator"',
      );
      expect(await complaint(write('operator: qsockets\nuntil: 2026-12-31\nfactz: []\n'))).to.contain(
        ':3: unknown key "factz"',
      );
      expect(
        await complaint(write('operator: qsockets\nuntil: 2026-02-30\nfacts: [{ fact: a, about: b, at: c }]\n')),
      ).to.contain('"2026-02-30" is not a date that exists');
    });

    it('an operator whose pack is not there, with the nearest names', async () => {
      const said = await srok([
        'timeline',
        write('operator: qsokets\nuntil: 2026-12-31\nfacts: [{ fact: a, about: b, at: c }]\n'),
        '--json',
      ]);
      const { error } = said.json() as { error: { code: string; near: string[] } };
      expect([said.code, error.code, error.near[0]]).to.deep.equal([2, 'law.unknown-operator', 'qsockets']);
    });
  });

  it('is told in Russian to people', async () => {
    const said = await srok(['timeline', join(examples, 'access-request.yaml')]);
    expect(said.code).to.equal(0);
    expect(said.out.trim().split('\n')).to.have.length(3);
    expect(said.out).to.match(/^30\.04\.2026 10:00 {2}открыта +req_1 {2}Ответ на запрос субъекта о доступе/);
    expect(said.out).to.contain('19.05.2026 00:00  просрочена');
    expect(
      (await srok(['timeline', story(['fact: support.closed, about: ltr_1, at: 2026-05-15'], '', '2026-05-16')])).out,
    ).to.equal('Ничего не последует.\n');
  });
});
