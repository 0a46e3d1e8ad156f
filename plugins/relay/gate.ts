import type { IncomingMessage } from 'node:http';
import { dayOf, type Engine, Refusal, Temporal } from '../../core/index.ts';
import { closeCodes, type Hub } from './hub.ts';
import type { Listener } from './listener.ts';
import { createPresent } from './present.ts';
import { planOf } from './projects.ts';
import { foreignOrigin, isAllowed, mayCome } from './settings.ts';
import { groundsOf, stopped } from './stopped.ts';
import { markUsed, type ProjectRow, projectById, type TokenRow, tokensNamed, tokenWithProject } from './store.ts';
import { parseToken, type ShownToken, sameHash, tokenIn } from './tokens.ts';
import type { Right } from './types.ts';

/** Who is let in, and with what limits. */
export interface Pass {
  token: TokenRow;
  project: ProjectRow;
  /** Of the plan; the payload also by the project's own setting. */
  limits: { messagesPerDay: number; connections: number; payloadBytes: number; messagesPerSecond?: number };
  /** The page of another site that it is; null for programs and for pages of our own. */
  origin: string | null;
  /** In other hands than the owner's programs: a browser, or whoever was given a ticket. */
  client: boolean;
  /** What a ticket narrows the token to. */
  ticket: Scope | null;
}

/** As much of a request as says who comes. */
type Caller = Pick<IncomingMessage, 'headers' | 'socket'>;

/** Rights for some channels: names, or the beginnings of names with a star at the end. */
export interface Scope {
  rights: readonly Right[];
  channels: readonly string[];
}

/**
 * May this be done with a channel?
 * @throws Refusal `token.no-right` | `ticket.no-right` | `ticket.other-channel` | `publishing.off`
 */
export function mayDo({ token, project, ticket, client }: Pass, right: Right, channel?: string): void {
  if (!token.rights.includes(right)) {
    throw new Refusal('token.no-right', 'forbidden', { right, message: `This token may not ${right}.` });
  }
  if (ticket && !ticket.rights.includes(right)) {
    throw new Refusal('ticket.no-right', 'forbidden', { right, message: `This ticket may not ${right}.` });
  }
  if (ticket && channel !== undefined && !ticket.channels.some((one) => covers(one, channel))) {
    throw new Refusal('ticket.other-channel', 'forbidden', { message: 'This ticket is not for that channel.' });
  }
  if (right === 'publish' && client && !project.client_publishing) {
    throw new Refusal('publishing.off', 'forbidden', {
      message: 'Pages and tickets may not publish here: the owner of the project has turned that off.',
    });
  }
}

/** Whether a name, or a beginning with a star, is the name of this channel. */
export function covers(pattern: string, channel: string): boolean {
  return pattern.endsWith('*') ? channel.startsWith(pattern.slice(0, -1)) : pattern === channel;
}

// How long an answer about a token is trusted: no node lets a dead one in for longer, even when nothing tells it.
const trustMs = 1000;
const quarterMs = 900_000;
const known = 10_000;

/**
 * Checks tokens, and closes what a change has made dead: every change of a project is told by NOTIFY at its commit,
 * on every node.
 */
export function createGate(engine: Engine, { hub, listener }: { hub: Hub; listener: Listener }) {
  const { clock, db, law, log } = engine;
  const clockNow = createPresent(clock);
  const passes = new Map<string, { pass: Pass; until: number }>();
  const asking = new Map<string, Promise<Pass | null>>();
  let pulse: NodeJS.Timeout | null = null;
  let day: { quarter: number; date: Temporal.PlainDate } | null = null;

  function limitsOf(project: ProjectRow): Pass['limits'] {
    const { limits } = planOf(engine, project.plan);
    return { ...limits, payloadBytes: Math.min(limits.payloadBytes, project.max_payload_bytes ?? limits.payloadBytes) };
  }

  /** What is known of a token; many who ask at once ask the database once. */
  function lookUp(id: string): Promise<Pass | null> | Pass {
    const cached = passes.get(id);
    if (cached && cached.until > performance.now()) return cached.pass;
    let asked = asking.get(id);
    if (!asked) {
      asked = askFor(id).finally(() => {
        if (asking.get(id) === asked) asking.delete(id);
      });
      asking.set(id, asked);
    }
    return asked;
  }

  async function askFor(id: string): Promise<Pass | null> {
    const found = await tokenWithProject(db, id);
    if (!found) return null;
    const pass: Pass = { ...found, limits: limitsOf(found.project), origin: null, client: false, ticket: null };
    // Only a yes is remembered: a project that may go on again goes on with its next message.
    if (found.project.state !== 'active') return pass;
    if (passes.size >= known) passes.clear();
    passes.set(id, { pass, until: performance.now() + trustMs });
    return pass;
  }

  /** Today. No zone begins a day within a quarter of an hour: it need not be asked for each request. */
  function present(): Temporal.PlainDate {
    const now = clockNow();
    const quarter = Math.floor(now.epochMilliseconds / quarterMs);
    if (quarter !== day?.quarter) day = { quarter, date: dayOf(now, law.zone) };
    return day.date;
  }

  /** Only a token that was let in has been used: its id alone is no secret. */
  function noteUse(token: TokenRow): void {
    const today = present();
    if (token.last_used_on === today || token.last_used_on?.equals(today)) return;
    token.last_used_on = today;
    markUsed(db, token.id, today).catch((error) =>
      log.warn({ token: token.id, error: String(error) }, 'A use was not noted.'),
    );
  }

  function alive(token: TokenRow): boolean {
    if (token.revoked_at) return false;
    return !token.expires_at || Temporal.Instant.compare(clock.now(), token.expires_at) < 0;
  }

  function forget(project: string): void {
    // What was asked before a change is no answer to who asks after it.
    asking.clear();
    for (const [id, { pass }] of passes) if (pass.project.id === project) passes.delete(id);
  }

  /** Looks at one project again: its state, its tokens, its open connections. */
  async function recheck(project: string): Promise<void> {
    forget(project);
    const open = hub.connections(project);
    if (open.length === 0) return;
    const row = await projectById(db, project);
    const ids = [...new Set(open.map(({ pass }) => pass.token.id))];
    const tokens = new Map((await tokensNamed(db, ids)).map((token) => [token.id, token]));
    for (const connection of open) {
      if (!row || row.state === 'deleted') hub.close(connection, closeCodes.tokenDead, 'the project is gone');
      else if (row.state !== 'active') {
        const why = groundsOf(row).join(', ');
        hub.close(connection, closeCodes.notAllowed, `the project is ${row.state}${why && `: ${why}`}`);
      } else {
        const token = tokens.get(connection.pass.token.id);
        if (!token || !alive(token)) hub.close(connection, closeCodes.tokenDead, endOf(token));
        else if (!isAllowed(connection.pass.origin, row.origins)) {
          hub.close(connection, closeCodes.notAllowed, 'the origin is not allowed any more');
        } else connection.pass = { ...connection.pass, token, project: row, limits: limitsOf(row) };
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

  listener.on({
    channel: 'relay_changed',
    heard(project) {
      recheck(project).catch((error) => log.warn({ error: String(error) }, 'A change could not be looked at.'));
    },
    listening() {
      passes.clear();
      recheckAll();
    },
    deaf: () => passes.clear(),
  });

  /** @throws Refusal `token.refused` */
  function mustBeKnown(pass: Pass | null): asserts pass is Pass {
    if (!pass || !alive(pass.token) || pass.project.state === 'deleted') throw refused();
  }

  /** @throws Refusal `project.stopped` */
  function mustGoOn(pass: Pass): void {
    if (pass.project.state === 'active') return;
    throw stopped(pass.project);
  }

  /** Whoever may come may also read why not further. */
  function originOf(request: Caller, pass: Pass, came?: () => void): string | null {
    const origin = foreignOrigin(request);
    mayCome(origin, pass.project);
    came?.();
    mustGoOn(pass);
    return origin;
  }

  function admit(request: IncomingMessage, pass: Pass | null, came?: () => void): Pass {
    mustBeKnown(pass);
    const origin = originOf(request, pass, came);
    noteUse(pass.token);
    return { ...pass, origin };
  }

  function admitShown(
    request: Caller,
    right: Right | null,
    { given, pass, came }: { given: ShownToken | null; pass: Pass | null; came?: (() => void) | undefined },
  ): Pass {
    const same = sameHash(given?.hash ?? Buffer.alloc(32), pass?.token.hash ?? undefined);
    if (!pass || !same) throw refused();
    mustBeKnown(pass);
    const origin = originOf(request, pass, came);
    const own: Pass = { ...pass, origin, client: request.headers.origin !== undefined };
    if (right) mayDo(own, right);
    noteUse(pass.token);
    return own;
  }

  return {
    /**
     * Lets a request in by its token, which is read from the header alone.
     * @throws Refusal `token.refused` (unauthenticated, whatever was wrong) | `project.stopped` | `origin.refused` |
     *   what `mayDo` throws
     * @param came called as soon as the token and the origin are known to be good
     */
    async enter(request: Caller, right: Right | null, came?: () => void): Promise<Pass> {
      const given = parseToken(tokenIn(request.headers));
      return admitShown(request, right, { given, pass: given ? await lookUp(given.id) : null, came });
    },
    /**
     * The same for a token that was shown before on this connection; null when the database has to be asked.
     * @throws Refusal what `enter` throws
     */
    enterAtOnce(request: Caller, given: ShownToken, right: Right): Pass | null {
      const known = passes.get(given.id);
      if (!known || known.until <= performance.now()) return null;
      return admitShown(request, right, { given, pass: known.pass });
    },
    /**
     * Lets a request in by a ticket that was made with this token.
     * @throws Refusal `token.refused` | `project.stopped` | `origin.refused`
     */
    async enterWith(request: IncomingMessage, token: string, ticket: Scope): Promise<Pass> {
      return { ...admit(request, await lookUp(token)), client: true, ticket };
    },
    /** A key of the Pusher protocol, by its id; what shows that somebody may use it is for its door to check. */
    async pusherKey(id: string): Promise<Pass | null> {
      const pass = await lookUp(id);
      return pass?.token.kind === 'pusher' && alive(pass.token) ? pass : null;
    },
    /**
     * Lets in whoever has shown as much of a key as its door asks for.
     * @param client whether it was the public half alone, which anybody may have
     * @param came called as soon as the key and the origin are known to be good
     * @throws Refusal `token.refused` | `project.stopped` | `origin.refused`
     */
    enterByKey: (request: IncomingMessage, key: Pass | null, client: boolean, came?: () => void): Pass => ({
      ...admit(request, key, came),
      client,
    }),
    /** Asks the database once more whether a pass still holds. @throws Refusal `token.refused` | `project.stopped` */
    async again({ token, project }: Pass): Promise<void> {
      forget(project.id);
      const pass = await lookUp(token.id);
      mustBeKnown(pass);
      mustGoOn(pass);
    },
    /** Drops what is remembered of a project, so that the next request asks the database. */
    forget,
    start(): void {
      let beats = 0;
      pulse = setInterval(() => {
        const now = clock.now();
        for (const project of hub.projects()) {
          for (const connection of hub.connections(project)) {
            // A token that a rotation has replaced ends at its instant, without anyone telling.
            const { expires_at: expiresAt } = connection.pass.token;
            if (expiresAt && Temporal.Instant.compare(expiresAt, now) <= 0) {
              hub.close(connection, closeCodes.tokenDead, endOf(connection.pass.token));
            }
          }
        }
        // Now and then everything is looked at: a lost notice must not keep a connection alive.
        if (++beats % 10 === 0) recheckAll();
      }, trustMs).unref();
    },
    stop(): void {
      if (pulse) clearInterval(pulse);
    },
  };
}

/** What ended a token: somebody, or the end of the time in which it lived beside the one that replaced it. */
function endOf(token: TokenRow | undefined): string {
  return token && !token.revoked_at ? 'the token has been replaced' : 'the token has been revoked';
}

function refused(): Refusal {
  return new Refusal('token.refused', 'unauthenticated', {
    message: 'A valid token is needed in the Authorization header.',
  });
}

export type Gate = ReturnType<typeof createGate>;
