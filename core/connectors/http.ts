import { Ajv2020 } from 'ajv/dist/2020.js';
import { Refusal, Temporal } from '../base/index.ts';
import type { Anchor, Collected, DateRange, EraseReceipt, Receipt, Store, Unsupported } from '../datamap/index.ts';
import { commonOf } from './pack.ts';
import type { HttpConnector, HttpRight } from './types.ts';

const defaultTimeoutMs = 30_000;
const mostBytes = 32 * 1024 * 1024;

const day = { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}$' };
const count = { type: 'integer', minimum: 0 };
const receipt = {
  type: 'object',
  required: ['outcome', 'affected', 'remaining'],
  properties: {
    outcome: { enum: ['erased', 'anonymised', 'blocked', 'retained', 'not_found', 'not_attempted', 'failed'] },
    affected: count,
    remaining: count,
    because: { type: 'string' },
    until: day,
  },
};
const done = {
  type: 'object',
  required: ['outcome', 'affected'],
  properties: {
    outcome: { enum: ['done', 'not_found', 'not_attempted', 'failed'] },
    affected: count,
    because: { type: 'string' },
  },
};
const schemas: Record<HttpRight, object> = {
  anchors: {
    type: 'object',
    required: ['anchors'],
    properties: {
      anchors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['day', 'count'],
          properties: { day: { anyOf: [day, { type: 'null' }] }, count },
        },
      },
    },
  },
  collect: {
    type: 'object',
    required: ['rows', 'source'],
    properties: {
      rows: { type: 'array', items: { type: 'object' } },
      source: { type: 'string', minLength: 1 },
      summary: {
        type: 'array',
        items: {
          type: 'object',
          required: ['what', 'count'],
          properties: { what: { type: 'string' }, count, bytes: count, from: day, to: day, until: day },
        },
      },
    },
  },
  erase: receipt,
  rectify: done,
  restrict: done,
};
const ajv = new Ajv2020({ strict: false });
const validators = new Map(Object.entries(schemas).map(([right, schema]) => [right, ajv.compile(schema)]));

/**
 * A system that answers over HTTP. The contract, all of it `POST` with JSON in and out, days as `2026-05-12`, ranges
 * half-open; `runId` is the idempotency key; a bearer token when the pack names one:
 *
 * - `collect {subject, runId}` → `{rows: [{…}], summary?: [{what, count, bytes?, from?, to?, until?}], source}`
 * - `erase {why: "request", subject, anchored: [{from, before}] | "all", runId}` or
 *   `erase {why: "expiry", anchored, held: [subject], runId}` → `{outcome, affected, remaining, because?, until?}`
 * - `rectify {subject, changes, runId}`, `restrict {subject, on, runId}` → `{outcome, affected, because?}`
 * - `anchors {subject?}` → `{anchors: [{day, count}]}`
 *
 * Any other status than 200, and an answer of another shape, is a failure: the store is asked again later.
 */
export function createHttpStore(connector: HttpConnector, token: () => string | null): Store {
  const has = (right: HttpRight): boolean => connector.rights.includes(right);
  const cannot = (what: string): Unsupported => ({
    unsupported: `Система «${connector.system.ru}» не умеет ${what} по запросу.`,
  });

  async function ask<T>(right: HttpRight, body: object): Promise<T> {
    const bearer = token();
    let text: string;
    try {
      const response = await fetch(new URL(right, connector.url), {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(connector.timeoutMs ?? defaultTimeoutMs),
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
        },
        body: JSON.stringify(body),
      });
      if (response.status !== 200) throw failed(connector, right, `status ${response.status}`);
      if (Number(response.headers.get('content-length') ?? 0) > mostBytes) {
        throw failed(connector, right, 'the answer is too large');
      }
      text = await response.text();
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw failed(connector, right, error instanceof Error ? error.name : 'unknown');
    }
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch {
      throw failed(connector, right, 'the answer is not JSON');
    }
    if (!validators.get(right)?.(answer)) throw failed(connector, right, 'the answer has another shape');
    return answer as T;
  }

  const store: Store = {
    ...commonOf(connector),

    async collect(subject, { runId }) {
      return withDays(await ask<Collected>('collect', { subject, runId }));
    },

    erase: has('erase')
      ? async (scope, { runId }) => {
          const anchored = scope.anchored === 'all' ? 'all' : scope.anchored.map(plainRange);
          const answer = await ask<EraseReceipt & { until?: unknown }>('erase', { ...scope, anchored, runId });
          return { ...answer, ...(answer.until ? { until: Temporal.PlainDate.from(String(answer.until)) } : {}) };
        }
      : cannot('уничтожать'),

    rectify: has('rectify')
      ? (subject, changes, { runId }) => ask<Receipt>('rectify', { subject, changes, runId })
      : cannot('уточнять'),

    restrict: has('restrict')
      ? (subject, on, { runId }) => ask<Receipt>('restrict', { subject, on, runId })
      : cannot('блокировать'),
  };
  if (!has('anchors')) return store;
  return {
    ...store,
    async anchors(_trx, subject) {
      const { anchors } = await ask<{ anchors: { day: string | null; count: number }[] }>('anchors', {
        ...(subject ? { subject } : {}),
      });
      return anchors.map(
        (one): Anchor => ({ day: one.day ? Temporal.PlainDate.from(one.day) : null, count: one.count }),
      );
    },
  };
}

/** Does the system answer at all? Any answer to a question about nobody will do. */
export async function checkHttp(connector: HttpConnector, store: Store): Promise<string | null> {
  try {
    await store.collect('sub_nobody', { runId: 'check' } as never);
    return null;
  } catch (error) {
    return error instanceof Refusal ? String(error.details.why ?? error.code) : `${connector.id} fails`;
  }
}

function failed(connector: HttpConnector, right: string, why: string): Refusal {
  return new Refusal('connector.failed', 'unavailable', { connector: connector.id, right, why });
}

function plainRange({ from, before }: DateRange): { from: string; before: string } {
  return { from: from.toString(), before: before.toString() };
}

function withDays(collected: Collected): Collected {
  const day = (value: unknown) => (typeof value === 'string' ? Temporal.PlainDate.from(value) : undefined);
  if (!collected.summary) return collected;
  return {
    ...collected,
    summary: collected.summary.map((volume) => {
      const { from, to, until, ...rest } = volume;
      const [first, last, end] = [day(from), day(to), day(until)];
      return {
        ...rest,
        ...(first ? { from: first } : {}),
        ...(last ? { to: last } : {}),
        ...(end ? { until: end } : {}),
      };
    }),
  };
}
