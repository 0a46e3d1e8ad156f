import type { PolicyFile } from './files.ts';
import { camel, citation, keyed, type RawCite } from './raw.ts';
import type { AmountFormula, AmountRule, Citation } from './types.ts';

type Parameter = 'percent' | 'kopecks' | 'months';

/** Read it as a table: which figures each formula takes from the pack. */
const figures: Record<AmountFormula, readonly Parameter[]> = {
  'per-day-percent': ['percent'],
  'lesser-of-share-and-sum': ['percent', 'kopecks', 'months'],
  'unused-days': [],
  'all-if-whole-period': [],
  'paid-minus-expenses': [],
  nothing: [],
};

type RawAmount = Partial<AmountRule> & {
  consumer?: { answer: 'human' | 'no-limit'; why: string; cite: RawCite; certainty: Citation['certainty'] };
};

/** The money rules of an operator; none where its pack has no such file. @throws PolicyError */
export function amountsOf(file: PolicyFile | undefined): AmountRule[] {
  if (!file) return [];
  keyed(file, 'id');
  return (camel(file.data) as RawAmount[]).map((raw, index) => {
    const { formula, percent = null, consumer } = raw as RawAmount & { formula: AmountFormula };
    for (const name of ['percent', 'kopecks', 'months'] as const) {
      const wanted = figures[formula].includes(name);
      if (wanted && raw[name] === undefined) throw file.fail([index], `"${formula}" needs "${name}"`);
      if (!wanted && raw[name] !== undefined)
        throw file.fail([index, name], `${name}: "${formula}" has no such figure`);
    }
    if (percent !== null && !isThousandths(percent)) {
      throw file.fail([index, 'percent'], `percent: ${percent} has more than three decimals`);
    }
    if (consumer && raw.customer) {
      throw file.fail([index, 'consumer'], 'consumer: a rule for one kind of customer says nothing about another');
    }
    return {
      ...(raw as AmountRule),
      percent,
      kopecks: raw.kopecks ?? null,
      months: raw.months ?? null,
      customer: raw.customer ?? null,
      consumer: consumer
        ? { answer: consumer.answer, why: consumer.why, cite: citation(consumer.cite, consumer.certainty) }
        : null,
      note: raw.note ?? null,
      implements: raw.implements ?? [],
    };
  });
}

function isThousandths(percent: number): boolean {
  return Math.abs(percent * 1000 - Math.round(percent * 1000)) < 1e-6;
}
