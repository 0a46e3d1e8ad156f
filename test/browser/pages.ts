import type { Page } from 'playwright-core';
import { toPath } from '../../core/console/numbers.ts';
import type { Site } from './site.ts';

export interface Visited {
  name: string;
  path: string;
  /** Sign-in address; null: a visitor. */
  who: string | null;
  /** Its parts and words are those of other pages: one language is enough. */
  once?: boolean;
  /** What to do on the page before it is looked at. */
  prepare?(page: Page): Promise<unknown>;
}

/** Every page of the site, and who sees it. */
export function pagesOf(site: Site): Visited[] {
  return allPages(site).filter(
    ({ name }) => site.test.app.engine.law.operator.plugins.includes('relay') || !ofRelay.has(name),
  );
}

/** Pages that only the relay has. */
const ofRelay = new Set([
  'dpo-log-access',
  'audit-reports',
  'logs',
  'my-projects',
  'my-project',
  'admin-project-block',
]);

function allPages(site: Site): Visited[] {
  const { dpo, auditor, admin, specialist } = site.staff;
  const card = `/dpo/requests/${toPath(site.requests.access)}`;
  const promised = Object.entries(site.promised).map(([kind, number]) => ({
    ...{ name: `dpo-request-${kind}`, path: `/dpo/requests/${toPath(number)}`, who: dpo },
  }));
  const objection = promised.find(({ name }) => name.endsWith('-objection'));
  const late = `/dpo/requests/${toPath(site.requests.late)}`;
  const incident = `/dpo/events/${toPath(site.events.incident)}`;
  const findUser = async (page: Page): Promise<void> => {
    await page.fill('#who', site.user);
    await page.click('main button.primary');
    await page.waitForURL('**/admin/accounts/acc_*');
  };
  const visitor = (name: string, path: string): Visited => ({ name, path, who: null });
  return [
    visitor('public-home', '/'),
    visitor('public-help', '/help'),
    visitor('public-documents', '/documents'),
    visitor('public-notices', '/notices'),
    visitor('public-register', '/register'),
    {
      ...visitor('public-register-errors', '/register'),
      prepare: async (page) => {
        await page.fill('#email', 'ivanov@');
        await page.click('main button.primary');
        await page.waitForSelector('.summary');
      },
    },
    visitor('auth-login', '/auth/login'),
    visitor('error-404', '/nothing-here'),
    { name: 'public-edition', path: '/documents', who: null, prepare: async (page) => page.click('main a >> nth=0') },
    { name: 'dpo-today', path: '/dpo', who: dpo },
    { name: 'dpo-requests', path: '/dpo/requests', who: dpo },
    { name: 'dpo-requests-none', path: '/dpo/requests?view=ready&kind=stop', who: dpo },
    { name: 'dpo-request-new', path: '/dpo/requests/new', who: dpo },
    { name: 'dpo-request', path: card, who: dpo },
    { name: 'dpo-request-late', path: `/dpo/requests/${toPath(site.requests.late)}`, who: dpo },
    { name: 'dpo-request-deletion', path: `/dpo/requests/${toPath(site.requests.deletion)}`, who: dpo },
    ...promised,
    ...(objection ? [{ name: 'dpo-stop', path: `${objection.path}/stop`, who: dpo }] : []),
    { name: 'dpo-deadline', path: `${card}/deadline`, who: dpo },
    { name: 'dpo-identity', path: `/dpo/requests/${toPath(site.requests.late)}/identity`, who: dpo },
    { name: 'dpo-clarify', path: `/dpo/requests/${toPath(site.requests.late)}/clarify`, who: dpo },
    { name: 'dpo-answer', path: `${card}/answer`, who: dpo },
    { name: 'dpo-refuse', path: `${card}/refuse`, who: dpo },
    { name: 'dpo-extend', path: `${card}/extend`, who: dpo },
    { name: 'dpo-rectify', path: `${late}/rectify`, who: dpo },
    { name: 'dpo-evidence', path: `${late}/evidence`, who: dpo },
    { name: 'dpo-no-block', path: `${late}/no-block`, who: dpo },
    { name: 'dpo-events', path: '/dpo/events', who: dpo },
    { name: 'dpo-events-all', path: '/dpo/events?view=all', who: dpo },
    { name: 'dpo-event-kinds', path: '/dpo/events/new', who: dpo },
    { name: 'dpo-event-new', path: '/dpo/events/new?fact=incident.detected', who: dpo },
    {
      name: 'dpo-event-errors',
      path: '/dpo/events/new?fact=regulator.asked',
      who: dpo,
      prepare: async (page) => {
        await page.fill('#at', '2027-01-01T10:00');
        await page.click('main button.primary');
        await page.waitForSelector('.summary');
      },
    },
    { name: 'dpo-event', path: incident, who: dpo },
    { name: 'dpo-event-claim', path: `/dpo/events/${toPath(site.events.claim)}`, who: dpo },
    { name: 'dpo-event-report', path: `${incident}/report?fact=incident.reported`, who: dpo },
    { name: 'dpo-erasures', path: '/dpo/erasures', who: dpo },
    { name: 'dpo-erasure', path: `/dpo/erasures/${site.plan}`, who: dpo },
    { name: 'dpo-acts', path: '/dpo/acts', who: dpo },
    { name: 'dpo-retention', path: '/dpo/retention', who: dpo },
    { name: 'dpo-log-access', path: '/dpo/log-access', who: dpo },
    { name: 'audit-log', path: '/audit/log', who: auditor },
    { name: 'audit-chain', path: '/audit/chain', who: auditor, prepare: async (page) => page.click('.head button') },
    { name: 'audit-reports', path: '/audit/reports', who: auditor },
    { name: 'logs', path: '/logs', who: specialist },
    { name: 'my-projects', path: '/my/projects', who: site.user },
    ...(site.project ? projectPages(site.user, site.project) : []),
    { name: 'my-notices', path: '/my/notices', who: site.user },
    { name: 'my-privacy', path: '/my/privacy', who: site.user },
    { name: 'my-account', path: '/my/account', who: site.user },
    { name: 'my-delete', path: '/my/account/delete', who: site.user },
    { name: 'auth-security', path: '/auth/security', who: site.user },
    {
      name: 'auth-totp-begin',
      path: '/auth/security',
      who: dpo,
      prepare: async (page) => page.click('main .panel button.primary'),
    },
    { name: 'admin-health', path: '/admin', who: admin },
    { name: 'admin-staff', path: '/admin/staff', who: admin },
    { name: 'admin-accounts', path: '/admin/accounts', who: dpo },
    { name: 'admin-account', path: '/admin/accounts', who: admin, prepare: findUser },
    {
      name: 'admin-account-block',
      path: '/admin/accounts',
      who: admin,
      prepare: async (page) => {
        await findUser(page);
        await page.click('main .head a.danger');
        await page.waitForSelector('#ground');
      },
    },
    {
      name: 'admin-project-block',
      path: '/admin/accounts',
      who: admin,
      prepare: async (page) => {
        await findUser(page);
        await page.click('main .panel a.danger');
        await page.waitForSelector('#ground');
      },
    },
  ];
}

/** Every page of a project that has been in use. */
function projectPages(who: string, project: string): Visited[] {
  const at = `/my/projects/${project}`;
  const said = ['events', 'code', 'delete'];
  const pages = ['tokens', 'usage', 'events', 'debug', 'code', 'settings', 'delete'];
  return [
    { name: 'my-project', path: at, who },
    { name: 'my-project-pusher', path: `${at}/tokens/pusher`, who },
    { name: 'my-project-plan', path: `${at}/plan?plan=business`, who },
    ...pages.map((name) => ({
      name: `my-project-${name}`,
      path: `${at}/${name}`,
      who,
      ...(said.includes(name) ? { once: true } : {}),
    })),
  ];
}
