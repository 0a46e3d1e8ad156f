import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseDocument } from 'yaml';
import { startApp, type TestApp } from '../support/app.ts';
import { aCrew } from '../support/people.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));

describe('the screen of terms and rules', function () {
  this.timeout(60_000);
  let folder: string;
  let test: TestApp;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'srok-terms-'));
    cpSync(source, folder, { recursive: true });
    const file = join(folder, 'laws/149-fz.yaml');
    const law = parseDocument(readFileSync(file, 'utf8'));
    const index = (law.toJS() as { id: string }[]).findIndex(({ id }) => id === 'ru.149-fz.message-content');
    law.setIn([index, 'period', 0, 'certainty'], 'D');
    writeFileSync(file, law.toString());
    test = await startApp({ policies: folder });
  });
  after(async () => {
    await test?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('shows which terms wait for a decision, what already stays for want of it, and the question', async () => {
    const { dpo } = await aCrew(test.app);
    const text = async () => (await dpo.get('/dpo/retention')).bytes.toString('utf8').replaceAll('\u00a0', ' ');
    const before = await text();
    expect(before).to.include('норма с достоверностью D: уничтожение ждёт решения');
    expect(before).to.not.include('Не уничтожается: ждёт решения');
    await test.app.engine.db('relay.volumes').insert({
      ...{ processed_on: '2025-10-01', project_id: 'prj_x', subject_id: 'sub_x', messages: 7, bytes: 9 },
      ...{ payloads_left: 7, messages_left: 7 },
    });
    const after = await text();
    expect(after).to.include('Не уничтожается: ждёт решения');
    expect(after).to.include(
      'применимость нормы не подтверждена (достоверность D): записи не уничтожаются до решения оператора (settles.yaml, certainty.ru.149-fz.message-content)',
    );
    expect(after).to.include(
      'записи, срок которых держится на этом значении, не уничтожаются, пока не принято решение',
    );
  });
});
