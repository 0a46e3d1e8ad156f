import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import { systemClock, Temporal } from '../../base/index.ts';
import { type Because, checkPolicies, cite, type Law, loadLaw } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import { print, table, UsageError } from '../output.ts';

interface Common {
  json?: boolean;
  operator: string;
  asOf?: string;
}

/** `srok due`, `keep`, `effective`, `lint`, `policies check`: questions to the law, without a database. */
export function addLawCommands(program: Command, { root }: CliContext): void {
  const { SROK_POLICIES } = process.env;
  const policies = SROK_POLICIES ? pathToFileURL(`${resolve(SROK_POLICIES)}/`) : new URL('policies/', root);
  const open = ({ operator }: Common): Promise<Law> => loadLaw({ root: policies, operator });
  const operator = (): Option =>
    new Option('--operator <name>', 'пакет оператора').env('SROK_OPERATOR').default('qsockets');
  const asOf = (): Option => new Option('--as-of <day>', 'только значения, известные к этому дню');

  program
    .command('due <duty>')
    .description('когда обязанность должна быть исполнена, и почему')
    .requiredOption('--from <instant or day>', 'когда наступило событие')
    .option('--extended', 'срок продлён')
    .addOption(new Option('--customer <kind>', 'кто клиент').choices(['business', 'consumer']))
    .addOption(operator())
    .addOption(asOf())
    .option('--json')
    .action(
      async (
        duty: string,
        options: Common & { from: string; extended?: boolean; customer?: 'business' | 'consumer' },
      ) => {
        const law = await open(options);
        const due = law.due(duty, {
          from: parseMoment(options.from),
          ...(options.extended ? { extended: true } : {}),
          ...(options.customer ? { customer: options.customer } : {}),
          ...(options.asOf ? { asOf: parseDay(options.asOf) } : {}),
        });
        const lateFrom = due.lateFrom?.toZonedDateTimeISO(law.zone).toString({ timeZoneName: 'never' }) ?? null;
        print(options.json, { ...due, lateFrom }, () =>
          [
            due.dueOn && `последний день: ${due.dueOn}`,
            lateFrom && `поздно с: ${lateFrom}`,
            due.mayFrom && `можно с: ${due.mayFrom}`,
            due.outerOn && `другое прочтение (ст. 193 ГК): ${due.outerOn}`,
            ...describe(due.because),
          ]
            .filter(Boolean)
            .join('\n'),
        );
      },
    );

  program
    .command('keep <category>')
    .description('сколько хранится запись и когда её пора уничтожить')
    .requiredOption('--from <instant or day>', 'начало срока')
    .option('--hold <A..B>', 'запрет уничтожения, оба дня включительно')
    .addOption(operator())
    .addOption(asOf())
    .option('--json')
    .action(async (category: string, options: Common & { from: string; hold?: string }) => {
      const law = await open(options);
      const keep = law.keep(category, {
        from: parseMoment(options.from),
        ...(options.hold ? { hold: [parseHold(options.hold)] } : {}),
        ...(options.asOf ? { asOf: parseDay(options.asOf) } : {}),
      });
      print(options.json, keep, () =>
        [
          `хранить до: ${keep.keepUntil}`,
          `уничтожить с: ${keep.destroyFrom}`,
          `уничтожить до: ${keep.destroyBy}`,
          ...describe(keep.because),
        ].join('\n'),
      );
    });

  program
    .command('effective <kind>')
    .description('самый ранний день, с которого может действовать новая редакция (document) или цена (price)')
    .requiredOption('--published <day>', 'день опубликования')
    .addOption(operator())
    .option('--json')
    .action(async (kind: string, options: Common & { published: string }) => {
      if (kind !== 'document' && kind !== 'price') throw new UsageError(`Неизвестно: ${kind}.`, ['document', 'price']);
      const answer = (await open(options)).effective(kind, parseDay(options.published));
      print(options.json, answer, () =>
        [`действует не раньше: ${answer.effectiveOn}`, ...describe(answer.because)].join('\n'),
      );
    });

  program
    .command('lint')
    .description('противоречия, пробелы и сомнительные значения в правилах оператора')
    .option('--on <day>', 'на какой день (по умолчанию сегодня)')
    .addOption(operator())
    .option('--json')
    .action(async (options: Common & { on?: string }) => {
      const law = await open(options);
      const today = options.on ? parseDay(options.on) : todayOf(law.zone);
      const findings = law.lint(today);
      print(options.json, { findings }, () =>
        table(findings.map(({ id, inventory, severity, why }) => [severity, [...inventory, id].join(' '), why])),
      );
      if (findings.some(({ severity, settled }) => severity === 'error' && !settled)) process.exitCode = 1;
    });

  program
    .command('policies')
    .description('проверка данных о праве')
    .command('check')
    .description('форма, ссылки, смысл и примеры рядом с правилами')
    .option('--json')
    .action(async (options: { json?: boolean }) => {
      const result = await checkPolicies(policies);
      print(options.json, result, () =>
        result.problems.length === 0
          ? `Правила в порядке: файлов ${result.files}, примеров ${result.cases}.`
          : result.problems.map(String).join('\n'),
      );
      if (result.problems.length > 0) process.exitCode = 1;
    });
}

function describe({ winner, losers, note }: Because): string[] {
  return [
    `потому что: ${winner.value} (${cite(winner.cite, 'ru')}), ${winner.rule}`,
    ...losers.map((step) => `не применено: ${step.value} (${cite(step.cite, 'ru')})${step.why ? `: ${step.why}` : ''}`),
    ...(note ? [note] : []),
  ];
}

export function parseDay(text: string): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(text, { overflow: 'reject' });
  } catch {
    throw new UsageError(`«${text}» — не день. Дни пишутся так: 2026-05-15.`);
  }
}

function parseMoment(text: string): Temporal.Instant | Temporal.PlainDate {
  if (!text.includes('T')) return parseDay(text);
  try {
    return Temporal.Instant.from(text);
  } catch {
    throw new UsageError(`«${text}» — не момент времени. Пример: 2026-05-15T10:00:00+03:00.`);
  }
}

function parseHold(text: string): { from: Temporal.PlainDate; until: Temporal.PlainDate } {
  const [from, until, more] = text.split('..');
  if (!from || !until || more !== undefined)
    throw new UsageError(`«${text}» — не промежуток. Пример: 2026-11-01..2027-02-01.`);
  return { from: parseDay(from), until: parseDay(until) };
}

function todayOf(zone: string): Temporal.PlainDate {
  return systemClock.now().toZonedDateTimeISO(zone).toPlainDate();
}
