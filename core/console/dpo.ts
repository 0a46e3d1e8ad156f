import { Refusal, Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { type Call, file, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import { cite } from '../law/index.ts';
import type { DataRequest, RequestChannel, RequestKind } from '../requests/index.ts';
import { fromPath, toPath } from './numbers.ts';
import { by, form, line, maybe, notInFuture, type Shared } from './shared.ts';
import { barChart } from './views/chart.ts';
import { deadlineBadge, strip } from './views/deadline.ts';
import { actRow, ledgerRows, outcomeShown, planItems, planRow } from './views/erasures.ts';
import { dutyBadge, eventRow, until } from './views/events.ts';
import {
  actions,
  attachmentRows,
  banner,
  because,
  channelNames,
  counters,
  dueByDay,
  historyRows,
  kindNames,
  partRows,
  question,
  requestRow,
  steps,
} from './views/requests.ts';

const readers = ['dpo', 'dpo-assistant'] as const;
const witnesses = ['dpo', 'dpo-assistant', 'auditor'] as const;

// The tabs of the queue: name in the address, what it is called, which requests it holds.
const tabs: [string, string, (request: DataRequest) => boolean][] = [
  ['', 'Все открытые', () => true],
  ['new', 'Новые', ({ state }) => state === 'received'],
  ['identity', 'Проверка личности', ({ state }) => state === 'identity-asked'],
  ['work', 'В работе', ({ state }) => ['identified', 'collecting', 'erasing'].includes(state)],
  ['ready', 'К отправке', ({ state }) => state === 'draft'],
];

/** The data protection officer's screens. */
export function dpoRoutes(shared: Shared): RouteDefinition[] {
  const { requests, retention, letters, law, accounts, journal, clock, story, words } = shared;

  const found = (call: Call): Promise<DataRequest> => requests.get(fromPath(call.params.no ?? ''));
  const cardPath = (request: DataRequest): string => `/dpo/requests/${toPath(request.number)}`;

  async function chartOf(open: readonly DataRequest[], call: Call): Promise<string> {
    const { t, shortDate } = words(call);
    const bars = dueByDay(open, shared.today());
    const most = bars.reduce(
      (best, bar) => (bar.count > best.count ? bar : best),
      bars[0] ?? { day: shared.today().today, count: 0 },
    );
    const alt = t('Ответов к сроку по рабочим дням; больше всего — {{count}}, {{day}}', {
      count: most.count,
      day: shortDate(most.day),
    });
    return barChart(
      bars.map(({ day, count, tone }) => ({ label: shortDate(day), value: count, ...(tone ? { tone } : {}) })),
      { alt, width: 460, height: 86 },
    );
  }

  async function cardModel(call: Call, request: DataRequest) {
    const w = words(call);
    const today = shared.today();
    const [parts, history, due, nameOf] = await Promise.all([
      requests.parts(request.id),
      requests.history(request.id),
      request.dueOn ? requests.deadline(request.id) : null,
      shared.names(),
    ]);
    const documents = await letters.documents.find({ about: request.id });
    const canDecide = by(call).roles.includes('dpo');
    const duties = await requests.duties(request.id);
    return {
      request,
      contested: contestedActions(request, requests.questions(request.kind, duties), canDecide),
      duties: duties.map((duty) => ({
        title: w.t(duty.title),
        badge: dutyBadge({ ...duty, problem: duty.lateFrom ? null : 'calendar.missing' }, today, w),
        due: until(duty, w),
      })),
      path: cardPath(request),
      kind: w.t(kindNames[request.kind]),
      channel: w.t(channelNames[request.channel]),
      banner: banner(request, today, w),
      steps: steps(request, parts, w, today.zone),
      parts: partRows(parts, w),
      collected: { done: parts.filter(({ outcome }) => outcome !== 'failed').length, all: parts.length },
      outcomes: request.plan
        ? (await requests.outcomes(request.id)).map((one) => ({ ...one, ...outcomeShown(one.outcome) }))
        : [],
      history: historyRows(history, w, nameOf),
      badge: deadlineBadge(question(request, today), w),
      due: due ? because(due, law, w) : null,
      actions: actions(request, today, w, canDecide),
      stopped: law.operator.purposes.find(({ id }) => id === request.stoppedPurpose)?.title ?? null,
      documents: documents.map(({ id, number, name, type }) => ({ id, title: number ?? name, type })),
      readsOriginals: canDecide,
    };
  }

  const dialog = async (call: Call, template: string, model: object = {}) => {
    const request = await found(call);
    return page(template, { ...(await cardModel(call, request)), values: {}, ...model });
  };

  /** A form of the card: the same page for looking, sending and correcting. */
  function step<Body extends Record<string, unknown>>(options: {
    name: string;
    roles: RouteDefinition['roles'];
    body: RouteDefinition['body'];
    extra?: (call: Call) => object | Promise<object>;
    done: string;
    work(request: DataRequest, body: Body, who: string): Promise<unknown>;
  }): RouteDefinition[] {
    const path = `/dpo/requests/:no/${options.name}`;
    const template = `dpo/request-${options.name}`;
    return [
      route({
        method: 'get',
        path,
        roles: options.roles,
        handler: async (call) => dialog(call, template, (await options.extra?.(call)) ?? {}),
      }),
      route<Body>({
        method: 'post',
        path,
        roles: options.roles,
        ...(options.body ? { body: options.body } : {}),
        redraw: async (call, problems) =>
          dialog(call as Call, template, {
            ...((await options.extra?.(call as Call)) ?? {}),
            values: call.body,
            problems,
          }),
        async handler(call) {
          const request = await found(call as unknown as Call);
          await options.work(request, call.body, by(call).account);
          call.flash(words(call).t(options.done));
          return redirect(cardPath(request));
        },
      }),
    ];
  }

  return [
    route({
      method: 'get',
      path: '/dpo',
      roles: readers,
      async handler(call) {
        const w = words(call);
        const today = shared.today();
        const [open, begun, plans, unsigned] = await Promise.all([
          requests.list({ open: true, limit: 500 }),
          shared.events.list({ open: true, limit: 10 }),
          retention.plans.list({ open: true }),
          retention.acts.list({ unsigned: true, limit: 20 }),
        ]);
        const queues = (await shared.jobs.counts()).filter(
          ({ queued, active, failed }) => queued + active + failed > 0,
        );
        const findings = (await shared.findings()).filter(({ severity, settled }) => severity !== 'info' && !settled);
        const next = [
          ...plans
            .filter(({ state }) => state === 'waiting' || state === 'partly')
            .map((plan) => ({ plan: planRow(plan, today, w), at: plan.eraseBy })),
          ...open.map((request) => ({ request: requestRow(request, today, w), at: request.dueOn })),
          ...begun.map((event) => ({
            event: eventRow(event, today, w),
            at: event.lateFrom?.subtract({ milliseconds: 1 }).toZonedDateTimeISO(law.zone).toPlainDate() ?? null,
          })),
        ]
          .sort((a, b) => (a.at && b.at ? Temporal.PlainDate.compare(a.at, b.at) : a.at ? -1 : 1))
          .slice(0, 10);
        const nextYear = today.today.year + 1;
        return page('dpo/today', {
          counters: counters(open, today),
          chart: await chartOf(open, call),
          next,
          unsigned: unsigned.map((act) => actRow(act, w)),
          queues,
          findings: findings.length,
          calendarMissing: today.today.month >= 10 && !law.calendar.knows(nextYear) ? nextYear : null,
          now: w.dateTime(today.now),
          nearest: open[0]?.dueOn ? w.date(open[0].dueOn) : null,
        });
      },
    }),
    route({
      method: 'get',
      path: '/dpo/requests',
      roles: readers,
      query: form(
        {},
        {
          view: { enum: ['', 'new', 'identity', 'work', 'ready', 'late', 'closed'] },
          kind: { enum: ['', ...Object.keys(kindNames)] },
          channel: { enum: ['', ...Object.keys(channelNames)] },
        },
      ),
      async handler(call) {
        const w = words(call);
        const today = shared.today();
        const { view = '', kind = '', channel = '' } = call.query as Record<string, string>;
        const open = await requests.list({ open: true, limit: 500 });
        const closed = view === 'closed' ? await requests.list({ open: false, limit: 500 }) : [];
        const own = tabs.find(([name]) => name === view)?.[2] ?? (() => true);
        const shown = (view === 'closed' ? closed : open.filter(own)).filter(
          (request) => (!kind || request.kind === kind) && (!channel || request.channel === channel),
        );
        return page('dpo/requests', {
          total: open.length,
          counters: counters(open, today),
          chart: await chartOf(open, call),
          tabs: [
            ...tabs.map(([name, title, holds]) => ({
              href: name ? `/dpo/requests?view=${name}` : '/dpo/requests',
              title: w.t(title),
              count: open.filter(holds).length,
              current: name === view,
            })),
            { href: '/dpo/requests?view=closed', title: w.t('Закрытые'), count: null, current: view === 'closed' },
          ],
          rows: shown.map((request) => requestRow(request, today, w)),
          filter: { view, kind, channel },
          filtered: Boolean(kind || channel),
          kinds: requests.kinds().map((id) => [id, w.t(kindNames[id])]),
          channels: Object.entries(channelNames).map(([id, name]) => [id, w.t(name)]),
          now: w.dateTime(today.now),
        });
      },
    }),
    route({
      method: 'get',
      path: '/dpo/requests/new',
      roles: readers,
      handler: (call) => page('dpo/request-new', newModel(call, { receivedAt: localTime(clock.now(), law.zone) })),
    }),
    route<{
      channel: RequestChannel;
      kind: RequestKind;
      receivedAt: string;
      email?: string;
      name?: string;
      text?: string;
    }>({
      method: 'post',
      path: '/dpo/requests/new',
      roles: readers,
      body: form(
        {
          channel: { enum: Object.keys(channelNames) },
          kind: { enum: Object.keys(kindNames) },
          receivedAt: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?$' },
        },
        { email: { anyOf: [{ const: '' }, { type: 'string', format: 'email' }] }, name: maybe(), text: maybe(20_000) },
      ),
      redraw: (call, problems) => page('dpo/request-new', newModel(call as Call, call.body, problems)),
      async handler(call) {
        const { channel, kind, email, name, text } = call.body;
        const receivedAt = fromLocal(call.body.receivedAt, law.zone);
        notInFuture(receivedAt, clock.now(), 'receivedAt');
        const request = await story((trx) =>
          requests.receive(trx, {
            channel,
            kind,
            receivedAt,
            from: { ...(email ? { email } : {}), ...(name ? { name } : {}) },
            ...(text ? { text } : {}),
          }),
        );
        call.flash(words(call).t('Обращение {{number}} зарегистрировано.', { number: request.number }));
        return redirect(cardPath(request));
      },
    }),
    route({
      method: 'get',
      path: '/dpo/requests/:no',
      roles: readers,
      async handler(call) {
        const request = await found(call);
        if (call.params.no !== toPath(request.number)) return redirect(cardPath(request));
        return page('dpo/request', await cardModel(call, request));
      },
    }),
    route({
      method: 'get',
      path: '/dpo/requests/:no/deadline',
      roles: readers,
      async handler(call) {
        const w = words(call);
        const request = await found(call);
        const due = await requests.deadline(request.id);
        const today = shared.today();
        const from = dayOf(request.receivedAt, law.zone);
        const years = [from.year, ...(due.dueOn && due.dueOn.year !== from.year ? [due.dueOn.year] : [])];
        return page('dpo/deadline', {
          request,
          path: cardPath(request),
          kind: w.t(kindNames[request.kind]),
          received: w.dateTime(request.receivedAt),
          due: because(due, law, w),
          strip: strip({ from, due, today: today.today, calendar: law.calendar }, w),
          sources: years
            .filter((year) => law.calendar.knows(year))
            .map((year) => `${year}: ${law.calendar.source(year)}`),
          extended: request.extended ? w.dateTime(request.extended.at) : null,
        });
      },
    }),
    // A look at who asked is written down; a GET changes nothing, so it is a button.
    route({
      method: 'post',
      path: '/dpo/requests/:no/case',
      roles: readers,
      async handler(call) {
        const request = await found(call);
        const opened = await requests.open(request.id, by(call).account);
        const { raw: _, ...shown } = opened;
        const kind = words(call).t(kindNames[request.kind]);
        const attachments = attachmentRows(await requests.attachments(request.id), words(call));
        return page('dpo/request-case', { request, kind, path: cardPath(request), file: shown, attachments });
      },
    }),
    // Bytes of a stranger: handed over to be saved, never shown in our own page.
    route({
      method: 'get',
      path: '/dpo/requests/:no/attachments/:id',
      roles: readers,
      async handler(call) {
        const { id } = await found(call);
        const { bytes, type, name } = await requests.attachment(id, call.params.id ?? '', by(call).account);
        return file(bytes, type, name);
      },
    }),
    ...step<{ subject: string; method: string; identityDocuments?: string[] }>({
      name: 'identity',
      roles: readers,
      body: form(
        { subject: line(64), method: line() },
        { identityDocuments: { type: 'array', items: line(64), maxItems: 200 } },
      ),
      extra: async (call) => {
        const { id } = await found(call);
        const [candidates, files] = await Promise.all([requests.candidates(id), requests.attachments(id)]);
        const waiting = files.filter(({ provesIdentity }) => provesIdentity === null);
        return { candidates, attachments: attachmentRows(waiting, words(call)) };
      },
      done: 'Личность подтверждена.',
      work: ({ id }, { subject, method, identityDocuments = [] }, who) =>
        story((trx) =>
          requests.identify(trx, id, {
            ...{ subject: subject === 'none' ? null : subject, method, by: who, identityDocuments },
          }),
        ),
    }),
    ...step<{ text: string; copy?: string }>({
      name: 'clarify',
      roles: readers,
      body: form({ text: line(5_000) }, { copy: maybe(3) }),
      done: 'Запрос отправлен субъекту.',
      work: ({ id }, { text, copy }, who) =>
        story((trx) => requests.clarify(trx, id, { text, by: who, copy: copy === 'yes' })),
    }),
    ...step<{ text?: string }>({
      name: 'answer',
      roles: ['dpo'],
      body: form({}, { text: maybe(20_000) }),
      done: 'Ответ отправлен.',
      work: ({ id }, { text }, who) => story((trx) => requests.answer(trx, id, { by: who, ...(text ? { text } : {}) })),
    }),
    ...step<{ ground: string; reasoning: string; cite?: string }>({
      name: 'refuse',
      roles: ['dpo'],
      body: form({ ground: line(64), reasoning: line(20_000) }, { cite: maybe(500) }),
      extra: () => ({
        grounds: requests
          .grounds()
          .map(({ code, title, cite: source }) => [code, source ? `${title} (${source})` : title]),
      }),
      done: 'Отказ отправлен.',
      work: ({ id }, body, who) => story((trx) => requests.refuse(trx, id, { ...body, by: who })),
    }),
    route({
      method: 'post',
      path: '/dpo/requests/:no/restrict',
      roles: ['dpo'],
      async handler(call) {
        const request = await found(call);
        const outcomes = await story((trx) => requests.restrict(trx, request.id, { on: true, by: by(call).account }));
        call.flash(
          words(call).t(waits(outcomes) ? 'Не все системы ограничили обработку: повторите.' : 'Обработка ограничена.'),
        );
        return redirect(cardPath(request));
      },
    }),
    ...step<{ text: string }>({
      name: 'lift',
      roles: ['dpo'],
      body: form({ text: line(5_000) }),
      done: 'Ограничение снято, письмо поставлено в очередь.',
      work: ({ id }, { text }, who) => story((trx) => requests.restrict(trx, id, { on: false, by: who, text })),
    }),
    ...step<{ purpose: string }>({
      name: 'stop',
      roles: ['dpo'],
      body: form({ purpose: line(64) }),
      extra: () => ({ purposes: requests.objectionable().map(({ id, title }) => [id, title]) }),
      done: 'Решение записано.',
      work: ({ id }, { purpose }, who) => story((trx) => requests.stopPurpose(trx, id, { purpose, by: who })),
    }),
    // Data that the person says are wrong
    route({
      method: 'post',
      path: '/dpo/requests/:no/unblock',
      roles: ['dpo'],
      async handler(call) {
        const request = await found(call);
        await story((trx) => requests.restrict(trx, request.id, { on: false, by: by(call).account }));
        call.flash(words(call).t('Блокирование снято.'));
        return redirect(cardPath(request));
      },
    }),
    ...step<{ reason: string }>({
      name: 'no-block',
      roles: ['dpo'],
      body: form({ reason: line(5_000) }),
      done: 'Решение записано.',
      work: ({ id }, { reason }, who) => story((trx) => requests.declineBlocking(trx, id, { reason, by: who })),
    }),
    ...step<{ at: string }>({
      name: 'evidence',
      roles: ['dpo'],
      body: form({ at: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2})?$' } }),
      extra: async (call) => ({ first: localTime((await found(call)).receivedAt, law.zone) }),
      done: 'Записано: срок уточнения или уничтожения идёт.',
      // A form knows minutes; evidence that lay in the letter itself came with it, not earlier.
      work: ({ id, receivedAt }, { at }, who) =>
        story((trx) => requests.evidence(trx, id, { at: notBefore(fromLocal(at, law.zone), receivedAt), by: who })),
    }),
    ...step<Record<string, string>>({
      name: 'rectify',
      roles: ['dpo'],
      body: form(
        {},
        {
          elsewhere: maybe(5_000),
          ...Object.fromEntries(requests.correctable().map(({ column }) => [column, maybe(1_000)])),
        },
      ),
      extra: (call) => ({
        columns: requests.correctable().map(({ column, title, store }) => ({
          ...{ column, title: title[call.locale], store: store[call.locale] },
        })),
      }),
      done: 'Уточнение записано: итог по системам — в истории.',
      work({ id }, { elsewhere = '', ...columns }, who) {
        const changes = Object.fromEntries(Object.entries(columns).filter(([, value]) => value.trim() !== ''));
        return story((trx) =>
          requests.rectify(trx, id, { changes, by: who, ...(elsewhere.trim() ? { elsewhere } : {}) }),
        );
      },
    }),
    ...step<{ reason: string }>({
      name: 'extend',
      roles: ['dpo'],
      body: form({ reason: line(5_000) }),
      done: 'Срок продлён, уведомление поставлено в очередь.',
      work: ({ id }, { reason }, who) => story((trx) => requests.extend(trx, id, { reason, by: who })),
    }),
    route({
      method: 'post',
      path: '/dpo/requests/:no/collect',
      roles: readers,
      async handler(call) {
        const request = await found(call);
        await requests.collect(request.id);
        call.flash(words(call).t('Сбор завершён.'));
        return redirect(cardPath(request));
      },
    }),
    route({
      method: 'post',
      path: '/dpo/requests/:no/close',
      roles: readers,
      async handler(call) {
        const request = await found(call);
        await story((trx) => requests.close(trx, request.id, by(call).account));
        call.flash(words(call).t('Обращение {{number}} закрыто.', { number: request.number }));
        return redirect(cardPath(request));
      },
    }),
    route({
      method: 'get',
      path: '/dpo/documents/:id',
      roles: readers,
      async handler(call) {
        const record = await letters.documents.get(call.params.id ?? '');
        // What is sealed about a person is shown to staff only with a trace.
        await story((trx) =>
          journal.append(trx, {
            action: 'document.opened',
            about: record.id,
            actor: by(call).account,
            body: { kind: record.kind },
          }),
        );
        const opened = await letters.documents.file(record.id);
        return file(opened.bytes, opened.type, opened.name);
      },
    }),

    // Erasure
    route({
      method: 'get',
      path: '/dpo/erasures',
      roles: witnesses,
      query: form({}, { view: { enum: ['', 'open', 'all'] } }),
      async handler(call) {
        const w = words(call);
        const all = call.query.view === 'all';
        const plans = await retention.plans.list(all ? { limit: 200 } : { open: true, limit: 200 });
        return page('dpo/erasures', { rows: plans.map((plan) => planRow(plan, shared.today(), w)), all });
      },
    }),
    route({
      method: 'get',
      path: '/dpo/erasures/:id',
      roles: witnesses,
      handler: (call) => planPage(call),
    }),
    route({
      method: 'post',
      path: '/dpo/erasures/:id/check',
      roles: readers,
      redraw: (call, problems) => planPage(call as Call, problems),
      async handler(call) {
        const plan = await story((trx) => retention.check(trx, call.params.id ?? '', by(call).account));
        call.flash(words(call).t('План проверен, удаление поставлено в очередь.'));
        return redirect(`/dpo/erasures/${plan.id}`);
      },
    }),

    // Acts
    route({
      method: 'get',
      path: '/dpo/acts',
      roles: witnesses,
      query: form({}, { view: { enum: ['', 'unsigned'] } }),
      async handler(call) {
        const unsigned = call.query.view === 'unsigned';
        const acts = await retention.acts.list(unsigned ? { unsigned, limit: 500 } : { limit: 500 });
        return page('dpo/acts', { rows: acts.map((act) => actRow(act, words(call))), unsigned });
      },
    }),
    route({
      method: 'get',
      path: '/dpo/acts/:no.pdf',
      roles: witnesses,
      async handler(call) {
        const act = await retention.acts.get(fromPath(call.params.no ?? ''));
        return file(await letters.documents.pdf(act.document), 'application/pdf', `${act.number}.pdf`);
      },
    }),
    route({
      method: 'get',
      path: '/dpo/acts/:no',
      roles: witnesses,
      handler: (call) => actPage(call),
    }),
    route<{ name: string; post: string }>({
      method: 'post',
      path: '/dpo/acts/:no/sign',
      roles: ['dpo'],
      body: form({ name: line(), post: line() }),
      redraw: (call, problems) => actPage(call as Call, { values: call.body, problems }),
      async handler(call) {
        const act = await retention.acts.get(fromPath(call.params.no ?? ''));
        await story((trx) => retention.acts.sign(trx, act.id, { ...call.body, by: by(call).account }));
        call.flash(words(call).t('Акт {{number}} подписан.', { number: act.number }));
        return redirect(`/dpo/acts/${toPath(act.number)}`);
      },
    }),

    // Terms and rules
    route({
      method: 'get',
      path: '/dpo/retention',
      roles: ['dpo', 'dpo-assistant', 'auditor'],
      async handler(call) {
        const { today } = shared.today();
        const { t, date, number } = words(call);
        const noTerm = t('срок не установлен: ничего не уничтожается');
        const doubtful = t('норма с достоверностью D: уничтожение ждёт решения');
        const schedules = law.operator.schedules.map(({ category, title, clause, system }) => {
          try {
            const keep = law.keep(category, { from: today });
            return {
              ...{ title, system, clause, frozen: keep.doubt && !keep.doubt.decidedOn ? doubtful : null },
              until: words(call).date(keep.keepUntil),
              by: words(call).date(keep.destroyBy),
              because: `${keep.because.winner.value}: ${cite(keep.because.winner.cite, call.locale)}`,
            };
          } catch (error) {
            // Where nothing can be computed nothing is destroyed, and the officer is told.
            if (!(error instanceof Refusal)) throw error;
            return { ...{ title, system, clause, frozen: noTerm }, until: '—', by: '—', because: '' };
          }
        });
        const findings = await shared.findings();
        const frozen = (await retention.frozen()).map(({ title, system, records, from, to, because }) => ({
          ...{ title: title[call.locale], system: system[call.locale], because },
          records: number(records),
          days: from.equals(to) ? date(from) : `${date(from)} – ${date(to)}`,
        }));
        return page('dpo/retention', { schedules, frozen, findings, today: date(today), digest: law.digest });
      },
    }),
  ];

  function newModel(call: Call, values: object, problems: unknown[] = []) {
    const { t } = words(call);
    return {
      values,
      problems,
      kinds: requests.kinds().map((id) => [id, t(kindNames[id])]),
      channels: Object.entries(channelNames)
        .filter(([id]) => id !== 'dashboard')
        .map(([id, name]) => [id, t(name)]),
    };
  }

  async function planPage(call: Call, problems: unknown[] = []) {
    const w = words(call);
    const plan = await retention.plans.get(call.params.id ?? '');
    const [acts, nameOf] = await Promise.all([retention.acts.list({ plan: plan.id }), shared.names()]);
    const { account, roles } = by(call);
    const mayCheck = plan.state === 'waiting' && roles.some((role) => role === 'dpo' || role === 'dpo-assistant');
    return page('dpo/erasure', {
      plan,
      row: planRow(plan, shared.today(), w),
      items: planItems(plan.items, w),
      due: plan.due ? because(plan.due, law, w) : null,
      madeAt: w.dateTime(plan.madeAt),
      madeBy: plan.madeBy === 'system' ? w.t('система') : (staffName(plan.madeBy, nameOf) ?? w.t('пользователь')),
      autoAt: w.dateTime(plan.autoAt),
      checkedAt: plan.checkedAt ? w.dateTime(plan.checkedAt) : null,
      checkedBy: plan.checkedBy ? nameOf(plan.checkedBy) : null,
      executedAt: plan.executedAt ? w.dateTime(plan.executedAt) : null,
      lost: plan.lostPaidTime ? { until: w.date(plan.lostPaidTime.until), days: plan.lostPaidTime.days } : null,
      acts: acts.map((act) => actRow(act, w)),
      mayCheck: mayCheck && plan.madeBy !== account,
      ownPlan: mayCheck && plan.madeBy === account,
      problems,
    });
  }

  async function actPage(call: Call, more: object = {}) {
    const w = words(call);
    const act = await retention.acts.get(fromPath(call.params.no ?? ''));
    const [ledger, document] = await Promise.all([
      retention.ledger({ act: act.id, limit: 500 }),
      letters.documents.get(act.document),
    ]);
    const titles = new Map(shared.datamap.stores().map(({ key, store }) => [key, store.title[call.locale]]));
    const profile = await accounts.profile(shared.db, by(call).account);
    return page('dpo/act', {
      act,
      row: actRow(act, w),
      ledger: ledgerRows(ledger, (store) => titles.get(store) ?? store, w),
      document: { sha256: document.sha256, pages: document.pages, madeAt: w.dateTime(document.madeAt) },
      fields: law.actFields(act.madeOn),
      source: cite(law.actFields(act.madeOn).cite, call.locale),
      maySign: !act.signed && by(call).roles.includes('dpo'),
      values: { name: profile?.name ?? '', post: profile?.position ?? '' },
      ...more,
    });
  }
}

/** Which decisions about contested data the card offers. */
function contestedActions(
  { kind, state, blocked, subject }: DataRequest,
  asked: { blocking: boolean; evidence: boolean },
  canDecide: boolean,
) {
  const open = !['answered', 'refused', 'withdrawn', 'closed'].includes(state);
  return {
    block: canDecide && open && asked.blocking && subject !== null && !blocked,
    decline: canDecide && open && asked.blocking,
    evidence: canDecide && open && asked.evidence,
    rectify: canDecide && open && kind === 'rectification',
    unblock: canDecide && blocked && kind !== 'restriction',
  };
}

/** A moment that a form names in whole minutes, and that cannot lie before another. */
function notBefore(at: Temporal.Instant, first: Temporal.Instant): Temporal.Instant {
  const sameMinute = first.since(at).total('minutes') < 1;
  return sameMinute && Temporal.Instant.compare(at, first) < 0 ? first : at;
}

/** Is there a system that has not done what it was told? */
const waits = (outcomes: readonly { outcome: string }[]): boolean =>
  outcomes.some(({ outcome }) => outcome === 'failed' || outcome === 'not_attempted');

/** The name of a member of staff; null for anyone else. */
function staffName(id: string, nameOf: (id: string) => string): string | null {
  const name = nameOf(id);
  return name === id ? null : name;
}

/** «2026-11-20T18:40» in the operator's zone, as the browser's own field wants it. */
export function localTime(at: Temporal.Instant, zone: string): string {
  return at.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** @throws Refusal when such a moment does not exist */
export function fromLocal(text: string, zone: string): Temporal.Instant {
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).toInstant();
  } catch {
    throw new Refusal('input.date', 'invalid', { field: 'receivedAt', message: 'Укажите дату и время.' });
  }
}
