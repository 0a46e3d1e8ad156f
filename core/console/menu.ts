import { Refusal } from '../base/index.ts';
import type { Actor, Locale, NavItem, NavSection } from '../http/index.ts';
import type { ProjectView } from './ports.ts';
import type { Shared } from './shared.ts';
import { eventCounts } from './views/events.ts';
import { projectPages } from './views/projects.ts';
import { counters } from './views/requests.ts';

/** The side menu of a person: only what their roles open. */
export function menuOf(shared: Shared) {
  return async (actor: Actor | null, locale: Locale, path: string): Promise<NavSection[]> => {
    if (!actor) return [];
    const { t } = shared.words({ locale });
    const has = (...roles: Actor['roles'][number][]): boolean => roles.some((role) => actor.roles.includes(role));
    const item = (href: string, title: string, more: Partial<NavItem> = {}): NavItem => ({ href, title, ...more });
    const sections: NavSection[] = [];
    const blocking = item('/admin/accounts', t('Блокировка учётных записей'));

    if (has('dpo', 'dpo-assistant')) {
      const open = await shared.requests.list({ open: true, limit: 500 });
      const plans = await shared.retention.plans.list({ open: true });
      // Only where there are places that no program reaches.
      const byHand = shared.law.operator.connectors.some(({ kind }) => kind === 'manual');
      const tasks = byHand ? await shared.connectors.tasks.list({ open: true }) : [];
      sections.push({
        title: t('Работа'),
        items: [
          item('/dpo', t('Сегодня')),
          item('/dpo/requests', t('Обращения'), { count: open.length, late: counters(open, shared.today()).late }),
          item('/dpo/events', t('События'), eventCounts(await shared.events.list({ open: true, limit: 500 }))),
          item('/dpo/erasures', t('Удаления'), { count: plans.length }),
          ...(byHand ? [item('/dpo/tasks', t('Задачи работникам'), { count: tasks.length })] : []),
          ...(has('dpo') && shared.projects ? [item('/dpo/log-access', t('Доступ к журналу'))] : []),
        ],
      });
      sections.push({
        title: t('Учёт'),
        items: [
          item('/dpo/acts', t('Акты уничтожения')),
          item('/dpo/retention', t('Сроки и правила')),
          ...(has('dpo') && !has('admin') ? [blocking] : []),
        ],
      });
    }
    if (has('specialist') && shared.projects) {
      sections.push({ title: t('Журнал сообщений'), items: [item('/logs', t('Доступ по разрешению'))] });
    }
    if (has('auditor', 'dpo')) {
      const acts = has('dpo') ? [] : [item('/dpo/acts', t('Акты уничтожения'))];
      sections.push({
        title: t('Аудит'),
        items: [
          item('/audit/log', t('Журнал доступа')),
          item('/audit/chain', t('Проверка цепочки')),
          ...(shared.projects ? [item('/audit/reports', t('Отчёты PDF'))] : []),
          ...acts,
        ],
      });
    }
    if (has('relay-user') && actor.subject) {
      const project = await projectAt(shared, actor.subject, path);
      if (project) {
        sections.push({
          title: t('Проект «{{name}}»', { name: project.name }),
          items: projectPages(project, { t }).map(({ href, title }) => item(href, title)),
        });
      }
      const unread = await shared.letters.notices(actor.subject, { unread: true });
      sections.push({
        title: t('Кабинет'),
        items: [
          ...(shared.projects ? [item('/my/projects', t('Проекты'))] : []),
          item('/my/notices', t('Уведомления'), { count: unread.length }),
          ...(shared.invoices ? [item('/my/billing', t('Оплата и документы'))] : []),
          item('/my/privacy', t('Согласия и данные')),
          item('/my/account', t('Учётная запись')),
        ],
      });
    }
    if (has('admin')) {
      sections.push({
        title: t('Администрирование'),
        items: [item('/admin', t('Состояние')), item('/admin/staff', t('Сотрудники и роли')), blocking],
      });
    }
    return markCurrent(sections, path);
  };
}

/** The project whose pages a person is on; null on others, and when it is not theirs. */
async function projectAt({ projects }: Shared, subject: string, path: string): Promise<ProjectView | null> {
  const id = /^\/my\/projects\/(prj_[0-9a-z]{26})(?:\/|$)/.exec(path)?.[1];
  if (!id || !projects) return null;
  try {
    return await projects.project(id, subject);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/** The longest address that the page's own begins with is the current one. */
export function markCurrent(sections: NavSection[], path: string): NavSection[] {
  const fits = (href: string): boolean => path === href || path.startsWith(`${href}/`);
  const best = sections
    .flatMap(({ items }) => items.map(({ href }) => href))
    .filter(fits)
    .sort((a, b) => b.length - a.length)[0];
  return sections.map(({ title, items }) => ({
    title,
    items: items.map((item) => (item.href === best ? { ...item, current: true } : item)),
  }));
}

/** Where a person begins their day. */
export function homeOf(actor: Actor, { projects }: Pick<Shared, 'projects'>): string {
  const order: readonly (readonly [Actor['roles'][number], string])[] = [
    ['dpo', '/dpo'],
    ['dpo-assistant', '/dpo'],
    ['auditor', '/audit/log'],
    ...(projects ? ([['specialist', '/logs']] as const) : []),
    ['admin', '/admin'],
    ['relay-user', projects ? '/my/projects' : '/my/privacy'],
  ];
  return order.find(([role]) => actor.roles.includes(role))?.[1] ?? '/help';
}
