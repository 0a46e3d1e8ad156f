import type { IncomingMessage } from 'node:http';
import pg from 'pg';
import { type Db, dayOf, type Engine, Refusal, Temporal } from '../../core/index.ts';
import { closeCodes, type Hub } from './hub.ts';
import { planOf } from './projects.ts';
import { markUsed, type ProjectRow, projectById, type TokenRow, tokensOf, tokenWithProject } from './store.ts';
import { parseToken, sameHash } from './tokens.ts';
import type { Right } from './types.ts';

/** Who is let in, and with what limits. */
export interface Pass {
  token: TokenRow;
  project: ProjectRow;
  limits: { messagesPerDay: number; connections: number; payloadBytes: number };
}

// How long an answer about a token is trusted: no node lets a dead one in for longer, even when nothing tells it.
const trustMs = 1000;
const retryMs = 500;
const known = 10_000;

/**
 * Checks tokens, and closes what a change has made dead: every change of a project is told by NOTIFY at its commit,
 * on every node.
 */
export function createGate(engine: Engine, hub: Hub) {
  const { clock, db, law, log } = engine;
  const passes = new Map<string, { pass: Pass; until: number }>();
  let listener: pg.Client | null = null;
  let stopping = false;
  let retry: NodeJS.Timeout | null = null;
  let pulse: NodeJS.Timeout | null = null;

  async function lookUp(id: string): Promise<Pass | null> {
    const cached = passes.get(id);
    if (cached && cached.until > performance.now()) return cached.pass;
    const found = await tokenWithProject(db, id);
    if (!found) return null;
    const pass: Pass = { ...found, limits: planOf(engine, found.project.plan).limits };
    // Only a yes is remembered: a project that may go on again goes on with its next message.
    if (found.project.state !== 'active') return pass;
    if (passes.size >= known) passes.clear();
    passes.set(id, { pass, until: performance.now() + trustMs });
    return pass;
  }

  /** Only a token that was let in has been used: its id alone is no secret. */
  function noteUse(token: TokenRow): void {
    const today = dayOf(clock.now(), law.zone);
    if (token.last_used_on?.equals(today)) return;
    token.last_used_on = today;
    markUsed(db, token.id, today).catch((error) =>
      log.warn({ token: token.id, error: String(error) }, 'A use was not noted.'),
    );
  }

  function alive(token: TokenRow): boolean {
    if (token.revoked_at) return false;
    return !token.expires_at || Temporal.Instant.compare(clock.now(), token.expires_at) < 0;
  }

  /** Looks at one project again: its state, its tokens, its open connections. */
  async function recheck(project: string): Promise<void> {
    for (const [id, { pass }] of passes) if (pass.project.id === project) passes.delete(id);
    const open = hub.connections(project);
    if (open.length === 0) return;
    const row = await projectById(db, project);
    const tokens = new Map((await tokensOf(db, project, clock.now())).map((token) => [token.id, token]));
    for (const connection of open) {
      if (!row || row.state === 'deleted') hub.close(connection, closeCodes.tokenDead, 'the project is gone');
      else if (row.state !== 'active') {
        hub.close(connection, closeCodes.projectStopped, `the project is ${row.state}: ${row.grounds.join(', ')}`);
      } else {
        const token = tokens.get(connection.token);
        if (!token) hub.close(connection, closeCodes.tokenDead, 'the token has been replaced');
        else connection.expiresAt = token.expires_at;
      }
    }
  }

  function recheckAll(): void {
    for (const project of hub.projects()) {
      recheck(project).catch((error) =>
        log.warn({ project, error: String(error) }, 'A project could not be looked at.'),
      );
    }
  }

  async function listen(): Promise<void> {
    const client = new pg.Client(connectionOf(db));
    const again = (): void => {
      if (listener !== client) return;
      listener = null;
      passes.clear();
      if (!stopping) retry = setTimeout(() => void listen(), retryMs).unref();
    };
    listener = client;
    client.on('error', again).on('end', again);
    client.on('notification', ({ payload }) => {
      if (payload) {
        recheck(payload).catch((error) => log.warn({ error: String(error) }, 'A change could not be looked at.'));
      }
    });
    try {
      await client.connect();
      await client.query('listen relay_changed');
      // Whatever changed while nobody listened.
      passes.clear();
      recheckAll();
    } catch {
      again();
      client.end().catch(() => {});
    }
  }

  return {
    /**
     * Lets a request in by its token, which is read from the header alone.
     * @throws Refusal `token.refused` (unauthenticated, whatever was wrong) | `project.stopped` | `token.no-right`
     */
    async enter(request: IncomingMessage, right: Right | null): Promise<Pass> {
      const given = parseToken(/^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '');
      const pass = given ? await lookUp(given.id) : null;
      const same = sameHash(given?.hash ?? Buffer.alloc(32), pass?.token.hash);
      if (!pass || !same || !alive(pass.token) || pass.project.state === 'deleted') {
        throw new Refusal('token.refused', 'unauthenticated', {
          message: 'A valid token is needed in the Authorization header.',
        });
      }
      if (pass.project.state !== 'active') {
        throw new Refusal('project.stopped', 'forbidden', {
          state: pass.project.state,
          grounds: pass.project.grounds,
          message: 'Проект приостановлен или ещё не оплачен.',
        });
      }
      if (right && !pass.token.rights.includes(right)) {
        throw new Refusal('token.no-right', 'forbidden', { right, message: `This token may not ${right}.` });
      }
      noteUse(pass.token);
      return pass;
    },
    /** Drops what is remembered of a project, so that the next request asks the database. */
    forget(project: string): void {
      for (const [id, { pass }] of passes) if (pass.project.id === project) passes.delete(id);
    },
    async start(): Promise<void> {
      await listen();
      let beats = 0;
      pulse = setInterval(() => {
        const now = clock.now();
        for (const project of hub.projects()) {
          for (const connection of hub.connections(project)) {
            // A token that a rotation has replaced ends at its instant, without anyone telling.
            if (connection.expiresAt && Temporal.Instant.compare(connection.expiresAt, now) <= 0) {
              hub.close(connection, closeCodes.tokenDead, 'the token has been replaced');
            }
          }
        }
        // Now and then everything is looked at: a lost notice must not keep a connection alive.
        if (++beats % 10 === 0) recheckAll();
      }, trustMs).unref();
    },
    async stop(): Promise<void> {
      stopping = true;
      if (retry) clearTimeout(retry);
      if (pulse) clearInterval(pulse);
      await listener?.end().catch(() => {});
      listener = null;
    },
  };
}

export type Gate = ReturnType<typeof createGate>;

/** The pool's own settings, for one connection beside it. */
function connectionOf(db: Db): pg.ClientConfig {
  return db.client.config.connection as pg.ClientConfig;
}
