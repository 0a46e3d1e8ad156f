import { Temporal } from '../base/index.ts';
import { dayOf } from '../calendar/index.ts';
import { because } from './due.ts';
import type { Pack } from './pack.ts';
import type { Because, NoticeChannel } from './types.ts';

type Day = Temporal.PlainDate;
type When = Temporal.Instant | Day;

/** What is known of the way of a legal message. */
export interface ReceiptInput {
  to?: 'user' | 'operator'; // the user where it is left out
  sent?: When; // handed over to the mail or the post
  bounced?: boolean; // a notice of non-delivery has come
  placed?: When; // in the dashboard, or on the site
  delivered?: When; // by the report of the carrier or of the device
  spoken?: When; // in a call that the addressee has taken
  arrived?: When; // at the addressee; by post: at the post office
  handed?: When; // into the hands
}

/** Does a message of this channel count, and from which day? */
export interface LegalReceipt {
  channel: string;
  valid: boolean; // the documents recognise the channel for this addressee
  receivedOn: Day | null; // null: it is not received, or not yet
  because: Because;
}

type Found = { on: Day | null; value: string };

// Read it as a table: what each rule of receipt looks at.
const rules: Record<NoticeChannel['receipt'], (known: Known, channel: NoticeChannel) => Found> = {
  'sent-unless-bounced'({ sent, bounced }) {
    if (bounced) return { on: null, value: 'пришло уведомление о недоставке' };
    return sent ? { on: sent, value: 'в момент отправки' } : { on: null, value: 'ещё не отправлено' };
  },
  placed: ({ placed }) =>
    placed ? { on: placed, value: 'в день размещения' } : { on: null, value: 'ещё не размещено' },
  published: ({ placed }) =>
    placed ? { on: placed, value: 'в день публикации' } : { on: null, value: 'ещё не опубликовано' },
  post({ handed, arrived }, { uncollectedDays }) {
    if (handed) return { on: handed, value: 'в день вручения' };
    if (!arrived || uncollectedDays === undefined) return { on: null, value: 'ещё не вручено' };
    return {
      on: arrived.add({ days: uncollectedDays }),
      value: `не получено адресатом: ${uncollectedDays}-й день после прибытия`,
    };
  },
  delivered: ({ delivered, bounced }) =>
    delivered && !bounced
      ? { on: delivered, value: 'в день доставки' }
      : { on: null, value: 'о доставке ничего не известно' },
  spoken: ({ spoken }) =>
    spoken ? { on: spoken, value: 'в день разговора' } : { on: null, value: 'разговора не было' },
  handed: ({ handed }) => (handed ? { on: handed, value: 'в день вручения' } : { on: null, value: 'ещё не вручено' }),
  arrived: ({ arrived }) =>
    arrived ? { on: arrived, value: 'в день поступления' } : { on: null, value: 'ещё не поступило' },
  none: () => ({ on: null, value: 'для юридически значимых сообщений не предназначен' }),
};

const moments = ['sent', 'placed', 'delivered', 'spoken', 'arrived', 'handed'] as const;

type Known = Record<(typeof moments)[number], Day | null> & { bounced: boolean };

/**
 * When a legal message is received, by the rule of its channel (ГК РФ ст. 165.1 leaves it to the contract). A channel
 * that the documents do not name for the addressee is no valid one, whatever has become of the message.
 */
export function receiptOf(pack: Pack, id: string, input: ReceiptInput): LegalReceipt {
  const { channels } = pack.operator;
  const to = input.to ?? 'user';
  const channel = channels.find((one) => one.id === id && one.to.includes(to) && one.receipt !== 'none');
  const day = (when: When | undefined): Day | null =>
    when instanceof Temporal.Instant ? dayOf(when, pack.calendar.zone) : (when ?? null);
  const days = Object.fromEntries(moments.map((name) => [name, day(input[name])]));
  const known = { ...days, bounced: input.bounced ?? false } as Known;
  const found = channel
    ? rules[channel.receipt](known, channel)
    : { on: null, value: `канал «${id}» документами для этого адресата не признан` };
  const clause = channel?.clause ?? [...new Set(channels.map((one) => one.clause))].join('; ');
  return {
    channel: id,
    valid: channel !== undefined,
    receivedOn: found.on,
    because: because(
      pack,
      {
        rule: channel ? `channel.${channel.id}` : 'channels',
        value: found.value,
        cite: { act: 'документы оператора', clause, certainty: channel?.own ? 'C' : 'A' },
        ...(found.on ? { on: found.on } : {}),
      },
      [],
    ),
  };
}
