/**
 * Takes a picture of every page, in both themes and at 320 px, into a folder: for looking at, not a test.
 * Run: SROK_LOOKS=folder mocha test/browser/look.ts; SROK_PAGES=dpo,my for some pages, SROK_OPERATOR=name for another
 * operator.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pagesOf } from './pages.ts';
import { makeSite, openBrowser, signIn } from './site.ts';

describe('a look at every page', function () {
  this.timeout(300_000);
  it('is taken', async () => {
    const folder = process.env.SROK_LOOKS ?? 'var/looks';
    const only = process.env.SROK_PAGES?.split(',');
    mkdirSync(folder, { recursive: true });
    const site = await makeSite(process.env.SROK_OPERATOR);
    const browser = await openBrowser();
    try {
      for (const { who, name, path, prepare } of pagesOf(site)) {
        if (only && !only.some((part) => name.startsWith(part))) continue;
        for (const look of ['light', 'dark', 'narrow'] as const) {
          const context = await browser.newContext({
            viewport: look === 'narrow' ? { width: 320, height: 800 } : { width: 1440, height: 960 },
          });
          await context.addCookies([{ name: 'srok.theme', value: look === 'dark' ? 'dark' : 'light', url: site.url }]);
          const page = who ? await signIn(context, site, who) : await context.newPage();
          const problems: string[] = [];
          page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
          const answer = await page.goto(site.url + path);
          if (prepare) await prepare(page);
          await page.evaluate('document.fonts.ready');
          await page.screenshot({ path: join(folder, `${name}-${look}.png`), fullPage: look !== 'narrow' });
          const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
          console.log(name, look, answer?.status(), look === 'narrow' && wide > 320 ? `WIDE ${wide}` : '', ...problems);
          await context.close();
        }
      }
    } finally {
      await browser.close();
      await site.close();
    }
  });
});
