import { Temporal } from '../base/index.ts';
import { cite } from './cite.ts';
import { applies, dueOf } from './due.ts';
import type { Pack } from './pack.ts';
import { anchorOf, type End, endOf, stepOf, valueOn, worse } from './term.ts';
import type { Finding, Rule, Severity } from './types.ts';

type Day = Temporal.PlainDate;
type Found = Omit<Finding, 'settled'>;
const compare = Temporal.PlainDate.compare;
const order: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/**
 * What is wrong, open or doubtful in the packs as of a day: computed from the data where it can be, and the declared
 * defects of wording. A settled finding stays in the list; a settlement without its finding is an error.
 */
export function findingsOf(pack: Pack, today: Day): Finding[] {
  const found: Found[] = [
    ...looserPromises(pack, today),
    ...documentsThatDiffer(pack, today),
    ...bounds(pack, today),
    ...missingParts(pack),
    ...ownChoices(pack),
    ...recipients(pack),
    ...grounds(pack, today),
    ...bundledConsents(pack, today),
    ...editions(pack),
    ...endedActs(pack, today),
    ...reviews(pack, today),
    ...doubtfulValues(pack, today),
    ...calendars(pack, today),
    ...status(pack, today),
    ...pack.declared,
  ];
  const findings = found.map((finding): Finding => {
    const settlement = pack.settlements.find((one) => one.finding === finding.id);
    if (!settlement) return { ...finding, settled: false };
    return { ...finding, settled: true, settle: `${settlement.by}, ${settlement.on}: ${settlement.reason}` };
  });
  for (const settlement of pack.settlements) {
    if (found.some((finding) => finding.id === settlement.finding)) continue;
    findings.push({
      id: `settlement-without-finding.${settlement.finding}`,
      inventory: [],
      severity: 'error',
      rule: settlement.finding,
      clauses: [],
      apply: 'Решение не применяется.',
      why: 'Находки, к которой относится это решение, больше нет.',
      settled: false,
      settle: 'Удалите решение из settles.yaml.',
    });
  }
  return findings.sort((a, b) => order[a.severity] - order[b.severity] || (a.id < b.id ? -1 : 1));
}

/** Days on which two terms are compared: the first and a middle day of every month of a year with a calendar. */
function samples(pack: Pack, today: Day): Day[] {
  const known = pack.calendar.years().filter((year) => pack.calendar.knows(year + 1));
  const year = known.includes(today.year) ? today.year : known.at(-1);
  if (year === undefined) return [];
  return Array.from({ length: 24 }, (_, i) =>
    Temporal.PlainDate.from({ year, month: Math.floor(i / 2) + 1, day: i % 2 ? 15 : 1 }),
  );
}

function endsOn(pack: Pack, rules: Rule[], day: Day): End[] {
  const context = { calendar: pack.calendar, zone: pack.calendar.zone, rules: pack.rules };
  return rules
    .filter((rule) => applies(rule, pack))
    .map((rule) => endOf(rule, anchorOf(day, context.zone), context))
    .filter((end) => end !== null);
}

const later = (a: End, b: End) => Temporal.Instant.compare(a.lateFrom, b.lateFrom) > 0;
const inventoryNames = (names: readonly string[]) => names.filter((id) => /^(C|C2D-C|XK-C|AC-C)-?\d+[a-z]?$/.test(id));
const inventoryOf = (...rules: Rule[]) => [...new Set(rules.flatMap((rule) => inventoryNames(rule.implements)))];
const clauseOf = (end: End) => cite(end.cite, 'ru');
const textOf = (end: End) => stepOf(end, null).value;

function looserPromises(pack: Pack, today: Day): Found[] {
  const found = new Map<string, Found>();
  for (const [duty, rules] of pack.byDuty) {
    const acts = rules.filter((rule) => rule.direction === 'at-most');
    for (const day of samples(pack, today)) {
      const ends = endsOn(pack, acts, day);
      for (const law of ends.filter((end) => end.rule.layer === 'law' && !end.rule.customer)) {
        for (const promise of ends.filter((end) => end.rule.layer === 'operator' && later(end, law))) {
          const id = `promise-looser.${promise.rule.id}`;
          if (found.has(id)) continue;
          found.set(id, {
            id,
            inventory: inventoryOf(promise.rule),
            severity: 'error',
            rule: promise.rule.id,
            clauses: [clauseOf(promise), clauseOf(law)],
            apply: `Применяется срок закона: ${textOf(law)}.`,
            why: `Обещание (${textOf(promise)}) мягче закона: «${pack.duties.get(duty)?.title}».`,
            settle: 'Исправьте документ или подтвердите в settles.yaml, что действует закон.',
          });
        }
      }
    }
  }
  return [...found.values()];
}

/** Statements of one operator about one thing that lead to different days. */
function documentsThatDiffer(pack: Pack, today: Day): Found[] {
  const found: Found[] = [];
  const days = samples(pack, today);
  const compared = (key: string, rules: Rule[], keeping: boolean) => {
    const own = rules.filter((rule) => rule.layer === 'operator' && !rule.after);
    const different = days
      .map((day) => endsOn(pack, own, day).sort((a, b) => (later(a, b) ? 1 : -1)))
      .find((ends) => ends.length > 1 && later(ends.at(-1) as End, ends[0] as End));
    if (!different) return;
    const applied = (keeping || own[0]?.direction === 'at-most' ? different[0] : different.at(-1)) as End;
    found.push({
      id: `documents-differ.${key}`,
      inventory: inventoryOf(...different.map((end) => end.rule)),
      severity: keeping ? 'error' : 'warning',
      rule: applied.rule.id,
      clauses: different.map(clauseOf),
      apply: `Применяется более строгое: ${textOf(applied)}.`,
      why: `Документы оператора расходятся: ${different.map((end) => `${textOf(end)} (${clauseOf(end)})`).join(', ')}.`,
      settle: 'Исправьте один из документов.',
    });
  };
  for (const [category, rules] of pack.byCategory) compared(category, rules, true);
  for (const [duty, rules] of pack.byDuty) {
    for (const direction of ['at-most', 'at-least'] as const) {
      compared(
        duty,
        rules.filter((rule) => rule.direction === direction),
        false,
      );
    }
  }
  return found;
}

function bounds(pack: Pack, today: Day): Found[] {
  const found = new Map<string, Found>();
  const add = (id: string, severity: Severity, rule: Rule, clauses: string[], apply: string, why: string) => {
    if (!found.has(id))
      found.set(id, { id, inventory: inventoryOf(rule), severity, rule: rule.id, clauses, apply, why });
  };
  for (const [category, rules] of pack.byCategory) {
    const title = pack.categories.get(category)?.title ?? category;
    for (const day of samples(pack, today)) {
      const ends = endsOn(pack, rules, day);
      const laws = ends.filter((end) => end.rule.layer === 'law');
      const floors = laws.filter((end) => end.rule.direction === 'at-least');
      const ceilings = laws.filter((end) => end.rule.direction === 'at-most');
      for (const floor of floors) {
        for (const ceiling of ceilings.filter((end) => later(floor, end))) {
          add(
            `ceiling-under-floor.${category}`,
            'error',
            ceiling.rule,
            [clauseOf(floor), clauseOf(ceiling)],
            `Хранится ${textOf(floor)}.`,
            `${title}: предел короче обязательного срока.`,
          );
        }
        for (const own of ends.filter((end) => end.rule.role === 'schedule' && later(floor, end))) {
          add(
            `schedule-under-floor.${own.rule.id}`,
            'error',
            own.rule,
            [clauseOf(own), clauseOf(floor)],
            `Применяется срок закона: ${textOf(floor)}.`,
            `${title}: срок оператора (${textOf(own)}) короче обязательного.`,
          );
        }
      }
      for (const ceiling of ceilings) {
        for (const own of ends.filter((end) => end.rule.layer === 'operator' && later(end, ceiling))) {
          add(
            `over-ceiling.${own.rule.id}`,
            'error',
            own.rule,
            [clauseOf(own), clauseOf(ceiling)],
            `Применяется предел закона: ${textOf(ceiling)}.`,
            `${title}: ${textOf(own)} дольше, чем допускает закон.`,
          );
        }
      }
    }
  }
  return [...found.values()];
}

function missingParts(pack: Pack): Found[] {
  const found: Found[] = [];
  const { purposes, noticeChannels } = pack.operator;
  const used = new Set(purposes.flatMap((purpose) => purpose.processing));
  const plain = (id: string, severity: Severity, rule: string, clauses: string[], apply: string, why: string) =>
    found.push({ id, inventory: [], severity, rule, clauses, apply, why });
  for (const category of used) {
    if (pack.scheduleOf.has(category)) continue;
    const clauses = purposes.filter((one) => one.processing.includes(category)).map((one) => one.clause);
    plain(
      `no-schedule.${category}`,
      'warning',
      category,
      clauses,
      'Ничего из этой категории не уничтожается автоматически.',
      `Срок хранения не задан: ${pack.categories.get(category)?.title}.`,
    );
  }
  for (const schedule of pack.scheduleOf.values()) {
    if (used.has(schedule.category)) continue;
    plain(
      `no-purpose.${schedule.category}`,
      'error',
      schedule.id,
      [schedule.clause],
      'Категория показана в реестре без цели.',
      `Ни одна цель не называет эту категорию: ${schedule.title}.`,
    );
  }
  for (const purpose of purposes) {
    if (purpose.bases.length > 0) continue;
    plain(
      `no-basis.${purpose.id}`,
      'error',
      purpose.id,
      [purpose.clause],
      'Обработка с этой целью показана без основания.',
      `У цели нет правового основания: ${purpose.title}.`,
    );
  }
  for (const use of ['documents', 'limits'] as const) {
    if (noticeChannels[use].length > 0) continue;
    // Who has no limits gives no notice of them.
    if (use === 'limits' && !pack.operator.limits) continue;
    plain(
      `no-channel.${use}`,
      'error',
      use,
      [noticeChannels.clause],
      'Уведомления ждут в очереди.',
      'Для уведомлений не назван ни один канал.',
    );
  }
  return found;
}

function ownChoices(pack: Pack): Found[] {
  return [...pack.scheduleOf.values()]
    .filter((schedule) => schedule.own)
    .map((schedule) => {
      const rule = pack.rules.get(schedule.id) as Rule;
      return {
        id: `own-schedule.${schedule.id}`,
        inventory: inventoryOf(rule),
        severity: 'info' as const,
        rule: schedule.id,
        clauses: [schedule.clause],
        apply: `Применяется умолчание пакета: ${schedule.title}. ${schedule.why ?? ''}`.trim(),
        why: 'Документы оператора срока не называют.',
        settle: 'Решает владелец: внесите срок в документ и его пункт в пакет.',
      };
    });
}

function recipients(pack: Pack): Found[] {
  const found: Found[] = [];
  const { operator } = pack;
  for (const one of operator.recipients) {
    if (one.country !== operator.region) {
      found.push({
        id: `recipient-abroad.${one.id}`,
        inventory: [],
        severity: 'error',
        rule: 'ru.152-fz.localisation',
        clauses: [one.clause, operator.crossBorder.clause],
        apply: 'Передача этому получателю не выполняется.',
        why: `${one.name}: получатель находится за пределами страны хранения.`,
      });
    }
  }
  const hidden = operator.recipients.filter((one) => !one.disclosed);
  if (hidden.length > 0) {
    found.push({
      id: 'recipients-undisclosed',
      inventory: [...new Set(hidden.flatMap((one) => inventoryNames(pack.inventory.get(`recipient.${one.id}`) ?? [])))],
      severity: 'warning',
      rule: 'recipients',
      clauses: hidden.map((one) => one.clause),
      apply: 'Ответ на запрос о доступе перечисляет всех получателей.',
      why: `Опубликованная политика не называет: ${hidden.map((one) => one.name).join(', ')}.`,
    });
  }
  return found;
}

/** A basis that the law has since repealed. */
function grounds(pack: Pack, today: Day): Found[] {
  const repealed = [...pack.rules.values()]
    .flatMap((rule) => rule.values)
    .filter((value) => value.items && value.until && compare(value.until, today) < 0);
  return pack.operator.purposes.flatMap((purpose) =>
    purpose.bases.flatMap((base) => {
      const { act, article, part, point } = base.cite;
      const gone = repealed.find(
        ({ cite: old }) => old.act === act && old.article === article && old.part === part && old.point === point,
      );
      if (!gone) return [];
      return [
        {
          id: `repealed-ground.${purpose.id}`,
          inventory: [],
          severity: 'error' as const,
          rule: purpose.id,
          clauses: [purpose.clause, cite(gone.cite, 'ru')],
          apply: 'Это основание не принимается.',
          why: `Основание утратило силу после ${gone.until}.`,
        },
      ];
    }),
  );
}

function bundledConsents(pack: Pack, today: Day): Found[] {
  const rule = pack.rules.get('ru.152-fz.consent.separate') as Rule;
  const value = valueOn(rule, today);
  if (!value) return [];
  return pack.operator.documents.flatMap((document) => {
    const part = document.kind === 'consent' ? pack.partOf.get(document.id) : undefined;
    if (!part) return [];
    return [
      {
        id: `consent-bundled.${document.id}`,
        inventory: inventoryNames(pack.inventory.get(`document.${document.id}`) ?? []),
        severity: 'error' as const,
        rule: rule.id,
        clauses: [part.clause, cite(value.cite, 'ru')],
        apply: 'Акцепт не записывается как согласие; основание обработки — договор.',
        why: 'Согласие объявлено частью другого документа, а закон требует оформлять его отдельно.',
      },
    ];
  });
}

function editions(pack: Pack): Found[] {
  return pack.operator.documents.flatMap((document) =>
    document.editions.flatMap((edition): Found[] => {
      const { mayFrom, because } = dueOf(pack, 'change.document', { from: edition.published });
      if (!edition.effective) {
        return [
          {
            id: `edition-without-effect.${document.id}.${edition.published}`,
            inventory: [],
            severity: 'info' as const,
            rule: because.winner.rule,
            clauses: [cite(because.winner.cite, 'ru')],
            apply: `Редакция действует с ${mayFrom}.`,
            why: `«${document.title}»: день вступления редакции в силу не назван.`,
          },
        ];
      }
      if (!mayFrom || compare(edition.effective, mayFrom) >= 0) return [];
      return [
        {
          id: `edition-too-soon.${document.id}.${edition.published}`,
          inventory: [],
          severity: 'error' as const,
          rule: because.winner.rule,
          clauses: [cite(because.winner.cite, 'ru')],
          apply: `Редакция действует с ${mayFrom}.`,
          why: `«${document.title}»: редакция вступает в силу раньше ${mayFrom}.`,
        },
      ];
    }),
  );
}

/** Acts that have ended and whose successor nobody has entered yet. */
function endedActs(pack: Pack, today: Day): Found[] {
  const found = new Map<string, Found>();
  for (const rule of pack.rules.values()) {
    const last = rule.values.at(-1);
    if (!rule.successor || !last?.until || compare(today, last.until) < 0) continue;
    const known = found.get(rule.successor);
    if (known) continue;
    found.set(rule.successor, {
      id: rule.successor,
      inventory: [],
      severity: 'warning',
      rule: rule.id,
      clauses: [
        cite(last.cite, 'ru'),
        cite((pack.rules.get('ru.152-fz.destruction.confirmed') as Rule).values.at(-1)?.cite ?? last.cite, 'ru'),
      ],
      apply: 'Состав акта и выгрузки сохраняется по выбору оператора; ссылка — на закон.',
      why: `Акт действует по ${last.until}; преемник в пакет не внесён.`,
      settle: 'Внесите новый акт отдельным значением под прежним.',
    });
  }
  return [...found.values()];
}

function reviews(pack: Pack, today: Day): Found[] {
  const found = new Map<string, Found>();
  for (const rule of pack.rules.values()) {
    const value = rule.values.at(-1);
    if (!value?.reviewBy || compare(value.reviewBy, today) > 0) continue;
    // An act is reviewed as a whole, also where it lies in several files: 152-fz.yaml, 152-fz.grounds.yaml.
    const id = `review-due.${rule.file.slice(rule.file.lastIndexOf('/') + 1).split('.')[0]}`;
    if (found.has(id)) continue;
    found.set(id, {
      id,
      inventory: [],
      severity: 'warning',
      rule: rule.id,
      clauses: [value.cite.act],
      apply: 'Применяются внесённые значения.',
      why: `Значения нужно было сверить с законом до ${value.reviewBy}.`,
      settle: 'Сверьте значения и внесите новый срок пересмотра.',
    });
  }
  return [...found.values()];
}

/** Rules whose value today rests on certainty C or D. */
function doubtfulValues(pack: Pack, today: Day): Found[] {
  const found: Found[] = [];
  for (const rule of pack.rules.values()) {
    if (rule.layer !== 'law' || !applies(rule, pack)) continue;
    const value = valueOn(rule, today);
    if (!value) continue;
    const certainty = worse(value.cite.certainty, value.transition ?? 'A');
    if (certainty !== 'C' && certainty !== 'D') continue;
    found.push({
      id: `certainty.${rule.id}`,
      inventory: [],
      severity: certainty === 'D' ? 'warning' : 'info',
      rule: rule.id,
      clauses: [cite(value.cite, 'ru')],
      apply:
        certainty === 'D'
          ? 'Необратимое действие по этому значению один раз подтверждает человек.'
          : 'Значение применяется.',
      why: `Достоверность значения ${certainty}: текст акта не сверен${certainty === 'D' ? ', есть сомнение' : ''}.`,
      settle: 'Юрист сверяет значение с официальным текстом.',
    });
  }
  return found;
}

/** How long before a year begins its missing calendar is worth a warning: the decree comes out in autumn. */
const calendarAhead = Temporal.Duration.from('P3M');

function calendars(pack: Pack, today: Day): Found[] {
  const missing = [today.year, today.add(calendarAhead).year].find((year) => !pack.calendar.knows(year));
  if (missing === undefined) return [];
  return [
    {
      id: `calendar-missing.${missing}`,
      inventory: [],
      severity: missing === today.year ? 'error' : 'warning',
      rule: 'calendar',
      clauses: [],
      apply: 'Сроки в рабочих днях, которые доходят до этого года, не вычисляются: движок отказывает и называет год.',
      why: `Нет производственного календаря на ${missing} год.`,
      settle: 'Внесите год в policies/calendars/ru.yaml.',
    },
  ];
}

function status(pack: Pack, today: Day): Found[] {
  const found: Found[] = [];
  const { operator } = pack;
  if (operator.oriStatus === 'declared' || operator.oriStatus === 'disputed') {
    const rules = [...pack.rules.values()].filter((rule) => rule.oriStatus && rule.layer === 'law');
    found.push({
      id: 'ori-status.open',
      inventory: inventoryOf(...rules.filter((rule) => rule.oriStatus?.length === 1)),
      severity: 'warning',
      rule: rules[0]?.id ?? 'operator',
      clauses: [...new Set(rules.flatMap((rule) => valueOn(rule, today)?.cite ?? []).map((one) => cite(one, 'ru')))],
      apply: 'Сроки хранения сообщений применяются; минимальная запись о пользователе не ведётся.',
      why: `Статус организатора распространения информации не решён: ${operator.oriStatus}.`,
      settle: 'Решает владелец с юристом: укажите ori_status в operator.yaml.',
    });
  }
  if (!operator.rknNumber) {
    found.push({
      id: 'rkn-number.missing',
      inventory: ['L-RKN-1'],
      severity: 'warning',
      rule: 'operator',
      clauses: [],
      apply: 'Документы печатаются без номера в реестре операторов.',
      why: 'Номер в реестре операторов Роскомнадзора не указан.',
      settle: 'Внесите rkn_number в operator.yaml.',
    });
  }
  if (operator.destructionTool === 'not-certified') {
    found.push({
      id: 'destruction-tool.not-certified',
      inventory: [],
      severity: 'warning',
      rule: 'operator',
      clauses: [],
      apply: 'Уничтожение выполняется; акт не называет его сертифицированным.',
      why: 'Программа не проходила процедуру оценки соответствия как средство уничтожения информации.',
      settle: 'Решает ответственное лицо: укажите решение в settles.yaml.',
    });
  }
  return found;
}
