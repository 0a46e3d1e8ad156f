import type { Command } from 'commander';
import { Temporal } from '../../base/index.ts';
import { cite } from '../../law/index.ts';
import type { CliContext } from '../app.ts';
import { inRussian, momentInRussian } from '../moments.ts';
import { print } from '../output.ts';
import { reasons } from '../packs.ts';
import type { Why, WhyDuty, WhyRecord } from '../why.ts';
import { type HomeOptions, whatIsThere, withHome } from './service.ts';

/** `srok why ID`: beside a running service, or on a folder whose service is stopped. */
export function addWhyCommand(program: Command, { createApp }: CliContext): void {
  withHome(program.command('why <id>'))
    .description('почему так: события, обязанности и сроки по номеру обязанности, записи, обращения, учётной записи')
    .action(async (id: string, options: HomeOptions) => {
      const app = await createApp({ ...whatIsThere(options), mode: 'command' });
      try {
        const { whyOf } = await import('../why.ts');
        const why = await whyOf(app, id);
        print(options.json, why, () => inWords(why, app.engine.law.zone));
      } finally {
        await app.close();
      }
    });
}

function inWords({ id, state, facts, obligations, records, next }: Why, zone: string): string {
  const moment = (at: string): string => momentInRussian(Temporal.Instant.from(at), zone);
  const blocks = [
    [state ? `${id}: ${state}` : id],
    facts.map(({ id: fact, title, at }) => `${moment(at)}  ${title} (${fact})`),
    ...obligations.map((duty) => dutyWords(duty, moment)),
    ...records.map(recordWords),
    next.map(({ on, what }) => `дальше: ${on ? `${inRussian(on)}, ` : ''}${what}`),
  ];
  return blocks.flatMap((block) => (block.length > 0 ? [block.join('\n')] : [])).join('\n\n');
}

function dutyWords(duty: WhyDuty, moment: (at: string) => string): string[] {
  const { id, title, openedBy, dueOn, lateFrom, because, dischargedAt, dischargedBy, overdueAt, problem, today } = duty;
  const lines = [
    `${title} (${id}), открыта событием ${openedBy} ${moment(duty.openedAt)}`,
    dueOn && `  последний день: ${inRussian(dueOn)}`,
    lateFrom && `  поздно с: ${moment(lateFrom)}`,
    duty.extendedAt && `  продлена: ${moment(duty.extendedAt)}`,
    dischargedAt && `  исполнена: ${moment(dischargedAt)} (${dischargedBy})`,
    !dischargedAt && `  исполняется событием: ${duty.discharges.map(({ title: fact }) => fact).join(', ')}`,
    overdueAt && `  просрочена: ${moment(overdueAt)}`,
    problem && `  срок не вычислен: ${problem}`,
    ...(because ? reasons(because).map((line) => `  ${line}`) : []),
    today.same ? '  по нынешним правилам — так же' : `  по нынешним правилам — иначе: ${todayWords(today, moment)}`,
  ];
  return lines.filter((line) => typeof line === 'string' && line !== '') as string[];
}

function todayWords({ lateFrom, problem, because }: WhyDuty['today'], moment: (at: string) => string): string {
  const why = because ? ` (${because.winner.value} — ${cite(because.winner.cite, 'ru')})` : '';
  return lateFrom ? `поздно с ${moment(lateFrom)}${why}` : (problem ?? 'срока нет');
}

function recordWords({ store, title, from, count, outcome, keep, until, because }: WhyRecord): string[] {
  const lines = [
    [`${title} (${store})`, outcome, count === null ? null : `записей: ${count}`].filter(Boolean).join(', '),
    keep &&
      `  хранить до ${inRussian(keep.keepUntil)}, уничтожить с ${inRussian(keep.destroyFrom)} до ${inRussian(keep.destroyBy)}`,
    ...(keep ? reasons(keep.because).map((line) => `  ${line}`) : []),
    !keep && from === null && count === null && '  срок ещё не начался',
    until && `  хранить до ${inRussian(until)}`,
    because && `  ${because}`,
  ];
  return lines.filter((line) => typeof line === 'string' && line !== '') as string[];
}
