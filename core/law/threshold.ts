import { Refusal, type Temporal } from '../base/index.ts';
import { dayOf, startOf } from '../calendar/index.ts';
import { because } from './due.ts';
import type { Pack } from './pack.ts';
import { planOf } from './purchase.ts';
import { sectionOf } from './section.ts';
import type { Because } from './types.ts';

/** A limit of a plan that is watched: messages a day, or connections at one time. */
export type Limited = 'messages' | 'connections';

export interface ThresholdInput {
  what: Limited;
  used: number; // with the message or the connection that is asked about
  limit?: number;
  plan?: string; // whose limit it is, where `limit` is not given
  noticed?: readonly { percent: number; limit: number }[]; // the notices already given, today
  at?: Temporal.Instant; // when it happens: says from when the messages are counted anew
}

export interface Threshold {
  accepted: boolean; // is the last one still within the limit?
  notices: number[]; // percentages whose notice is due now, the lowest first
  resetsAt: Temporal.Instant | null; // null for connections, and where `at` is not known
  because: Because;
}

/**
 * The notices that are due when `used` of `limit` is reached: one for each percentage of the policy, once for a limit
 * and day. A raised limit is another limit. Pure, and asked for every batch of messages.
 *
 * @param given keys of the notices given today
 */
export function noticesDue(
  what: Limited,
  { used, limit, warnAt, given }: { used: number; limit: number; warnAt: readonly number[]; given: readonly string[] },
): { percent: number; key: string }[] {
  return warnAt
    .filter((percent) => used > 0 && used >= Math.ceil((limit * percent) / 100))
    .map((percent) => ({ percent, key: noticeKey(what, percent, limit) }))
    .filter(({ key }) => !given.includes(key));
}

/** Under which name a notice is remembered. */
export function noticeKey(what: Limited, percent: number, limit: number): string {
  return `${what}.${percent}@${limit}`;
}

/** From when the messages of the day after `day` are counted: its midnight in the operator's zone. */
export function countedAnew(day: Temporal.PlainDate, dayZone: string): Temporal.Instant {
  return startOf(day.add({ days: 1 }), dayZone);
}

/**
 * What a use of a plan's limit leads to: is it still accepted, and whom must be told.
 * @throws Refusal `law.no-section` (an operator without limits), `law.threshold-input` (which field), `law.unknown-plan`
 */
export function thresholdOf(pack: Pack, input: ThresholdInput): Threshold {
  const { what, used, noticed = [], at } = input;
  const { warnAt, clause, overClause, connectionsClause, dayZone } = sectionOf(pack.operator, 'limits');
  const limit = input.limit ?? limitOf(pack, what, input.plan);
  for (const [field, value] of Object.entries({ used, limit })) {
    if (Number.isSafeInteger(value) && value >= 0) continue;
    throw new Refusal('law.threshold-input', 'invalid', { field, message: `${field}: целое число не меньше нуля.` });
  }
  const given = noticed.map((one) => noticeKey(what, one.percent, one.limit));
  const notices = noticesDue(what, { used, limit, warnAt, given }).map(({ percent }) => percent);
  const accepted = used <= limit;
  const refusing = what === 'messages' ? overClause : connectionsClause;
  return {
    accepted,
    notices: notices.sort((a, b) => a - b),
    resetsAt: what === 'messages' && at ? countedAnew(dayOf(at, dayZone), dayZone) : null,
    because: because(
      pack,
      {
        rule: accepted ? 'limits.warn' : 'limits.over',
        value: `${used} из ${limit}`,
        cite: { act: 'документы оператора', clause: accepted ? clause : refusing, certainty: 'A' },
      },
      [],
    ),
  };
}

function limitOf(pack: Pack, what: Limited, id: string | undefined): number {
  if (id === undefined) {
    throw new Refusal('law.threshold-input', 'invalid', { field: 'limit', message: 'Нужен лимит или тариф.' });
  }
  const { limits } = planOf(pack, id);
  return what === 'messages' ? limits.messagesPerDay : limits.connections;
}
