import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect } from 'chai';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { relayOf } from '../../plugins/relay/index.ts';
import { pagesOf } from './pages.ts';
import { chromiumPath, makeSite, openBrowser, type Site, signIn } from './site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

function projectOf({ project }: Site): string {
  if (!project) throw new Error('Nobody here has a project.');
  return project;
}

/** What axe finds on the page as it stands: rule and place, so that a failure says where to look. */
async function violations(
  page: Page,
  { only = rules, but = [] }: { only?: string[]; but?: string[] } = {},
): Promise<string[]> {
  // The strict policy of the page forbids scripts of others: the debugger's own door does not ask it.
  if (!(await page.evaluate(`'axe' in window`))) await page.evaluate(axe);
  const off = Object.fromEntries(but.map((rule) => [rule, { enabled: false }]));
  return (await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(only)}, rules: ${JSON.stringify(off)}, resultTypes: ['violations'] }).then((result) =>
      result.violations.flatMap((one) => one.nodes.map((node) => one.id + ': ' + node.target.join(' ') + ' ' + (node.any[0]?.message ?? ''))))`,
  )) as string[];
}

const wide = { width: 1280, height: 900 };
const narrow = { width: 320, height: 800 };

/** What is wrong with a page that is open in the light theme on a wide screen. */
async function barriers(page: Page): Promise<string[]> {
  const found = await violations(page);
  // The same page in the other theme differs in its colours only.
  await page.evaluate(`document.documentElement.dataset.theme = 'dark'`);
  found.push(...(await violations(page, { only: ['color-contrast'] })).map((one) => `dark: ${one}`));
  await page.setViewportSize(narrow);
  found.push(...(await overflow(page)));
  await page.setViewportSize(wide);
  return found;
}

/** The same of a page on a narrow screen. Colours are those of the other language: they are looked at there. */
async function narrowBarriers(page: Page): Promise<string[]> {
  return [...(await violations(page, { but: ['color-contrast'] })), ...(await overflow(page))];
}

async function overflow(page: Page): Promise<string[]> {
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
  return width > narrow.width ? [`${width} px wide at ${narrow.width}`] : [];
}

describe('in a browser', function () {
  this.timeout(300_000);
  let site: Site;
  let browser: Browser;

  before(async function () {
    if (!chromiumPath) {
      console.log('There is no Chromium on this machine: the browser tests are skipped.');
      this.skip();
    }
    site = await makeSite();
    browser = await openBrowser();
  });
  after(async () => {
    await browser?.close();
    await site?.close();
  });

  it('the officer signs in, checks the deletion, and downloads the act', async () => {
    const context = await browser.newContext({ acceptDownloads: true });
    const page = await signIn(context, site, site.staff.second);
    expect(new URL(page.url()).pathname).to.equal('/dpo');
    await page.click('main a:has-text("План удаления")');
    expect(await page.textContent('h1')).to.equal('План удаления');
    expect(await page.textContent('main'))
      .to.contain('Что остаётся')
      .and.contain('Акцепт оферты');
    await page.click('main .actions button');
    expect(await page.textContent('[role=status]')).to.contain('План проверен');
    await site.test.app.engine.jobs.idle();
    await page.reload();
    expect(await page.textContent('main')).to.contain('Удалено 20.11.2026');
    await page.click('main a:has-text("АУ-2026-")');
    expect(await page.textContent('h1')).to.match(/^Акт АУ-2026-\d{4}$/);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.click('main .head a:has-text("Скачать PDF")'),
    ]);
    expect(download.suggestedFilename()).to.match(/АУ-2026-\d{4}\.pdf/);
    const bytes = readFileSync(await download.path());
    expect(bytes.subarray(0, 5).toString()).to.equal('%PDF-');
    await context.close();
  });

  it('works without JavaScript: sign in, register a request, sign out', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await signIn(context, site, site.staff.dpo);
    await page.goto(`${site.url}/dpo/requests/new`);
    await page.fill('#name', 'Тарасенко Вероника');
    await page.click('main button.primary');
    expect(await page.textContent('[role=status]')).to.match(/Обращение ЗС-2026-\d{4} зарегистрировано/);
    await page.click('.top details.drop summary');
    await page.click('button:has-text("Выйти")');
    expect(new URL(page.url()).pathname).to.equal('/auth/login');
    await page.goto(`${site.url}/dpo`);
    expect(new URL(page.url()).pathname).to.equal('/auth/login');
    await context.close();
  });

  it('an incident is reported without JavaScript: two clocks run, and the notice stops one of them', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await signIn(context, site, site.staff.dpo);
    await page.goto(`${site.url}/dpo/events/new`);
    await page.click('main a:has-text("Выявлен инцидент")');
    await page.fill('#at', '2026-11-20T18:30');
    await page.fill('#subjects', '1500');
    await page.fill('#note', 'Письмо ушло не тому адресату');
    await page.click('main button.primary');
    expect(await page.textContent('[role=status]')).to.match(/Событие ИН-2026-\d{4} зарегистрировано/);
    const main = (): Promise<string> => page.innerText('main').then((text) => text.replaceAll('\u00a0', ' '));
    expect(await main())
      .to.include('осталось 23 ч')
      .and.to.include('осталось 71 ч');
    expect(await main())
      .to.include('от 3 000 000 ₽ до 5 000 000 ₽')
      .and.to.not.include('Письмо ушло');
    await page.click('main a.primary:has-text("Направлено первичное уведомление об инциденте")');
    await page.check('main input[name=contains] >> nth=0');
    await page.fill('#at', '2026-11-20T18:35');
    await page.click('main button.primary');
    expect(await main())
      .to.include('исполнено 20.11.2026')
      .and.to.include('Отмеченные пункты: 1');
    await page.click('button:has-text("Показать примечания")');
    expect(await main()).to.include('Письмо ушло не тому адресату');
    // The same form sent twice is one event.
    await page.goto(`${site.url}/dpo/events/new?fact=claim.received`);
    const [key, token] = [
      await page.inputValue('input[name=key]'),
      await page.inputValue('input[name=_csrf] >> nth=-1'),
    ];
    const form = { _csrf: token, key, fact: 'claim.received', at: '2026-11-20T12:00', customer: 'business' };
    const sent = async () =>
      (await context.request.post(`${site.url}/dpo/events/new`, { form, maxRedirects: 0 })).headers().location;
    expect(await sent()).to.equal(await sent());
    await context.close();
  });

  it('an account is blocked in two clicks, and its holder is told', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await signIn(context, site, site.staff.admin);
    await page.goto(`${site.url}/admin/accounts`);
    await page.fill('#who', site.user);
    await page.click('main button.primary');
    expect(await page.innerText('main')).to.not.include('Иванов');
    await page.click('main .head a:has-text("Заблокировать")');
    await page.click('main button.danger');
    expect(await page.textContent('.summary')).to.include('Выберите значение из списка');
    await page.selectOption('#ground', 'security');
    await page.fill('#reason', 'Перебор токенов с этого адреса');
    await page.click('main button.danger');
    expect(await page.innerText('main'))
      .to.include('заблокирована')
      .and.to.include('угроза безопасности сервиса');
    await page.click('main .head a:has-text("Восстановить")');
    await page.fill('#reason', 'Токены отозваны');
    await page.click('main button.primary');
    expect(await page.innerText('main')).to.include('действует');
    await context.close();
  });

  it('says nothing of which half of a wrong sign-in was wrong', async () => {
    const context = await browser.newContext();
    const said: (string | null)[] = [];
    for (const email of [site.staff.dpo, 'nobody@mail.example']) {
      const page = await context.newPage();
      await page.goto(`${site.url}/auth/login`);
      await page.fill('#email', email);
      await page.fill('#password', 'not the password at all');
      await page.click('main button.primary');
      said.push(await page.textContent('.summary'));
    }
    expect(said[0]).to.contain('Почта или пароль не подходят');
    expect(said[1]).to.equal(said[0]);
    await context.close();
  });

  it('shows the token of a new project once', async () => {
    const context = await browser.newContext();
    const page = await signIn(context, site, site.user);
    await page.goto(`${site.url}/my/projects`);
    await page.fill('#name', 'Чат поддержки');
    await page.click('main button.primary');
    const token = (await page.textContent('#token'))?.trim() ?? '';
    expect(token.length).to.be.greaterThan(20);
    await page.click('main a.primary');
    expect(await page.textContent('h1')).to.equal('Чат поддержки');
    expect(await page.content()).to.not.contain(token);
    expect(await violations(page)).to.deep.equal([]);
    await context.close();
  });

  it('a project is tried out in its console: subscribed, published to, paused, left, and caught up with', async () => {
    const project = projectOf(site);
    const relay = relayOf(site.test.app.engine);
    const { db } = site.test.app.engine;
    const issued = await db.transaction((trx) => relay.issueToken(trx, project, { name: 'консоль' }));
    const publish = (body: string) =>
      fetch(`${site.url}/relay/v1/channels/${encodeURIComponent('проба')}/messages`, {
        ...{ method: 'POST', body, headers: { authorization: `Bearer ${issued.token}` } },
      });
    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const page = await signIn(context, site, site.user);
    const [addresses, complaints]: [string[], string[]] = [[], []];
    page.on('request', (request) => addresses.push(request.url()));
    page.on('websocket', (socket) => addresses.push(socket.url()));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    await page.goto(`${site.url}/my/projects/${project}/debug`);
    const tail = (text: string) => page.waitForSelector(`#console-tail pre:text-is('${text}')`);
    const state = (text: string) => page.waitForSelector(`#console-state:has-text('${text}')`);
    const subscribe = async () => {
      await page.fill('#console-channel', 'проба');
      await page.click('#console-subscribe button');
    };
    await page.selectOption('#console-token', issued.id);
    await page.click('#console-join');
    await state('Соединено');
    await subscribe();
    await tail('Подписка на проба, последнее сообщение № 0');
    await page.fill('#console-to', 'проба');
    await page.fill('#console-data', '<b>раз</b>');
    await page.click('#console-publish button');
    await tail('<b>раз</b>');
    await page.waitForSelector(`#console-answer:has-text('Принято: № 1, msg_')`);
    await subscribe();
    await tail('Не получилось: This channel is subscribed already.');

    await page.click('#console-pause');
    await publish('на паузе');
    await page.waitForSelector(`#console-waiting:has-text('Ждут на паузе: 1')`);
    expect(await page.innerText('#console-tail')).to.not.contain('на паузе');
    await page.click('#console-pause');
    await tail('на паузе');
    expect(await violations(page)).to.deep.equal([]);

    await page.click('#console-leave');
    await state('Соединение закрыто: 1000');
    await publish('без нас');
    await page.click('#console-join');
    await tail('без нас');
    expect(await page.locator(`#console-tail pre:text-is('на паузе')`).count()).to.equal(1);
    await db.transaction((trx) => relay.revokeToken(trx, project, issued.id));
    await state('Соединение закрыто: 4401');
    await page.click('#console-join');
    await state('Не получилось:');
    expect(addresses.filter((address) => /srok_|tkt_|%D0/.test(address))).to.deep.equal([]);
    expect(addresses.some((address) => address.startsWith('ws:'))).to.equal(true);
    expect(complaints.filter((text) => !text.includes('404'))).to.deep.equal([]);
    await context.close();
  });

  it('without JavaScript the console says what is missing, and shows what a channel still hands out', async () => {
    const project = projectOf(site);
    const { engine } = site.test.app;
    const relay = relayOf(engine);
    const issued = await engine.db.transaction((trx) => relay.issueToken(trx, project));
    await fetch(`${site.url}/relay/v1/channels/quiet/messages`, {
      ...{ method: 'POST', body: 'без сценариев', headers: { authorization: `Bearer ${issued.token}` } },
    });
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await signIn(context, site, site.user);
    await page.goto(`${site.url}/my/projects/${project}/debug`);
    expect(await page.innerText('main')).to.contain('JavaScript выключен. Живого потока и публикации');
    expect(await page.isVisible('#console')).to.equal(false);
    await page.fill('#channel', 'quiet');
    await page.click('main form.filters button:visible');
    expect(await page.innerText('main table')).to.contain('без сценариев');
    await page.click('main a:has-text("Примеры кода")');
    expect(await page.innerText('main')).to.contain('/channels/quiet/messages');
    await page.click('nav.side a:has-text("Ключи и токены") >> visible=true');
    await page.fill('#name', 'без сценариев');
    await page.uncheck('input[name=rights][value=publish]');
    await page.click('main button.primary');
    expect(await page.textContent('#token')).to.match(/^srok_/);
    expect(await page.innerText('main')).to.contain('без сценариев · подписка, чтение');
    await context.close();
  });

  // Who has signed in for one language goes on in the other.
  const sessions = new Map<string, StorageState>();
  for (const language of ['ru', 'en'] as const) {
    it(`every page passes axe${language === 'ru' ? ' in both themes' : ' on a narrow screen'} and fits 320 px: ${language}`, async () => {
      const wrong: Record<string, string[]> = {};
      const pages = pagesOf(site).filter(({ once }) => language === 'ru' || !once);
      const visitors = Map.groupBy(pages, ({ who }) => who ?? '');
      const walk = async (who: string, pages: ReturnType<typeof pagesOf>): Promise<void> => {
        const signedIn = sessions.get(who);
        const context = await browser.newContext({
          ...{ viewport: language === 'ru' ? wide : narrow, reducedMotion: 'reduce' },
          ...(signedIn ? { storageState: signedIn } : {}),
        });
        await context.addCookies([
          { name: 'srok.theme', value: 'light', url: site.url },
          { name: 'srok.lang', value: language, url: site.url },
        ]);
        const page = who && !signedIn ? await signIn(context, site, who) : await context.newPage();
        sessions.set(who, await context.storageState());
        for (const { name, path, prepare } of pages) {
          await page.goto(site.url + path);
          if (prepare) await prepare(page);
          await page.waitForLoadState();
          const found = await (language === 'ru' ? barriers(page) : narrowBarriers(page));
          if (/^(Something went wrong|Ошибка на)/.test(await page.title())) found.push(await page.title());
          if (found.length > 0) wrong[name] = found;
        }
        await context.close();
      };
      // One visitor works while the other waits for the server.
      const waiting = [...visitors];
      const next = async (): Promise<void> => {
        for (let one = waiting.shift(); one; one = waiting.shift()) await walk(...one);
      };
      await Promise.all([next(), next()]);
      expect(Object.keys(wrong), JSON.stringify(wrong, null, 1)).to.deep.equal([]);
    });
  }
});
