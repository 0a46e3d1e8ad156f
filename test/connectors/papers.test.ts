import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Refusal } from '../../core/base/index.ts';
import { type Connectors, createConnectors, type TaskResult } from '../../core/connectors/index.ts';
import type { Plan } from '../../core/retention/index.ts';
import { day, type House, openHouse } from '../retention/house.ts';

const words = (text: string) => ({ ru: text, en: text });
const common = { kind: 'manual', subject: 'customer', purposes: ['communication'] };
const fields = { paper: 'support.letter' };

/** The words of a PDF in one line: its cells break lines anywhere. */
function textOf(pdf: Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'srok-act-'));
  try {
    const file = join(folder, 'act.pdf');
    writeFileSync(file, pdf);
    return execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' }).replace(/\s+/g, ' ');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const why = (error: unknown): string =>
  error instanceof Refusal ? `${error.code} ${String(error.details.field ?? '')}` : String(error);

describe('papers that no program processes', () => {
  let house: House;
  let connectors: Connectors;
  let ada: string;

  const shredded: TaskResult = {
    ...{ by: 'acc_clerk', records: 2 },
    carriers: {
      list: [
        { name: 'Папка «Переписка с Адой Лавлейс»', sheets: 12 },
        { name: 'Заявление от 03.02.2024', sheets: 1 },
      ],
      way: 'измельчение в шредере',
      by: { name: 'Архивов Пётр Ильич', post: 'архивариус' },
    },
  };

  beforeEach(async () => {
    house = await openHouse('2026-05-15T10:00');
    connectors = createConnectors({
      ...{ db: house.db, clock: house.clock, zone: house.law.zone, vault: house.vault },
      ...{ journal: house.journal, datamap: house.datamap },
      connectors: [
        {
          ...{ id: 'cupboard', title: words('Шкаф'), system: words('Бумажный архив'), ...common, fields },
          ...{ automation: 'none', schedule: 'billing.contact', instructions: words('Откройте шкаф.') },
        },
        {
          ...{ id: 'partner', title: words('Партнёр'), system: words('ИСПДн партнёра'), ...common, fields },
          ...{ schedule: 'account.profile', instructions: words('Позвоните партнёру.') },
        },
      ],
    });
    ada = await house.aPerson();
  });
  afterEach(async () => {
    await connectors.close();
    await house.close();
  });

  async function planned(): Promise<Plan> {
    const cause = { kind: 'request', about: 'req_1' } as const;
    const plan = await house.story((trx) => house.retention.plan(trx, ada, { cause, by: 'acc_a' }));
    await house.story((trx) => house.retention.check(trx, plan.id, 'acc_b'));
    await house.jobs.idle();
    return house.retention.plans.get(plan.id);
  }
  async function taskAt(connector: string) {
    const task = (await connectors.tasks.list({ open: true })).find((one) => one.connector === connector);
    if (!task) throw new Error(`There is no task for ${connector}.`);
    return task;
  }
  const done = async (connector: string, result: TaskResult): Promise<unknown> => {
    const { id } = await taskAt(connector);
    return house.story((trx) => connectors.tasks.done(trx, id, result));
  };
  async function actOf(plan: string) {
    const [act] = await house.retention.acts.list({ plan });
    if (!act) throw new Error('There is no act.');
    return { act, text: textOf(await house.letters.documents.pdf(act.document)) };
  }

  it('are destroyed only with their carriers, the sheets of each, how and by whom', async () => {
    await planned();
    const { carriers } = shredded;
    if (!carriers) throw new Error('never');
    const wrong: [TaskResult, string][] = [
      [{ by: 'acc_clerk', records: 2 }, 'task.no-carriers carriers'],
      [{ ...shredded, carriers: { ...carriers, list: [] } }, 'task.no-carriers carriers'],
      [
        { ...shredded, carriers: { ...carriers, list: [{ name: 'Папка', sheets: 0 }] } },
        'task.malformed carriers.list.0.sheets',
      ],
      [
        { ...shredded, carriers: { ...carriers, list: [{ name: 'Папка', sheets: 1.5 }] } },
        'task.malformed carriers.list.0.sheets',
      ],
      [
        { ...shredded, carriers: { ...carriers, list: [{ name: ' ', sheets: 3 }] } },
        'task.malformed carriers.list.0.name',
      ],
      [{ ...shredded, carriers: { ...carriers, way: '' } }, 'task.malformed carriers.way'],
      [{ ...shredded, carriers: { ...carriers, by: { name: 'Пётр', post: '' } } }, 'task.malformed carriers.by.post'],
      [{ ...shredded, records: 0 }, 'task.carriers carriers'],
      [{ ...shredded, records: -1 }, 'task.malformed records'],
      [{ by: 'acc_clerk', records: 2, rows: [{ what: 'Папка' }] }, 'task.malformed rows'],
    ];
    for (const [result, refusal] of wrong) {
      expect(await done('cupboard', result).catch(why), JSON.stringify(result)).to.equal(refusal);
    }
    expect(await taskAt('cupboard')).to.include({ automation: 'none', doneAt: null });
    expect(await done('cupboard', { by: 'acc_clerk', records: 0 })).to.include({ records: 0 });
    expect(await done('partner', { by: 'acc_clerk', records: 1 })).to.include({ automation: null, records: 1 });
  });

  it('stand in the act beside what programs destroyed, and not in the extract of the journal', async () => {
    const { id } = await planned();
    await done('cupboard', shredded);
    await done('partner', { by: 'acc_clerk', records: 0 });
    // Whatever is wrong in between: what the person said stays said.
    house.failing.set('profiles', 1);
    await house.advanceTo('2026-05-18T12:00');
    expect((await house.retention.plans.get(id)).state).to.equal('executed');
    const { act, text } = await actOf(id);
    expect(act.records).to.equal(3); // the profile and two papers; nothing was found at the partner's
    expect(text).to.include('Папка «Переписка с Адой Лавлейс» — листов: 12');
    expect(text).to.include('Заявление от 03.02.2024 — листов: 1');
    expect(text).to.include('Измельчение в шредере').and.include('Удаление записей из базы данных');
    expect(text).to.include('Архивов Пётр Ильич, архивариус');
    expect(text).to.include('составлен: 16.05.2026').and.not.include('дата уничтожения: '); // every day has its row
    expect(text).to.include('15.05.2026'); // the day of the shredder, beside the day of the program
    const [, extract] = text.split('Выгрузка из журнала регистрации событий');
    expect(extract).to.include('Профили').and.not.include('Шкаф');
    expect(text).to.not.include('ИСПДн партнёра');
  });

  it('alone have an act without an extract, which names who destroyed them and who signed', async () => {
    const hold = { subject: ada, categories: ['billing.contact'], because: 'спор', owner: 'acc_a' };
    await house.story((trx) =>
      house.retention.holds.place(trx, { ...hold, from: day('2026-05-15'), until: day('2026-06-15') }),
    );
    await planned();
    await done('partner', { by: 'acc_clerk', records: 0 });
    await house.advanceTo('2026-06-16T10:00');
    await done('cupboard', shredded);
    await done('partner', { by: 'acc_clerk', records: 0 }); // the place is asked by every plan
    await house.advanceTo('2026-06-17T10:00');
    const plan = (await house.retention.plans.list({ subject: ada })).find(({ items }) =>
      items.some(({ receipt }) => (receipt?.affected ?? 0) > 0 && receipt?.automation === 'none'),
    );
    const { act, text } = await actOf(plan?.id ?? '');
    expect(text).to.include('Не составляется: данные обрабатывались без средств автоматизации');
    expect(text).to.include('листов: 12').and.include('Измельчение в шредере');
    expect(text).to.include('16.06.2026').and.include('В QR-коде — номер акта.');
    expect(text).to.not.match(/Приложение 1 к акту № \S+ Выгрузка|Состав сведений|выполнено программой/);
    const signature = { by: 'acc_dpo', name: 'Соколова Инна Викторовна', post: 'ответственный' };
    await house.story((trx) => house.retention.acts.sign(trx, act.id, signature));
    const signed = textOf(await house.letters.documents.pdf(act.document));
    expect(signed).to.include('Архивов Пётр Ильич, архивариус').and.not.include('Соколова Инна Викторовна, отв');
    expect(signed).to.include('Соколова Инна Викторовна');
  });

  it('are named in no table in plain text, and in the journal by numbers alone', async () => {
    const { id } = await planned();
    await done('cupboard', shredded);
    await done('partner', { by: 'acc_clerk', records: 0 });
    await house.advanceTo('2026-05-16T12:00');
    expect((await house.retention.plans.get(id)).state).to.equal('executed');
    for (const table of [
      'core.manual_tasks',
      'core.erasure_items',
      'core.destruction_ledger',
      'core.destruction_acts',
    ]) {
      const rows = JSON.stringify(await house.db(table));
      expect(rows, table).to.not.match(/Лавлейс|Архивов|шредер/);
    }
    const { rows } = await house.db.raw(
      "select count(*) as count from core.erasure_items where jsonb_exists(receipt, 'carriers')",
    );
    expect(Number(rows[0].count)).to.equal(1);
  });
});
