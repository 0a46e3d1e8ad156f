import { expect } from 'chai';
import { markCurrent } from '../../core/console/menu.ts';
import { fromPath, toPath } from '../../core/console/numbers.ts';
import { barChart } from '../../core/console/views/chart.ts';
import { usageModel } from '../../core/console/views/projects.ts';
import { loadWords, Temporal } from '../../core/index.ts';

describe('numbers in addresses', () => {
  it('are Latin in the address and Cyrillic for people', () => {
    expect(toPath('ЗС-2026-0412')).to.equal('zs-2026-0412');
    expect(fromPath('zs-2026-0412')).to.equal('ЗС-2026-0412');
    expect(fromPath('au-2026-0001')).to.equal('АУ-2026-0001');
    expect(fromPath('ЗС-2026-0412')).to.equal('ЗС-2026-0412');
    expect(fromPath('req_01abc')).to.equal('req_01abc');
  });
});

describe('the side menu', () => {
  it('marks the longest address that fits, and no other', () => {
    const item = (href: string) => ({ href, title: href });
    const menu = [{ title: '', items: [item('/dpo'), item('/dpo/requests'), item('/dpo/acts')] }];
    const current = (path: string) =>
      markCurrent(menu, path)[0]
        ?.items.filter(({ current: is }) => is)
        .map(({ href }) => href);
    expect(current('/dpo')).to.deep.equal(['/dpo']);
    expect(current('/dpo/requests/zs-2026-0001')).to.deep.equal(['/dpo/requests']);
    expect(current('/help')).to.deep.equal([]);
  });
});

describe('a chart', () => {
  it('keeps to the strict policy: no style block, no style attribute, and says its finding in words', () => {
    const svg = barChart(
      [
        { label: '20.11', value: 3, tone: 'red' },
        { label: '21.11', value: 1 },
      ],
      {
        alt: 'Больше всего — 3, "20.11"',
        width: 300,
        height: 80,
        limit: { value: 2, label: 'лимит' },
      },
    );
    expect(svg).to.not.match(/<style| style=/);
    expect(svg).to.contain('role="img" aria-label="Больше всего — 3, &quot;20.11&quot;"');
    expect(svg).to.contain('var(--red)').and.contain('var(--accent)');
  });

  it('writes the steps of its axis up to the limit, and not where the room above it happens to end', () => {
    const svg = barChart([{ label: '20.11', value: 83_200 }], {
      ...{ alt: 'Сообщения по дням', width: 600, height: 220, axis: true },
      limit: { value: 100_000, label: 'лимит' },
    });
    const steps = [...svg.matchAll(/>(\d+)<\/text>/g)].map(([, number]) => Number(number));
    expect(steps).to.include.members([0, 100_000]);
    expect(Math.max(...steps)).to.equal(100_000);
  });
});

describe('usage against limits', () => {
  const words = loadWords(new URL('../../templates/locales/', import.meta.url), 'Europe/Moscow').in('ru');
  const usage = (used: number) =>
    usageModel(
      {
        on: Temporal.PlainDate.from('2026-11-20'),
        plan: 'free',
        messages: { used, limit: 1000, percent: 0, dropped: 0 },
        connections: { used: 1, limit: 10, percent: 10, refused: 0, peak: 2 },
        hours: [],
        forecast: {
          kind: 'early',
          at: null,
          total: null,
          perHour: 0,
          since: Temporal.Instant.from('2026-11-19T21:00:00Z'),
        },
        resetsAt: Temporal.Instant.from('2026-11-20T21:00:00Z'),
        warnAt: [80, 100],
        clauses: { warn: 'Оферта 4.5.1', over: 'Оферта 4.5.2' },
        days: [],
      },
      words,
    );

  it('warns from 80 % and says what happens, and when it ends', () => {
    expect(usage(799).warning).to.equal(null);
    expect(usage(800).warning?.tone).to.equal('amber');
    expect(usage(1000).warning?.tone).to.equal('red');
    expect(usage(1000).warning?.text)
      .to.contain('429')
      .and.contain('21.11.2026, 00:00 МСК')
      .and.contain('Оферта 4.5.2');
  });
});
