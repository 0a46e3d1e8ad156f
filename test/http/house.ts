import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../core/base/index.ts';
import type { Db } from '../../core/db/index.ts';
import { type Actor, createHttp, type Http, type HttpConfig, type RouteDefinition } from '../../core/http/index.ts';
import { loadLaw } from '../../core/law/index.ts';

export interface House {
  http: Http;
  url: string;
  log: { fields: object; message: string }[];
  close(): Promise<void>;
}

export const anna: Actor = { account: 'acc_anna', subject: null, roles: ['dpo'], name: 'Соколова Анна' };
export const boris: Actor = { account: 'acc_boris', subject: 'sub_boris', roles: ['relay-user'], name: 'Борис' };

/** The front door alone, with two people who are known by their account ids, and the given routes. */
export async function openHouse(
  db: Db,
  routes: RouteDefinition[],
  config: Partial<HttpConfig> = {},
  ready: Parameters<typeof createHttp>[0]['ready'] = {},
  more: Pick<Parameters<typeof createHttp>[0], 'notes' | 'metrics'> = {},
): Promise<House> {
  const law = await loadLaw({ root: fileURLToPath(new URL('../../policies/', import.meta.url)), operator: 'qsockets' });
  const kept = new Map<string, object>();
  const log: House['log'] = [];
  const note = (fields: object, message: string): void => {
    log.push({ fields, message });
  };
  const http = createHttp({
    ...{ db, law, ready, clock: systemClock, ...more },
    accounts: {
      sessions: {
        get: async (key) => kept.get(key) ?? null,
        set: async (key, value) => void kept.set(key, value),
        destroy: async (key) => void kept.delete(key),
      },
      actor: async (account) => [anna, boris].find((one) => one.account === account) ?? null,
    },
    log: { info: note, warn: note, error: note },
    config: { publicUrl: 'http://127.0.0.1', cookieKey: 'k'.repeat(32), ...config },
  });
  for (const definition of routes) http.route(definition);
  const server: Server = createServer(http.handler());
  http.guard(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    http,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    log,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** A browser that keeps its cookies. */
export function createBrowser(url: string) {
  const jar = new Map<string, string>();
  return async function call(
    method: string,
    path: string,
    init: { headers?: Record<string, string>; body?: unknown; form?: Record<string, string> | [string, string][] } = {},
  ) {
    const headers: Record<string, string> = { accept: 'text/html', ...init.headers };
    if (jar.size > 0) headers.cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    let body: string | undefined;
    if (init.form) {
      headers['content-type'] = 'application/x-www-form-urlencoded';
      body = new URLSearchParams(init.form).toString();
    } else if (init.body !== undefined) {
      headers['content-type'] ??= 'application/json';
      body = typeof init.body === 'string' ? init.body : JSON.stringify(init.body);
    }
    const answer = await fetch(url + path, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      text,
      // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
      json: (): any => JSON.parse(text),
      token: /name="_csrf" value="([^"]+)"/.exec(text)?.[1] ?? '',
    };
  };
}
