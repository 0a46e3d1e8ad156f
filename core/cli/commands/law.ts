import { type Command, Option } from 'commander';
import { checkPolicies, cite, type Due, type Keep, type Law, readClauses, type Severity } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import { inRussian, momentInRussian, parseDay, parseHold, parseMoment, todayOf, withOffset } from '../moments.ts';
import { print, UsageError } from '../output.ts';
import { type Asked, openLaw, policiesOf, reasons, withLaw } from '../packs.ts';

interface Known extends Asked {
  asOf?: string;
}

/** `srok due`, `keep`, `effective`, `lint`, `policies check`: questions to the law, without a database. */
export function addLawCommands(program: Command, context: CliContext): void {
  const asOf = (): Option => new Option('--as-of <day>', 'только значения, известные к этому дню');
  const known = ({ asOf: day }: Known) => (day ? { asOf: parseDay(day) } : {});

  withLaw(program.command('due <duty>'))
    .description('когда обязанность должна быть исполнена или шаг возможен, и почему')
    .requiredOption('--from <instant or day>', 'когда наступило событие; день означает его полдень')
    .option('--extended', 'уведомление о продлении отправлено в срок')
    .addOption(new Option('--customer <kind>', 'кто клиент').choices(['business', 'consumer']))
    .addOption(asOf())
    .action(
      async (
        duty: string,
        options: Known & { from: string; extended?: boolean; customer?: 'business' | 'consumer' },
      ) => {
        const query = {
          from: parseMoment(options.from),
          ...(options.extended ? { extended: true } : {}),
          ...(options.customer ? { customer: options.customer } : {}),
          ...known(options),
        };
        const law = await openLaw(context, options.operator);
        const due = law.due(duty, query);
        print(options.json, dueShape(due, law.zone), () => dueWords(due, law));
      },
    );

  withLaw(program.command('keep <category>'))
    .description('сколько хранится запись и когда её пора уничтожить')
    .requiredOption('--from <instant or day>', 'начало срока')
    .option('--hold <A..B>', 'запрет уничтожения, оба дня включительно; можно повторить', several)
    .addOption(asOf())
    .action(async (category: string, options: Known & { from: string; hold?: string[] }) => {
      const query = {
        from: parseMoment(options.from),
        ...(options.hold ? { hold: options.hold.map(parseHold) } : {}),
        ...known(options),
      };
      const law = await openLaw(context, options.operator);
      const keep = law.keep(category, query);
      print(options.json, keepShape(keep), () => keepWords(keep, law));
    });

  withLaw(program.command('effective <kind>'))
    .description('самый ранний день, с которого может действовать новая редакция (document) или цена (price)')
    .requiredOption('--published <day>', 'день опубликования')
    .action(async (kind: string, options: Asked & { published: string }) => {
      if (kind !== 'document' && kind !== 'price') {
        throw new UsageError(`Вида «${kind}» нет: бывают document и price.`, ['document', 'price']);
      }
      const published = parseDay(options.published);
      const answer = (await openLaw(context, options.operator)).effective(kind, published);
      print(options.json, answer, () =>
        [`действует не раньше: ${inRussian(answer.effectiveOn)}`, ...reasons(answer.because)].join('\n'),
      );
    });

  withLaw(program.command('lint'))
    .description('противоречия, пробелы и сомнительные значения в правилах оператора')
    .option('--on <day>', 'на какой день (по умолчанию сегодня)')
    .action(async (options: Asked & { on?: string }) => {
      const on = options.on ? parseDay(options.on) : null;
      const law = await openLaw(context, options.operator);
      const clauses = await readClauses(policiesOf(context), options.operator);
      const known = { clauses, stores: await context.stores(law) };
      const findings = law.lint(on ?? todayOf(law.zone), known);
      print(options.json, { findings }, () => findingWords(findings) || 'Замечаний нет.');
      if (findings.some(({ severity, settled }) => severity === 'error' && !settled)) process.exitCode = 1;
    });

  program
    .command('policies')
    .description('проверка данных о праве')
    .command('check')
    .description('форма, ссылки, смысл и примеры рядом с правилами')
    .option('--json', 'ответ в JSON')
    .action(async (options: { json?: boolean }) => {
      const { files, cases, problems } = await checkPolicies(policiesOf(context));
      const shown = problems.map(({ file, line, reason }) => ({ file, line, reason }));
      print(options.json, { files, cases, problems: shown }, () =>
        problems.length === 0
          ? `Правила в порядке: файлов ${files}, примеров ${cases}.`
          : problems.map(String).join('\n'),
      );
      if (problems.length > 0) process.exitCode = 1;
    });
}

function several(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The answer of `srok due` as programs read it. */
export function dueShape({ lateFrom, ...due }: Due, zone: string) {
  const { duty, dueOn, outerOn, mayFrom, because, skipped } = due;
  return { duty, dueOn, lateFrom: lateFrom && withOffset(lateFrom, zone), outerOn, mayFrom, because, skipped };
}

/** The answer of `srok keep` as programs read it; `because.destroy` says where `destroyBy` comes from. */
export function keepShape({ keepUntil, destroyFrom, destroyBy, outerOn, because, destroyBecause }: Keep) {
  return { keepUntil, destroyFrom, destroyBy, outerOn, because: { ...because, destroy: destroyBecause } };
}

function dueWords(due: Due, law: Law): string {
  const { dueOn, lateFrom, mayFrom, outerOn, because, skipped } = due;
  return [
    law.dutyType(due.duty).title,
    dueOn && `последний день: ${inRussian(dueOn)}`,
    lateFrom && `поздно с: ${momentInRussian(lateFrom, law.zone)}`,
    mayFrom && `можно с: ${inRussian(mayFrom)}`,
    outerOn && `другое прочтение (ст. 193 ГК РФ): ${inRussian(outerOn)}`,
    ...reasons(because),
    skipped.length > 0 && `не считаются: ${skipped.map(({ day, why }) => `${inRussian(day)} (${why})`).join(', ')}`,
  ]
    .filter(Boolean)
    .join('\n');
}

function keepWords(keep: Keep, law: Law): string {
  const { winner } = keep.destroyBecause;
  return [
    law.category(keep.category).title,
    `хранить до: ${inRussian(keep.keepUntil)}`,
    `уничтожить с: ${inRussian(keep.destroyFrom)}`,
    `уничтожить до: ${inRussian(keep.destroyBy)} (${winner.value} — ${cite(winner.cite, 'ru')})`,
    keep.outerOn && `другое прочтение (ст. 193 ГК РФ): хранить до ${inRussian(keep.outerOn)}`,
    ...reasons(keep.because),
  ]
    .filter(Boolean)
    .join('\n');
}

const severities: Record<Severity, string> = { error: 'ошибка', warning: 'внимание', info: 'к сведению' };

function findingWords(findings: ReturnType<Law['lint']>): string {
  return findings
    .map(({ id, inventory, severity, clauses, why, apply, settled, settle }) =>
      [
        `${settled ? 'решено' : severities[severity]}: ${[...inventory, id].join(' ')}`,
        `  ${why}`,
        clauses.length > 0 && `  где: ${clauses.join('; ')}`,
        `  применяется: ${apply}`,
        settle && `  ${settled ? 'решение' : 'как решить'}: ${settle}`,
      ]
        .filter(Boolean)
        .join('\n'),
    )
    .join('\n\n');
}
