import { Temporal } from '../base/index.ts';
import { cite } from './cite.ts';
import type { Pack } from './pack.ts';
import { valueOn } from './term.ts';
import type { Citation, DatedValue, Purpose, PurposeGrounds } from './types.ts';

type Day = Temporal.PlainDate;

/** What the grounds of a purpose are worth on a day: those that stand, and those that the law has taken away. */
export function groundsOn(pack: Pack, { bases }: Purpose, on: Day): PurposeGrounds {
  const grounds: PurposeGrounds = { standing: [], repealed: [] };
  for (const basis of bases) {
    const by = repealOf(pack, basis.cite, on);
    if (by) grounds.repealed.push({ basis, by, how: howOf(by, basis.cite) });
    else grounds.standing.push(basis);
  }
  return grounds;
}

/** The point itself says what abolished it; of a list from which it is gone the list is named. */
function howOf(by: Citation, ground: Citation): string {
  return by.text && samePoint(by, ground) ? by.text.replaceAll('№ ', '№\u00a0') : cite(by, 'ru');
}

/** What took a ground away by a day: a point that has ended, or a list without the point that it used to have. */
function repealOf(pack: Pack, ground: Citation, on: Day): Citation | null {
  const begun = (value: DatedValue) => Temporal.PlainDate.compare(value.from, on) <= 0;
  let ended: Citation | null = null;
  let left: Citation | null = null;
  for (const rule of pack.rules.values()) {
    const now = valueOn(rule, on);
    if (!now) ended ??= rule.values.find((one) => begun(one) && one.until && samePoint(one.cite, ground))?.cite ?? null;
    if (!ground.point || !now || !hasPointsOf(now, ground)) continue;
    const has = (value: DatedValue) => value.items?.some((item) => item.point === ground.point) ?? false;
    if (has(now)) return null;
    if (rule.values.some((value) => begun(value) && has(value))) left ??= now.cite;
  }
  return ended ?? left;
}

/** Is a value the list whose points a ground may name? */
export function hasPointsOf(value: DatedValue, ground: Citation): boolean {
  const { act, article, part, point } = value.cite;
  return value.items !== null && !point && act === ground.act && article === ground.article && part === ground.part;
}

function samePoint(a: Citation, b: Citation): boolean {
  return a.act === b.act && a.article === b.article && a.part === b.part && a.point === b.point;
}
