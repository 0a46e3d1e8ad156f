import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createConnectors } from '../../core/connectors/index.ts';
import { type Law, loadLaw } from '../../core/law/index.ts';
import { type House, openHouse } from '../retention/house.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));

const written = `
- id: crm
  kind: postgres
  title: { ru: "Контакты", en: "Contacts" }
  system: { ru: "ИСПДн «CRM»", en: "CRM" }
  subject: customer
  purposes: [communication]
  schedule: support.letter
  url_from: CRM_URL
  table: crm.contacts
  subject_column: customer_id
  anchor_column: closed_at
  columns: { phone_number: account.profile, note: support.letter }
  source: "получены от субъекта"
- id: desk
  kind: http
  title: { ru: "Поддержка", en: "Support" }
  system: { ru: "ИСПДн «Поддержка»", en: "Support" }
  subject: customer
  purposes: [communication]
  schedule: support.letter
  url: "https://desk.example.ru/srok/"
  token_from: DESK_TOKEN
  timeout_ms: 1000
  fields: { text: support.letter }
  rights: [collect, erase]
- id: cupboard
  kind: manual
  title: { ru: "Шкаф", en: "Cupboard" }
  system: { ru: "Бумажный архив", en: "Paper archive" }
  subject: customer
  purposes: []
  schedule: account.profile
  fields: { paper: support.letter }
  instructions: { ru: "Откройте шкаф.", en: "Open the cupboard." }
`;

/** Loads the operator's pack with this text as its `connectors.yaml`. */
async function loaded(text: string): Promise<Law> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-policies-'));
  try {
    const root = join(folder, 'policies');
    cpSync(source, root, { recursive: true });
    writeFileSync(join(root, 'operators/qsockets/connectors.yaml'), text);
    return await loadLaw({ root, operator: 'qsockets' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const refused = (text: string): Promise<string> =>
  loaded(text).then(
    () => 'it was loaded',
    (error: Error) => error.message,
  );

describe('connectors in the operator’s pack', () => {
  it('are none where the pack has no such file', async () => {
    const law = await loadLaw({ root: source, operator: 'qsockets' });
    expect(law.operator.connectors).to.deep.equal([]);
  });

  it('are stores of the data map once the engine has opened, with foreign columns under their own names', async () => {
    const law = await loaded(written);
    const house: House = await openHouse();
    try {
      const connectors = createConnectors({
        ...{ db: house.db, clock: house.clock, zone: law.zone, vault: house.vault },
        ...{ journal: house.journal, datamap: house.datamap, connectors: law.operator.connectors },
        env: { CRM_URL: house.url, DESK_TOKEN: 'secret' },
      });
      expect(house.datamap.store('connectors.crm').store.columns).to.deep.equal({
        'crm.contacts.phone_number': 'account.profile',
        'crm.contacts.note': 'support.letter',
      });
      expect(house.datamap.store('connectors.cupboard').store.system.ru).to.equal('Бумажный архив');
      const problems = (await connectors.check()).map(({ connector }) => connector);
      expect(problems).to.include('crm');
      await connectors.close();
    } finally {
      await house.close();
    }
  });

  it('stop the start with file, line and reason when they are malformed', async () => {
    const line = written.split('\n').findIndex((one) => one.includes('url_from')) + 1;
    const unknown = await refused(written.replace('url_from:', 'url:'));
    expect(unknown).to.match(
      new RegExp(`^policies/operators/qsockets/connectors.yaml:${line}: unknown key "url"; one of id, kind, title, `),
    );
    expect(await refused(written.replace('kind: manual', 'kind: magic'))).to.include('unknown value "magic"');
    expect(await refused(written.replace('note: support.letter', 'note: support.leter'))).to.include(
      'unknown category "support.leter"; near: support.letter',
    );
    expect(await refused(written.replace('id: desk', 'id: crm'))).to.include('"crm" is already taken');
  });
});
