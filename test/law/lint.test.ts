import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Document, parseDocument } from 'yaml';
import { Temporal } from '../../core/base/index.ts';
import { cite, type Finding, type Law, type LintKnown, lintRules, loadLaw, readClauses } from '../../core/law/index.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));
const operators = readdirSync(join(source, 'operators')).sort();
const today = Temporal.PlainDate.from('2026-11-20');
const own = 'operators/qsockets';
const days = Array.from({ length: 24 }, (_, i) =>
  Temporal.PlainDate.from({ year: 2026, month: Math.floor(i / 2) + 1, day: i % 2 ? 15 : 1 }),
);

let root = '';
before(() => {
  root = join(mkdtempSync(join(tmpdir(), 'srok-lint-')), 'policies');
  cpSync(source, root, { recursive: true });
});
after(() => rmSync(join(root, '..'), { recursive: true, force: true }));

/** Changes one file of the copy for the time of the work; the change is made in the parsed file, not in its text. */
async function changed<T>(file: string, change: (file: Document) => void, work: () => Promise<T>): Promise<T> {
  const path = join(root, file);
  const before = readFileSync(path, 'utf8');
  const document = parseDocument(before);
  change(document);
  try {
    writeFileSync(path, document.toString());
    return await work();
  } finally {
    writeFileSync(path, before);
  }
}

const load = (operator = 'qsockets'): Promise<Law> => loadLaw({ root, operator });

/** The place of the entry with this id in a file that is a list. */
function at(file: Document, id: string): number {
  const index = (file.toJS() as { id: string }[]).findIndex((one) => one.id === id);
  expect(index, id).to.be.at.least(0);
  return index;
}

const set =
  (id: string, path: (string | number)[], value: unknown) =>
  (file: Document): void => {
    const node = file.createNode(value);
    file.setIn([at(file, id), ...path], node);
  };
const without =
  (id: string, ...path: (string | number)[]) =>
  (file: Document): void => {
    expect(file.deleteIn([at(file, id), ...path]), `${id}: ${path.join('.')}`).to.equal(true);
  };
const add =
  (value: unknown) =>
  (file: Document): void => {
    file.addIn([], file.createNode(value));
  };

/** A change of one value; exactly these findings come, or go, with it. */
interface Mutation {
  rule: string;
  file: string;
  change: (file: Document) => void;
  comes?: string[];
  goes?: string[];
  known?: LintKnown;
}

const pageOf = (...held: string[]) => ({ schedule: 'message.metadata', columns: Object.fromEntries(held.entries()) });

const mutations: Mutation[] = [
  {
    ...{ rule: 'declared', file: `${own}/findings.yaml`, goes: ['day-zone'] },
    change: (file) => file.deleteIn([at(file, 'day-zone')]),
  },
  {
    ...{ rule: 'documents-differ', file: `${own}/promises.yaml`, goes: ['documents-differ.inactivity.notice'] },
    change: without('qsockets.inactivity.notice.calendar', 'counting'),
  },
  {
    ...{ rule: 'documents-differ', file: `${own}/promises.yaml` },
    change: set('qsockets.payload.policy', ['keep'], { months: 6 }),
    goes: ['documents-differ.message.payload', 'over-ceiling.qsockets.payload.policy'],
  },
  {
    ...{ rule: 'starts-differ', file: `${own}/promises.yaml`, goes: ['starts-differ.qsockets.account-deleted.erase'] },
    change: set('qsockets.termination.erase', ['term'], { days: 6 }),
  },
  {
    ...{ rule: 'promise-looser', file: `${own}/promises.yaml`, goes: ['promise-looser.qsockets.answer'] },
    change: set('qsockets.answer', ['term'], { working_days: 10 }),
  },
  {
    ...{ rule: 'promise-looser', file: `${own}/promises.yaml`, goes: ['promise-looser.qsockets.claim.answer'] },
    change: set('qsockets.claim.answer', ['customer'], 'business'),
  },
  {
    ...{ rule: 'promise-looser', file: `${own}/promises.yaml`, comes: ['promise-looser.qsockets.termination.erase'] },
    change: set('qsockets.termination.erase', ['term'], { days: 31 }),
    goes: ['starts-differ.qsockets.account-deleted.erase'],
  },
  {
    ...{ rule: 'ceiling-under-floor', file: 'laws/149-fz.yaml' },
    change: set('ru.149-fz.message-content.ceiling', ['period', 0, 'months'], 5),
    comes: ['ceiling-under-floor.message.payload', 'over-ceiling.qsockets.payload'],
  },
  {
    ...{ rule: 'schedule-under-floor', file: `${own}/schedules.yaml` },
    change: set('qsockets.payload', ['keep'], { months: 5 }),
    comes: ['schedule-under-floor.qsockets.payload'],
  },
  {
    ...{ rule: 'over-ceiling', file: `${own}/schedules.yaml`, comes: ['over-ceiling.qsockets.payload'] },
    change: set('qsockets.payload', ['keep'], { months: 7 }),
  },
  {
    ...{ rule: 'right-narrower', file: `${own}/rights.yaml`, goes: ['right-narrower.access'] },
    change: without('access', 'points'),
  },
  {
    ...{ rule: 'rights-unnamed', file: `${own}/rights.yaml`, goes: ['rights-unnamed'] },
    change(file) {
      for (const id of ['blocking', 'stop', 'objection', 'marketing-stop', 'automated-decision']) {
        without(id, 'own')(file);
      }
    },
  },
  {
    ...{ rule: 'request-ways-narrow', file: `${own}/channels.yaml`, goes: ['request-ways-narrow'] },
    change: (file) => file.setIn(['requests', 'ways'], ['лично', 'письменно', 'электронно']),
  },
  {
    ...{ rule: 'repealed-ground', file: `${own}/purposes.yaml`, comes: ['repealed-ground.access'] },
    change: set('access', ['bases', 0, 'cite', 'point'], 10),
  },
  {
    ...{ rule: 'unknown-ground', file: `${own}/purposes.yaml`, comes: ['unknown-ground.access'] },
    change: set('access', ['bases', 0, 'cite', 'point'], 12),
  },
  {
    ...{ rule: 'consent-bundled', file: `${own}/documents.yaml`, goes: ['consent-bundled.consent'] },
    change: without('consent', 'part_of'),
  },
  {
    ...{ rule: 'consent-missing', file: `${own}/purposes.yaml`, comes: ['consent-missing.marketing'] },
    change: add({
      ...{ id: 'marketing', title: 'Новости и предложения', clause: 'Оферта 3.1.1', processing: ['letter.body'] },
      bases: [
        {
          text: 'Исполнение договора',
          cite: { act: '152-ФЗ от 27.07.2006', article: '6', part: 1, point: 5 },
          certainty: 'A',
        },
      ],
    }),
  },
  {
    ...{ rule: 'no-basis', file: `${own}/purposes.yaml`, comes: ['no-basis.diagnostics'] },
    change: set('diagnostics', ['bases'], []),
  },
  {
    ...{ rule: 'no-basis-for', file: `${own}/purposes.yaml` },
    change: set('analytics', ['bases'], []),
    comes: ['no-basis-for.cookie.analytics', 'no-basis.analytics'],
  },
  {
    ...{ rule: 'no-purpose', file: `${own}/purposes.yaml`, comes: ['no-purpose.letter.body'] },
    change: set('communication', ['processing'], ['account.profile', 'notice', 'support.letter', 'billing.contact']),
  },
  {
    ...{ rule: 'no-schedule', file: `${own}/purposes.yaml`, comes: ['no-schedule.identity.name'] },
    change: (file) => file.addIn([at(file, 'access'), 'processing'], 'identity.name'),
  },
  {
    ...{ rule: 'said-depersonalised', file: 'taxonomy/categories.yaml', goes: ['said-depersonalised.ip'] },
    change: set('technical.address', ['personal'], false),
  },
  {
    ...{ rule: 'ori-status', file: `${own}/operator.yaml`, goes: ['ori-status.open'] },
    change: (file) => file.set('ori_status', 'registered'),
    comes: ['certainty.ru.149-fz.user-record', 'certainty.ru.149-fz.user-record.2026-01-01'],
  },
  {
    ...{ rule: 'own-schedule', file: `${own}/schedules.yaml`, goes: ['own-schedule.qsockets.session'] },
    change: without('qsockets.session', 'own'),
  },
  {
    ...{ rule: 'own-amount', file: `${own}/amounts.yaml`, goes: ['own-amount.qsockets.plan-change'] },
    change: without('qsockets.plan-change', 'own'),
  },
  {
    ...{ rule: 'not-enforced', file: `${own}/connectors.yaml`, goes: ['not-enforced.qsockets.support'] },
    known: { stores: [] },
    change: add({
      ...{ id: 'helpdesk', kind: 'manual', subject: 'any', schedule: 'support.letter', purposes: ['communication'] },
      title: { ru: 'Переписка', en: 'Letters' },
      system: { ru: 'ИСПДн «Переписка»', en: 'Letters' },
      fields: { text: 'correspondence' },
      instructions: { ru: 'Найдите письма.', en: 'Find the letters.' },
    }),
  },
  {
    ...{ rule: 'not-enforced', file: `${own}/schedules.yaml`, comes: ['not-enforced.qsockets.usage'] },
    known: { stores: [pageOf('usage')] },
    change: set('qsockets.usage', ['keep'], { years: 2 }),
  },
  {
    ...{ rule: 'recipient-abroad', file: `${own}/recipients.yaml`, comes: ['recipient-abroad.timeweb'] },
    change: set('timeweb', ['country'], 'KZ'),
  },
  {
    ...{ rule: 'recipients-undisclosed', file: `${own}/recipients.yaml`, goes: ['recipients-undisclosed'] },
    change: (file) => {
      for (const id of ['yoomoney', 'bank', 'assignee']) set(id, ['disclosed'], true)(file);
    },
  },
  {
    ...{ rule: 'term-external', file: `${own}/recipients.yaml`, goes: ['term-external.yandex'] },
    change: without('yandex', 'term'),
  },
  {
    ...{ rule: 'instruction-incomplete', file: `${own}/instructions.yaml`, goes: ['instruction-incomplete.timeweb'] },
    change: set('timeweb', ['elements'], ['1', '2', '3', '4', '5', '6', '7', '8']),
  },
  {
    ...{ rule: 'edition-too-soon', file: `${own}/documents.yaml`, comes: ['edition-too-soon.offer.2026-04-30'] },
    change: set('offer', ['editions', 0, 'effective'], '2026-05-14'),
  },
  {
    ...{ rule: 'edition-without-effect', file: `${own}/documents.yaml` },
    change: set('policy', ['editions', 0, 'effective'], '2026-05-15'),
    goes: ['edition-without-effect.policy.2026-04-30'],
  },
  {
    ...{ rule: 'no-channel', file: `${own}/channels.yaml`, comes: ['no-channel.limits'] },
    change: (file) => file.setIn(['notices', 'limits'], []),
  },
  {
    ...{ rule: 'owner-must-fill', file: `${own}/operator.yaml`, comes: ['owner-must-fill.complaint'] },
    change: (file) => file.set('complaint', 'ЗАПОЛНИТЕ: куда жаловаться'),
  },
  {
    ...{ rule: 'requisites-missing', file: `${own}/operator.yaml`, comes: ['requisites-missing'] },
    change: (file) => file.delete('inn'),
  },
  {
    ...{ rule: 'rkn-number', file: `${own}/operator.yaml`, goes: ['rkn-number.missing'] },
    change: (file) => file.set('rkn_number', '77-26-000000'),
  },
  {
    ...{ rule: 'destruction-tool', file: `${own}/operator.yaml`, goes: ['destruction-tool.not-certified'] },
    change: (file) => file.set('destruction_tool', 'certified'),
  },
  {
    ...{ rule: 'act-ended', file: 'laws/rkn-179.yaml', comes: ['order-179.successor'] },
    change: set('ru.rkn-179.evidence', ['period', 0, 'until'], '2026-11-20'),
  },
  {
    ...{ rule: 'review-due', file: 'laws/152-fz.yaml', comes: ['review-due.152-fz'] },
    change: set('ru.152-fz.rectification', ['period', 0, 'review_by'], '2026-11-20'),
  },
  {
    ...{ rule: 'certainty', file: 'laws/152-fz.yaml', comes: ['certainty.ru.152-fz.rectification'] },
    change: set('ru.152-fz.rectification', ['period', 0, 'certainty'], 'D'),
  },
  {
    ...{ rule: 'unconfirmed', file: 'laws/limitation.yaml', goes: ['unconfirmed.limitation'] },
    change: set('ru.civil-code.limitation', ['period', 0, 'certainty'], 'B'),
  },
  {
    ...{ rule: 'calendar-missing', file: 'calendars/ru.yaml', comes: ['calendar-missing.2027'] },
    change: (file) => file.deleteIn(['years', 2027]),
  },
  {
    ...{ rule: 'clause-missing', file: `${own}/promises.yaml`, comes: ['clause-missing.Оферта-3.9.9'] },
    change: set('qsockets.claim.answer', ['clause'], 'Оферта 3.9.9'),
  },
  {
    ...{ rule: 'clause-missing', file: `${own}/promises.yaml`, comes: ['clause-missing.Офферта-11.2'] },
    change: set('qsockets.claim.answer', ['clause'], 'Офферта 11.2'),
  },
  {
    ...{ rule: 'purpose-missing', file: `${own}/recipients.yaml`, comes: ['purpose-missing.recipient.yandex'] },
    change: set('yandex', ['purpose'], 'marketing'),
  },
  {
    ...{ rule: 'document-missing', file: `${own}/documents.yaml`, comes: ['document-missing.consent'] },
    change: set('consent', ['part_of'], 'agreement'),
  },
  {
    ...{ rule: 'unreachable', file: 'taxonomy/duties.yaml', comes: ['unreachable.claim.answer'] },
    change: set('claim.answer', ['opens'], []),
  },
  {
    ...{ rule: 'start-never-met', file: `${own}/promises.yaml`, comes: ['start-never-met.qsockets.claim.answer'] },
    change: set('qsockets.claim.answer', ['starts'], ['contract.terminated']),
  },
  {
    ...{ rule: 'value-never-applied', file: 'laws/149-fz.yaml' },
    change: set('ru.149-fz.message-facts', ['period', 1, 'from'], '2025-06-01'),
    comes: ['value-never-applied.ru.149-fz.message-facts.2025-06-01'],
  },
  {
    ...{ rule: 'chain-without-end', file: `${own}/promises.yaml` },
    change: set('qsockets.inactivity.erase.within', ['after'], 'ru.152-fz.incident.notice'),
    comes: ['chain-without-end.qsockets.inactivity.erase.within'],
  },
  {
    ...{ rule: 'owner-must-fill', file: `${own}/operator.yaml`, comes: ['owner-must-fill.shortName'] },
    change: (file) => file.set('short_name', 'ЗАПОЛНИТЕ: краткое наименование'),
  },
  {
    ...{ rule: 'settlement-without-finding', file: `${own}/settles.yaml` },
    change: add({ finding: 'nothing', reason: 'Так решено', by: 'Владелец', on: '2026-11-20' }),
    comes: ['settlement-without-finding.nothing'],
  },
  {
    ...{ rule: 'settlement-doubled', file: `${own}/settles.yaml`, comes: ['settlement-doubled.day-zone'] },
    change(file) {
      for (const by of ['Владелец', 'Юрист']) {
        add({ finding: 'day-zone', reason: 'Так решено', by, on: '2026-11-20' })(file);
      }
    },
  },
  {
    ...{ rule: 'settlement-in-future', file: `${own}/settles.yaml`, comes: ['settlement-in-future.day-zone'] },
    change: add({ finding: 'day-zone', reason: 'Так решено', by: 'Владелец', on: '2026-11-21' }),
  },
];

describe('every lint rule comes and goes with its cause', () => {
  let clauses: NonNullable<LintKnown['clauses']>;
  before(async () => {
    clauses = await readClauses(root, 'qsockets');
    if (!readdirSync(join(root, own)).includes('connectors.yaml'))
      writeFileSync(join(root, own, 'connectors.yaml'), '[]\n');
  });
  const look = async (known: LintKnown = {}) => {
    const law = await load();
    return { law, findings: law.lint(today, { clauses, ...known }) };
  };
  const idsOf = (findings: readonly Finding[]) => findings.map(({ id }) => id);

  for (const { rule, file, change, comes = [], goes = [], known } of mutations) {
    const moves = [...comes.map((id) => `${id} comes`), ...goes.map((id) => `${id} goes`)].join(', ');
    it(`${rule}: ${moves}, and all is as before when the value is changed back`, async () => {
      const before = idsOf((await look(known)).findings);
      const { law, findings } = await changed(file, change, () => look(known));
      const after = idsOf(findings);
      expect(after.filter((id) => !before.includes(id))).to.have.members(comes);
      expect(before.filter((id) => !after.includes(id))).to.have.members(goes);
      for (const finding of findings.filter(({ id }) => comes.includes(id))) isComplete(finding);
      for (const finding of findings) isWhatIsApplied(law, finding);
      expect(idsOf((await look(known)).findings)).to.deep.equal(before);
    });
  }

  it('has a change here for every rule there is', () => {
    expect([...new Set(mutations.map(({ rule }) => rule))]).to.have.members([...lintRules]);
  });

  it('has a row in the documents for every rule there is', () => {
    const text = readFileSync(new URL('../../docs/findings.md', import.meta.url), 'utf8');
    expect([...text.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, rule]) => rule)).to.deep.equal([...lintRules]);
  });
});

/** A finding says what is wrong and where, what is done meanwhile and how to end it. */
function isComplete({ id, clauses, apply, why, settle, rule }: Finding): void {
  expect(clauses, id).to.be.an('array').that.is.not.empty;
  for (const clause of clauses) expect(clause, id).to.match(/\S/);
  for (const text of [apply, why, settle]) expect(text, id).to.match(/^[\p{Lu}\d«].*[.»)]$/su);
  expect(rule, id).to.match(/\S/);
}

/** What a finding about terms says is applied is what the engine answers. */
function isWhatIsApplied(law: Law, { id, apply }: Finding): void {
  const [kind, ...rest] = id.split('.');
  const key = rest.join('.');
  const known = { duties: law.dutyTypes().map((duty) => duty.id), rules: law.rules().map((rule) => rule.id) };
  const said = (step: { value: string; cite: Parameters<typeof cite>[0] }) => {
    expect(apply, id).to.include(step.value).and.to.include(cite(step.cite, 'ru'));
  };
  const kept = (category: string) => {
    for (const from of days) said(law.keep(category, { from }).because.winner);
  };
  const due = (duty: string, rule?: string) => {
    for (const from of days) {
      const { because, mayFrom, dueOn } = law.due(duty, { from });
      const first = rule ? law.rule(rule).direction === 'at-least' : dueOn === null;
      const steps = [because.winner, ...because.losers];
      const floor = steps.find(
        (step) => law.rule(step.rule).direction === 'at-least' && step.on?.equals(mayFrom ?? from),
      );
      said(first && floor ? floor : because.winner);
    }
  };
  if (kind === 'documents-differ') known.duties.includes(key) ? due(key) : kept(key);
  if (kind === 'ceiling-under-floor') kept(key);
  if (kind === 'schedule-under-floor' || kind === 'over-ceiling') kept(law.rule(key).category as string);
  if (kind === 'promise-looser') {
    const [duty] = law.rule(key).duties;
    due(duty as string, key);
  }
}

describe('the findings of every operator', () => {
  for (const operator of operators) {
    describe(operator, () => {
      let law: Law;
      let findings: Finding[];
      before(async () => {
        law = await load(operator);
        findings = law.lint(today, { clauses: await readClauses(root, operator), stores: [] });
      });

      it('each say where, why, what is applied and how to settle it', () => {
        expect(new Set(findings.map(({ id }) => id)).size).to.equal(findings.length);
        for (const finding of findings) isComplete(finding);
      });

      it('quote acts by number and date', () => {
        for (const { id, clauses } of findings) {
          for (const clause of clauses.filter((one) =>
            /ст\.|приказ|ПП РФ|КоАП|ФЗ/.test(one.replace(/\([^)]*\)/g, '')),
          )) {
            expect(clause, id).to.match(/от \d\d\.\d\d\.\d{4}/);
          }
        }
      });

      it('name what the engine really applies', () => {
        for (const finding of findings) isWhatIsApplied(law, finding);
      });

      it('have no reference that leads nowhere', () => {
        expect(
          findings.filter(({ id }) => /^(clause|document|purpose)-missing|^unknown-ground/.test(id)),
        ).to.deep.equal([]);
      });

      it('have no rule that is never reached', () => {
        expect(
          findings.filter(({ id }) => /^(unreachable|start-never-met|value-never-applied|chain-without-end)/.test(id)),
        ).to.deep.equal([]);
      });

      it('give a contradiction of the inventory to one kind of finding', () => {
        const kinds = new Map<string, Set<string>>();
        for (const { id, inventory } of findings) {
          for (const name of inventory) kinds.set(name, (kinds.get(name) ?? new Set()).add(id.split('.')[0] as string));
        }
        for (const [name, of] of kinds) expect([...of], name).to.have.length(1);
      });
    });
  }

  it('name every contradiction of the inventories', async () => {
    for (const operator of operators) {
      const rows = readdirSync(join(root, 'inventory'))
        .map((name) => parseDocument(readFileSync(join(root, 'inventory', name), 'utf8')).toJS())
        .filter(({ source: { operator: of } }) => of === operator)
        .flatMap((inventory) => inventory.rows as { id?: string }[])
        .flatMap(({ id }) => (id && /^(C|C2D-C|XK-C|AC-C)-?\d+b?$/.test(id) ? [id] : []));
      const named = new Set((await load(operator)).lint(today).flatMap(({ inventory }) => inventory));
      expect([...named]).to.include.members(rows);
    }
  });
});

describe('the law of the day of the look', () => {
  it('decides, also in a year whose successor has no calendar yet: neither the law before it nor the law after', async () => {
    const shorter = { from: '2027-03-01', days: 5, cite: { act: '999-ФЗ от 01.02.2027' }, certainty: 'B' };
    const change = (file: Document) => file.addIn([at(file, 'ru.152-fz.purpose-reached'), 'period'], shorter);
    await changed('laws/152-fz.yaml', change, async () => {
      const law = await load();
      const looser = (on: string) => law.lint(Temporal.PlainDate.from(on)).map(({ id }) => id);
      const claim = 'promise-looser.qsockets.account-deleted.erase';
      expect(looser('2027-02-28')).to.not.include(claim);
      expect(looser('2027-03-01')).to.include(claim);
      expect(looser('2022-08-31')).to.not.include('promise-looser.qsockets.answer');
      expect(looser('2022-09-01')).to.include('promise-looser.qsockets.answer');
    });
  });
});

describe('a promise that is looser than the law', () => {
  const claim = 'promise-looser.qsockets.claim.answer';
  const found = async () => (await load()).lint(today).find(({ id }) => id === claim);

  it('is a warning where the law binds towards one kind of customer, and says which', async () => {
    const finding = await found();
    expect(finding?.severity).to.equal('warning');
    expect(finding?.why).to.match(/, когда заказчик — потребитель\.$/);
    expect(finding?.apply).to.match(
      /^Потребителю и тому, чей вид не известен, — 10\sдней .+; остальным — обещанное\.$/,
    );
  });

  it('is an error as soon as another law binds towards all', async () => {
    const general = (file: Document) => {
      const [rule] = (file.toJS() as Record<string, unknown>[]).filter(({ id }) => id === 'ru.consumer.money-claim');
      const { customer: _, implements: __, ...plain } = rule as Record<string, unknown>;
      file.add(file.createNode({ ...plain, id: 'ru.consumer.made-up', duty: ['claim.answer'] }));
    };
    await changed('laws/consumer.yaml', general, async () => {
      const finding = await found();
      expect(finding?.severity).to.equal('error');
      expect(finding?.why).to.match(/«Ответить на претензию»\.$/);
    });
  });
});

describe('a decision about a finding', () => {
  const settles = `${own}/settles.yaml`;
  const decision = { finding: 'day-zone', reason: 'Так решено', by: 'Иванова А. А.', on: '2026-11-20' };
  const found = async (id: string, on = today) => (await load()).lint(on).find((one) => one.id === id);

  it('leaves it in the list, settled, with who decided, when and why', async () => {
    await changed(settles, add(decision), async () => {
      const finding = await found('day-zone');
      expect(finding?.settled).to.equal(true);
      expect(finding?.settle).to.equal('Иванова А. А., 2026-11-20: Так решено');
    });
    expect((await found('day-zone'))?.settled).to.equal(false);
  });

  it('settles nothing before its day', async () => {
    await changed(settles, add(decision), async () => {
      expect((await found('day-zone', today.subtract({ days: 1 })))?.settled).to.equal(false);
    });
  });

  it('settles nothing when there are two', async () => {
    const twice = (file: Document) => {
      add(decision)(file);
      add({ ...decision, by: 'Петров П. П.' })(file);
    };
    await changed(settles, twice, async () => {
      expect((await found('day-zone'))?.settled).to.equal(false);
    });
  });

  it('becomes an error when the finding is gone', async () => {
    await changed(settles, add({ ...decision, finding: 'promise-looser.qsockets.answer' }), async () => {
      expect((await load()).lint(today).map(({ id }) => id)).not.to.include(
        'settlement-without-finding.promise-looser.qsockets.answer',
      );
      const mended = set('qsockets.answer', ['term'], { working_days: 10 });
      await changed(`${own}/promises.yaml`, mended, async () => {
        const error = await found('settlement-without-finding.promise-looser.qsockets.answer');
        expect(error?.severity).to.equal('error');
        expect(error?.settled).to.equal(false);
      });
    });
  });
});

describe('the linter', () => {
  it('names values past their review, and a year without a calendar before it begins', async () => {
    const law = await load();
    const on = (iso: string) => law.lint(Temporal.PlainDate.from(iso)).map((finding) => finding.id);
    expect(on('2027-02-28')).not.to.include('review-due.152-fz');
    expect(on('2027-03-01')).to.include('review-due.152-fz');
    expect(on('2027-09-30')).not.to.include('calendar-missing.2028');
    expect(on('2027-10-01')).to.include('calendar-missing.2028');
  });

  it('does not complain of a bundled consent before the law asked for a separate one', async () => {
    const law = await load();
    const on = (iso: string) => law.lint(Temporal.PlainDate.from(iso)).map((finding) => finding.id);
    expect(on('2025-08-31')).not.to.include('consent-bundled.consent');
    expect(on('2025-09-01')).to.include('consent-bundled.consent');
  });

  it('answers on any day, also long before the packs begin and long after the last calendar', async () => {
    const law = await load();
    for (const iso of [
      '2000-01-01',
      '2016-07-20',
      '2022-08-31',
      '2025-12-31',
      '2026-01-01',
      '2029-03-02',
      '2040-02-29',
    ]) {
      for (const finding of law.lint(Temporal.PlainDate.from(iso))) isComplete(finding);
    }
  });

  it('puts the worst first, and says the same whenever it is asked', async () => {
    const law = await load();
    const severities = law.lint(today).map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity));
    expect(severities).to.deep.equal(severities.toSorted());
    expect(law.lint(today)).to.deep.equal((await load()).lint(today));
  });
});
