import pg from 'pg';
import type { Db, Engine } from '../../core/index.ts';

const retryMs = 500;

/** What is done with notices of PostgreSQL, and when the line to it comes and goes. */
export interface Ear {
  channel: string;
  heard(payload: string): void;
  /** Whatever was said while nobody listened has not been heard. */
  listening?(): void;
  deaf?(): void;
}

/** One connection beside the pool for all notices of a node. A line that breaks is laid again. */
export function createListener({ db }: Engine) {
  const ears: Ear[] = [];
  let line: pg.Client | null = null;
  let stopping = false;
  let retry: NodeJS.Timeout | null = null;

  async function listen(): Promise<void> {
    const client = new pg.Client(connectionOf(db));
    const again = (): void => {
      if (line !== client) return;
      line = null;
      for (const ear of ears) ear.deaf?.();
      if (!stopping) retry = setTimeout(() => void listen(), retryMs).unref();
    };
    line = client;
    client.on('error', again).on('end', again);
    client.on('notification', ({ channel, payload }) => {
      if (payload) for (const ear of ears) if (ear.channel === channel) ear.heard(payload);
    });
    try {
      await client.connect();
      for (const channel of new Set(ears.map((ear) => ear.channel))) await client.query(`listen ${channel}`);
      for (const ear of ears) ear.listening?.();
    } catch {
      again();
      client.end().catch(() => {});
    }
  }

  return {
    /** To be called before the start. */
    on: (ear: Ear): void => void ears.push(ear),
    start: listen,
    async stop(): Promise<void> {
      stopping = true;
      if (retry) clearTimeout(retry);
      await line?.end().catch(() => {});
      line = null;
    },
  };
}

export type Listener = ReturnType<typeof createListener>;

/** The pool's own settings, for connections beside it. */
export function connectionOf(db: Db): pg.ClientConfig {
  return db.client.config.connection as pg.ClientConfig;
}
