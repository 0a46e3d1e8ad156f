import { Temporal } from '../base/index.ts';
import { dueOf } from './due.ts';
import { keepOf } from './keep.ts';
import { byLaw, type Day, dayIn, needed, no, type Predicate, type When, yes } from './verdict.ts';

/** Questions about requests of people and the answers to them. */
export interface RequestInputs {
  /** May a repeated request for access be refused? */
  'repeat-refusal': { first: When; answered: 'full' | 'partial' | 'refused' | 'none'; repeated: When };
  /** Does this notice of extension move the last day of a duty? */
  extension: { duty: string; from: When; sent: When; motivated?: boolean };
  /** May a request be refused on this ground? `point`: of the law's list; `law`: the article of another federal law. */
  refusal: { on: Day; point?: string | null; law?: string | null };
  /** May data of this category be destroyed on that day, whoever asks? */
  erasure: { category: string; from: When; on: Day };
}

export const requests: { [What in keyof RequestInputs]: Predicate<RequestInputs[What]> } = {
  'repeat-refusal'(pack, { first, answered, repeated }) {
    const { mayFrom, because } = dueOf(pack, 'access.repeat', { from: needed(first, 'first') });
    const from = mayFrom as Day;
    if (needed(answered, 'answered') !== 'full') {
      return no('not-answered', 'на первый запрос сведения в полном объёме не даны', because.winner);
    }
    const soon = Temporal.PlainDate.compare(dayIn(pack, needed(repeated, 'repeated')), from) < 0;
    return soon
      ? yes('too-soon', `повторный запрос возможен с ${from}`, because.winner, { from })
      : no('in-time', 'срок до повторного запроса прошёл', because.winner, { from });
  },

  extension(pack, { duty, from, sent, motivated }) {
    const usual = dueOf(pack, needed(duty, 'duty'), { from: needed(from, 'from') });
    const longest = dueOf(pack, duty, { from, extended: true });
    const asked = dueOf(pack, duty, { from, extended: needed(sent, 'sent') });
    const winner = asked.because.winner;
    const last = asked.dueOn ? { from: asked.dueOn } : {};
    if (same(longest.lateFrom, usual.lateFrom)) return no('not-extendable', 'срок не продлевается', winner);
    if (motivated === false) return no('no-reason', 'в уведомлении нет причин продления', winner);
    return same(asked.lateFrom, usual.lateFrom)
      ? no('too-late', 'уведомление отправлено позже срока и его не продлило', winner, last)
      : yes('extended', 'срок продлён', winner, last);
  },

  refusal(pack, { on, point, law }) {
    const grounds = byLaw(pack, 'ru.152-fz.refusal.grounds', needed(on, 'on'));
    const listed = pack.rules
      .get(grounds.rule)
      ?.values.findLast((value) => Temporal.PlainDate.compare(value.from, on) <= 0)
      ?.items?.find((item) => item.point === point);
    if (listed)
      return yes('listed', listed.title, { rule: grounds.rule, cite: { ...grounds.cite, point: listed.point } });
    if (point) return no('unknown-point', 'такого основания закон не называет', grounds);
    if (law?.trim()) return yes('other-law', law.trim(), grounds);
    return no('no-citation', 'отказ не ссылается на закон', byLaw(pack, 'ru.152-fz.access.refuse', on));
  },

  erasure(pack, { category, from, on }) {
    const keep = keepOf(pack, needed(category, 'category'), { from: needed(from, 'from') });
    const early = Temporal.PlainDate.compare(needed(on, 'on'), keep.destroyFrom) < 0;
    return early
      ? no('kept', `хранится по ${keep.keepUntil}`, keep.because.winner, { from: keep.destroyFrom })
      : yes('over', 'срок хранения прошёл', keep.because.winner, { from: keep.destroyFrom });
  },
};

function same(a: Temporal.Instant | null, b: Temporal.Instant | null): boolean {
  return a === b || (a !== null && b !== null && a.equals(b));
}
