import pg from 'pg';

const keepAlive = { keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const;
const waitMs = 30_000;
const retryMs = 1000;

/** One process at a time, of all that share a database. */
export interface Turn {
  /** Does a piece of work while no other process does one. @throws Error when the turn does not come in half a minute */
  take<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Turns by a lock that the session of this process holds: it goes with the process, however that ends.
 * @param name what is done in turns; work of another name goes on beside it
 */
export function createTurn(url: string, name: string): Turn {
  let line: pg.Client | null = null;
  let tail: Promise<unknown> = Promise.resolve();

  async function connected(): Promise<pg.Client> {
    if (line) return line;
    const client = new pg.Client({ connectionString: url, ...keepAlive });
    const gone = (): void => {
      if (line === client) line = null;
    };
    client.on('error', gone).on('end', gone);
    await client.connect();
    await client.query(`set lock_timeout = ${waitMs}`);
    line = client;
    return client;
  }

  /** A line may have broken unseen since it was last used: then a new one is tried. */
  async function locked(): Promise<pg.Client> {
    const client = await connected();
    try {
      await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [name]);
      return client;
    } catch (error) {
      if (line === client) line = null;
      client.end().catch(() => {});
      throw error;
    }
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const client = await locked().catch(() => locked());
    try {
      return await work();
    } finally {
      await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [name]).catch(() => {});
    }
  }

  return {
    take(work) {
      const run = tail.then(() => inTurn(work));
      tail = run.catch(() => {});
      return run;
    },
    async close() {
      await tail;
      await line?.end().catch(() => {});
      line = null;
    },
  };
}

/**
 * Of all processes that share a database one does something, for as long as it lives; then another takes over.
 * @returns how to let go; what was begun is ended first
 */
export function leadOne(
  url: string,
  name: string,
  { begin, end, failed }: { begin(): Promise<void>; end(): Promise<void>; failed(error: unknown): void },
): () => Promise<void> {
  let stopping = false;
  let wake: () => void = () => {};

  const rest = (): Promise<void> =>
    new Promise((done) => {
      const timer = setTimeout(done, retryMs);
      wake = () => {
        clearTimeout(timer);
        done();
      };
    });

  async function once(): Promise<void> {
    const client = new pg.Client({ connectionString: url, ...keepAlive });
    const gone = new Promise<void>((done) => client.once('end', done).on('error', () => done()));
    try {
      await client.connect();
      while (!stopping) {
        const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as mine', [name]);
        if (rows[0]?.mine) break;
        await rest();
      }
      if (stopping) return;
      await begin();
      try {
        await Promise.race([
          gone,
          new Promise<void>((done) => {
            wake = done;
            if (stopping) done();
          }),
        ]);
      } finally {
        await end();
      }
    } finally {
      await client.end().catch(() => {});
    }
  }

  const going = (async () => {
    while (!stopping) {
      await once().catch(failed);
      if (!stopping) await rest();
    }
  })();

  return async () => {
    stopping = true;
    wake();
    await going;
  };
}
