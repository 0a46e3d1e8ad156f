import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { startApp, type TestApp } from '../support/app.ts';
import { settle } from '../support/people.ts';
import { chromiumPath, openBrowser } from './site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const password = 'officer of the house';
const email = 'dpo@example.org';

describe('a task for papers, in a browser', function () {
  this.timeout(120_000);
  let test: TestApp;
  let browser: Browser;

  before(async function () {
    if (!chromiumPath) {
      console.log('There is no Chromium on this machine: the browser tests are skipped.');
      this.skip();
    }
    test = await startApp({ at: '2026-05-15T10:00', operator: 'chat2desk' });
    const { db, accounts, datamap, retention } = test.app.engine;
    const link = new URL((await test.app.setupLink()) as string).pathname.split('/').at(-1) as string;
    const chief = { email: 'chief@example.org', name: 'Первый Пётр', password };
    const { account } = await accounts.staff.setPassword(link, chief);
    const officer = { email, name: 'Соколова Инна Викторовна', position: 'архивариус' };
    const { token } = await db.transaction((trx) =>
      accounts.staff.invite(trx, { ...officer, roles: ['dpo'], by: account }),
    );
    await accounts.staff.setPassword(token, { password });
    const subject = await db.transaction((trx) => datamap.subjects.create(trx, { kind: 'relay-user' }));
    const cause = { kind: 'request', about: 'req_1' } as const;
    const plan = await db.transaction((trx) => retention.plan(trx, subject, { cause }));
    await db.transaction((trx) => retention.check(trx, plan.id, account));
    await settle(test);
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await test?.close();
  });

  async function open({ scripts = true, width = 1280, lang = 'ru' } = {}): Promise<Page> {
    const viewport = { width, height: 900 };
    const context = await browser.newContext({ javaScriptEnabled: scripts, viewport, reducedMotion: 'reduce' });
    const { url } = test.app;
    await context.addCookies([
      { name: 'srok.theme', value: 'light', url },
      { name: 'srok.lang', value: lang, url },
    ]);
    const page = await context.newPage();
    await page.goto(`${url}/auth/login`);
    await page.fill('#email', email);
    await page.fill('#password', password);
    await page.click('main button.primary');
    await page.goto(`${url}/dpo/tasks`);
    await page.click(`tr:has-text("${lang === 'ru' ? 'Документы на бумаге' : 'Papers'}") a`);
    await page.waitForSelector('#carrier-1');
    return page;
  }

  /** What axe finds on the page as it stands. */
  async function violations(page: Page, only = rules): Promise<string[]> {
    if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axe);
    return (await page.evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(only)}, resultTypes: ['violations'] }).then((result) =>
        result.violations.flatMap((one) => one.nodes.map((node) => one.id + ': ' + node.target.join(' '))))`,
    )) as string[];
  }

  it('has no barrier in either theme or on a narrow screen, also when something is wrong', async () => {
    for (const lang of ['ru', 'en']) {
      const page = await open({ lang, width: lang === 'ru' ? 1280 : 320 });
      await page.fill('#records', '2');
      await page.fill('#carrier-1', 'Договор № 7');
      await page.fill('#sheets-1', '0');
      await page.press('#sheets-1', 'Enter');
      await page.waitForSelector('.summary');
      expect(await violations(page), lang).to.deep.equal([]);
      // The other theme differs in its colours only.
      await page.evaluate(`document.documentElement.dataset.theme = 'dark'`);
      expect(await violations(page, ['color-contrast']), `${lang}, dark`).to.deep.equal([]);
      await page.setViewportSize({ width: 320, height: 900 });
      expect(await page.evaluate('document.documentElement.scrollWidth'), lang).to.be.at.most(320);
      await page.context().close();
    }
  });

  it('gets more lines for carriers with scripts and without, and is done with them', async () => {
    for (const scripts of [true, false]) {
      const page = await open({ scripts });
      await page.fill('#carrier-1', 'Договор № 7');
      await page.fill('#sheets-1', '12');
      await page.click('[data-more-lines]');
      await page.waitForSelector('#carrier-6');
      expect(await page.inputValue('#carrier-1')).to.equal('Договор № 7');
      expect(await page.textContent('label[for=carrier-6]')).to.equal('Носитель 6');
      expect(await page.textContent('label[for=sheets-6]')).to.equal('Листов в носителе 6');
      await page.fill('#carrier-6', 'Заявление');
      await page.fill('#sheets-6', '1');
      if (scripts) {
        expect(await page.evaluate('document.activeElement.id')).to.equal('sheets-6');
        await page.context().close();
        continue;
      }
      await page.fill('#records', '2');
      await page.fill('#way', 'сжигание');
      await page.click('main form button.primary');
      expect(await page.textContent('[role=status]')).to.contain('Задача отмечена исполненной.');
      await page.context().close();
    }
    const row = await test.app.engine.db('core.manual_tasks').whereNotNull('done_at').first();
    expect(row).to.include({ connector: 'papers', action: 'erase', records: 2 });
  });
});
