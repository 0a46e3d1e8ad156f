import { expect } from 'chai';
import fc from 'fast-check';
import { Temporal } from '../../core/base/index.ts';
import { forecastOf } from '../../plugins/relay/dashboard/forecast.ts';

const zone = 'Europe/Moscow';
const on = Temporal.PlainDate.from('2026-05-12');
const moscow = (time: string) => on.toZonedDateTime({ timeZone: zone, plainTime: time }).toInstant();
const resetsAt = on.add({ days: 1 }).toZonedDateTime(zone).toInstant();
const hoursWith = (counts: Record<number, number>) => Array.from({ length: 24 }, (_, hour) => counts[hour] ?? 0);

function forecast(time: string, counts: Record<number, number>, limit = 1000) {
  const hours = hoursWith(counts);
  const used = hours.reduce((sum, count) => sum + count, 0);
  return forecastOf({ on, used, limit, hours }, { now: moscow(time), zone, resetsAt });
}

describe('the forecast of a limit', () => {
  it('goes by the pace of this hour and the one before it, not by the quiet night', () => {
    const enough = forecast('14:30', { 13: 100, 14: 50 }, 2000);
    expect(enough).to.include({ kind: 'lasts', perHour: 100, at: null, total: 150 + 950 });
    expect(enough.since.toString()).to.equal(moscow('13:00').toString());
    // 160 in an hour and a half, 840 left: seven hours and 52 minutes more.
    const soon = forecast('14:30', { 13: 100, 14: 60 });
    expect([soon.kind, soon.at?.toString()]).to.deep.equal(['reaches', moscow('22:22:30').toString()]);
  });

  it('says nothing of a pace when the day has only begun, or nothing came lately', () => {
    expect(forecast('00:14', { 0: 500 }).kind).to.equal('early');
    expect(forecast('00:15', { 0: 500 }).kind).to.equal('reaches');
    expect(forecast('00:30', { 0: 10 })).to.include({ kind: 'lasts', perHour: 20, total: 10 + 470 });
    expect(forecast('18:05', { 16: 900 }).kind).to.equal('quiet');
    expect(forecast('18:05', { 17: 1 }).kind).to.equal('lasts');
  });

  it('is no forecast once the limit is used up, whatever the hour', () => {
    expect(forecast('00:01', { 0: 1000 })).to.include({ kind: 'reached', at: null, total: null });
    expect(forecast('23:59', { 3: 1001 }).kind).to.equal('reached');
  });

  it('never names an instant that has passed or lies beyond the day, nor a total under what there is', () => {
    const count = fc.nat({ max: 3000 });
    const day = fc.record({
      minute: fc.nat({ max: 24 * 60 - 1 }),
      hours: fc.array(count, { minLength: 24, maxLength: 24 }),
      limit: fc.integer({ min: 1, max: 50_000 }),
    });
    fc.assert(
      fc.property(day, ({ minute, hours, limit }) => {
        const now = on.toZonedDateTime(zone).add({ minutes: minute }).toInstant();
        const past = hours.map((one, hour) => (hour * 60 <= minute ? one : 0));
        const used = Math.min(
          limit,
          past.reduce((sum, one) => sum + one, 0),
        );
        const { kind, at, total } = forecastOf({ on, used, limit, hours: past }, { now, zone, resetsAt });
        if (kind === 'reaches') {
          expect(at && Temporal.Instant.compare(at, now)).to.equal(1);
          expect(at && Temporal.Instant.compare(at, resetsAt)).to.equal(-1);
        }
        if (kind === 'lasts') expect(total).to.be.within(used, limit);
        expect(kind === 'reached').to.equal(used >= limit);
      }),
    );
  });
});
