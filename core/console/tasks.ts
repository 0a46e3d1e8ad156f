import type { ManualTask, TaskResult } from '../connectors/index.ts';
import type { DestroyedCarriers } from '../datamap/index.ts';
import {
  type Call,
  type FieldProblem,
  page,
  type RouteDefinition,
  redirect,
  route,
  type Schema,
} from '../http/index.ts';
import { toPath } from './numbers.ts';
import { by, form, maybe, type Shared } from './shared.ts';
import { actionNames, carrierLines, taskRow } from './views/tasks.ts';

const workers = ['dpo', 'dpo-assistant'] as const;
const texts = (maxLength: number): Schema => ({
  type: 'array',
  items: { type: 'string', maxLength },
  maxItems: 200,
});

/** What a browser sends: text, with the lines of the carriers side by side. */
interface Typed {
  records?: string;
  found?: string;
  carrier?: string[];
  sheets?: string[];
  way?: string;
  name?: string;
  post?: string;
  more?: string; // more lines for carriers, nothing is done yet
}

/** Screens for what only people can do: the list of tasks, and the form that says one is done. */
export function taskPages(shared: Shared): RouteDefinition[] {
  const { connectors, requests, accounts, words, story } = shared;

  return [
    route({
      method: 'get',
      path: '/dpo/tasks',
      roles: workers,
      query: form({}, { view: { enum: ['', 'done'] } }),
      async handler(call) {
        const done = call.query.view === 'done';
        const tasks = await connectors.tasks.list({ open: !done });
        return page('dpo/tasks', { rows: tasks.map((task) => taskRow(task, words(call))), done });
      },
    }),
    route({
      method: 'get',
      path: '/dpo/tasks/:id',
      roles: workers,
      async handler(call) {
        const profile = await accounts.profile(shared.db, by(call).account);
        return taskPage(call, { name: profile?.name ?? '', post: profile?.position ?? '' });
      },
    }),
    route<Typed>({
      method: 'post',
      path: '/dpo/tasks/:id',
      roles: workers,
      body: form(
        {},
        {
          ...{ records: maybe(12), found: maybe(100_000), carrier: texts(200), sheets: texts(12) },
          ...{ way: maybe(), name: maybe(), post: maybe(), more: maybe(1) },
        },
      ),
      redraw: (call, problems) => taskPage(call as Call, call.body as Typed, problems),
      async handler(call) {
        const asked = call as unknown as Call;
        if (call.body.more) return taskPage(asked, call.body);
        const task = await connectors.tasks.get(call.params.id ?? '');
        const { result, problems } = readForm(task, call.body, words(call).t);
        if (problems.length > 0) return { ...(await taskPage(asked, call.body, problems)), status: 422 };
        await story((trx) => connectors.tasks.done(trx, task.id, { ...result, by: by(asked).account }));
        await requests.goOn(task.run);
        call.flash(words(call).t('Задача отмечена исполненной.'));
        return redirect('/dpo/tasks');
      },
    }),
  ];

  async function taskPage(call: Call, values: Typed, problems: FieldProblem[] = []) {
    const w = words(call);
    const task = await connectors.tasks.get(call.params.id ?? '');
    const { carrier = [], sheets = [], more } = values;
    return page('dpo/task', {
      task,
      row: taskRow(task, w),
      action: w.t(actionNames[task.action]),
      instructions: task.instructions[call.locale],
      run: await runOf(task, w.t),
      destroys: task.action === 'erase',
      lines: carrierLines(carrier, sheets, Boolean(more)),
      values,
      problems,
      wrong: (field: string) => problems.find((one) => one.field === field)?.message ?? null,
    });
  }

  /** What the task is for: a request by its number, or a plan. */
  async function runOf({ run }: ManualTask, t: (text: string) => string): Promise<{ title: string; path: string }> {
    if (run.startsWith('pln_')) return { title: t('План удаления'), path: `/dpo/erasures/${run}` };
    // An order to lift a restriction is a run of its own beside the request.
    const { number } = await requests.get(run.replace(/-lift$/, ''));
    return { title: number, path: `/dpo/requests/${toPath(number)}` };
  }
}

/** What the form says, and what is wrong with it, in the words of the page. */
function readForm(
  task: ManualTask,
  typed: Typed,
  t: (text: string, values?: Record<string, unknown>) => string,
): { result: Omit<TaskResult, 'by'>; problems: FieldProblem[] } {
  const problems: FieldProblem[] = [];
  const wrong = (field: string, message: string): void => void problems.push({ field, message });

  if (task.action === 'collect') {
    const rows = (typed.found ?? '').split('\n').flatMap((one) => (one.trim() ? [{ what: one.trim() }] : []));
    return { result: { records: rows.length, rows }, problems };
  }
  const records = wholeNumber(typed.records);
  if (records === null) wrong('records', t('Укажите число записей; 0, если ничего не нашлось'));
  const result: Omit<TaskResult, 'by'> = { records: records ?? 0 };
  const filled = carrierLines(typed.carrier ?? [], typed.sheets ?? [], false)
    .map((line, index) => ({ name: line.name.trim(), sheets: line.sheets.trim(), at: index + 1 }))
    .filter(({ name, sheets }) => name || sheets);
  if (task.action !== 'erase' || (filled.length === 0 && (records === 0 || task.automation !== 'none'))) {
    return { result, problems };
  }
  if (filled.length === 0) {
    wrong('carrier-1', t('Назовите каждый уничтоженный носитель и число его листов'));
  } else if (records === 0) {
    wrong('records', t('Носители названы, а число записей — ноль'));
  }
  const list = filled.map(({ name, sheets, at }) => {
    const count = wholeNumber(sheets);
    if (!name) wrong(`carrier-${at}`, t('Носитель {{at}}: укажите название', { at }));
    if (!count) wrong(`sheets-${at}`, t('Носитель {{at}}: укажите число листов, не меньше одного', { at }));
    return { name, sheets: count ?? 0 };
  });
  const said = (field: 'way' | 'name' | 'post', message: string): string => {
    const text = typed[field]?.trim() ?? '';
    if (!text) wrong(field, message);
    return text;
  };
  const carriers: DestroyedCarriers = {
    list,
    way: said('way', t('Укажите способ уничтожения')),
    by: {
      name: said('name', t('Укажите фамилию, имя и отчество того, кто уничтожил')),
      post: said('post', t('Укажите должность')),
    },
  };
  return { result: { ...result, carriers }, problems };
}

/** A count as people type it; null for anything else. */
function wholeNumber(text = ''): number | null {
  const digits = text.replace(/[\s\u00a0]/g, '');
  const value = Number(digits);
  return /^\d{1,9}$/.test(digits) && Number.isSafeInteger(value) ? value : null;
}
