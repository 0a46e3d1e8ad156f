import type { IncomingMessage } from 'node:http';
import { type Engine, newId, Refusal, Temporal } from '../../core/index.ts';
import { checkChannel } from './channel.ts';
import { noOthers } from './frames.ts';
import type { Gate, Pass, Scope } from './gate.ts';
import { forgetTickets, insertTicket, takeTicket, ticketById } from './store.ts';
import { makeTicket, parseTicket, sameHash } from './tokens.ts';
import type { Right } from './types.ts';

// Promises of the protocol, not legal terms.
const longestSeconds = 15 * 60;
const usualSeconds = 60;
const channelsPerTicket = 100;
const livingPerProject = 10_000;
const rights: readonly Right[] = ['publish', 'subscribe', 'read'];

/** What a ticket is asked for. */
export interface TicketOrder extends Scope {
  seconds: number;
}

/**
 * Short-lived admissions for browsers: made with a token by the owner's program, used once to open a connection, never
 * part of a URL. Only their hash is kept.
 */
export function createTickets(engine: Engine, gate: Gate) {
  const { clock, db } = engine;
  return {
    /**
     * A ticket for less than its token may do. It is shown this once.
     * @throws Refusal `token.no-right` | `limit.tickets`
     */
    async issue(
      { token, project }: Pick<Pass, 'token' | 'project'>,
      order: TicketOrder,
    ): Promise<{ ticket: string; expiresAt: string }> {
      const beyond = order.rights.find((right) => !token.rights.includes(right));
      if (beyond) {
        throw new Refusal('token.no-right', 'forbidden', { right: beyond, message: `This token may not ${beyond}.` });
      }
      const at = clock.now();
      const id = newId('tkt', at);
      const { ticket, hash } = makeTicket(id);
      const row = {
        ...{ id, hash, project_id: project.id, token_id: token.id },
        ...{ rights: [...order.rights], channels: [...order.channels] },
        ...{ created_at: at, expires_at: at.add({ seconds: order.seconds }) },
      };
      if (!(await insertTicket(db, row, livingPerProject))) {
        throw new Refusal('limit.tickets', 'limit', {
          limit: { name: 'tickets', value: livingPerProject },
          retryAfter: usualSeconds,
          message: `A project has at most ${livingPerProject} unused tickets.`,
        });
      }
      return { ticket, expiresAt: row.expires_at.toString({ smallestUnit: 'millisecond' }) };
    },
    /**
     * Uses a ticket up and says what it lets in.
     * @throws Refusal `ticket.refused` (unauthenticated, whatever was wrong) | `project.stopped` | `origin.refused`
     */
    async redeem(request: IncomingMessage, text: string): Promise<Pass> {
      const given = parseTicket(text);
      const row = given ? await ticketById(db, given.id) : null;
      const same = sameHash(given?.hash ?? Buffer.alloc(32), row?.hash);
      if (!row || !same || Temporal.Instant.compare(clock.now(), row.expires_at) >= 0) throw refused();
      const scope = { rights: row.rights, channels: row.channels };
      const pass = await gate.enterWith(request, row.token_id, scope).catch((error) => {
        throw error instanceof Refusal && error.code === 'token.refused' ? refused() : error;
      });
      if (!(await takeTicket(db, row.id))) throw refused();
      return pass;
    },
    /** Takes away what was never used. */
    tidy: (): Promise<number> => forgetTickets(db, clock.now()),
  };
}

export type Tickets = ReturnType<typeof createTickets>;

function refused(): Refusal {
  return new Refusal('ticket.refused', 'unauthenticated', {
    message: 'A valid ticket is needed: each works once, for as long as it was made for.',
  });
}

/** Reads the body of an order. @throws Refusal `ticket.bad-order` | `member.unknown` | `channel.bad-name` */
export function ticketOrder(body: Buffer): TicketOrder {
  const order = objectOf(body);
  noOthers(order, ['channels', 'rights', 'seconds']);
  const { channels, rights: asked, seconds = usualSeconds } = order;
  if (!Array.isArray(channels) || channels.length === 0 || channels.length > channelsPerTicket) {
    throw bad('channels', `"channels" is a list of 1 to ${channelsPerTicket} names, or beginnings of names with a *.`);
  }
  const known = Array.isArray(asked) && asked.length > 0 && asked.every((right) => rights.includes(right));
  if (!known) throw bad('rights', `"rights" is a list of ${rights.join(', ')}.`);
  if (!Number.isInteger(seconds) || (seconds as number) < 1 || (seconds as number) > longestSeconds) {
    throw bad('seconds', `"seconds" is a whole number from 1 to ${longestSeconds}.`);
  }
  return {
    channels: [...new Set(channels.map(checkPattern))],
    rights: [...new Set(asked as Right[])],
    seconds: seconds as number,
  };
}

function checkPattern(pattern: unknown): string {
  if (pattern === '*') return pattern;
  if (typeof pattern !== 'string' || !pattern.endsWith('*')) return checkChannel(pattern);
  // A beginning may be . or .. where a whole name may not.
  checkChannel(`${pattern.slice(0, -1)}x`);
  return pattern;
}

function objectOf(body: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw bad(undefined, 'The body is JSON.');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw bad(undefined, 'The body is a JSON object.');
}

function bad(field: string | undefined, message: string): Refusal {
  return new Refusal('ticket.bad-order', 'invalid', { ...(field ? { field } : {}), message });
}
