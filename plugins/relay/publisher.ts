import type { IncomingMessage } from 'node:http';
import { addressOf, type Engine, Refusal } from '../../core/index.ts';
import { checkKey, tooLarge } from './channel.ts';
import { type Gate, mayDo, type Pass } from './gate.ts';
import type { Accepted, createLog, Incoming } from './log.ts';

/** Where messages come from: noted with each of them. */
export type Sender = Pick<Incoming, 'ip' | 'userAgent' | 'connection' | 'door'>;

/** A message as a door has read it. */
export type Outgoing = Pick<Incoming, 'channel' | 'payload' | 'type' | 'key' | 'except'>;

export function senderOf(
  engine: Engine,
  request: IncomingMessage,
  { door, connection }: { door: Incoming['door']; connection: string },
): Sender {
  return {
    ip: addressOf(request, engine.config.behindProxy),
    userAgent: String(request.headers['user-agent'] ?? '').slice(0, 500),
    ...{ door, connection },
  };
}

/** The last steps before the log, the same for every door: may it be published, does it fit, and then in. */
export function createPublisher({ gate, log }: { gate: Gate; log: ReturnType<typeof createLog> }) {
  /** @throws Refusal what `mayDo` throws | `message.too-large` | `idempotency.bad-key` */
  function incoming(pass: Pass, from: Sender, message: Outgoing): Incoming {
    mayDo(pass, 'publish', message.channel);
    const { payloadBytes } = pass.limits;
    if (message.payload.length > payloadBytes) throw tooLarge(payloadBytes);
    if (message.key !== undefined) checkKey(message.key);
    return { ...message, ...from, project: pass.project.id };
  }

  /** Stopped between the check of the token and the log: the check now says why. */
  async function explained(pass: Pass, error: unknown): Promise<unknown> {
    if (!(error instanceof Refusal) || error.code !== 'project.not-active') return error;
    return gate.again(pass).then(
      () => error,
      (better) => better,
    );
  }

  return {
    /** @throws Refusal what `log.publish` throws, and when it may not or does not fit */
    async one(pass: Pass, from: Sender, message: Outgoing): Promise<Accepted> {
      try {
        return await log.publish(incoming(pass, from, message));
      } catch (error) {
        throw await explained(pass, error);
      }
    },
    /** Many messages as one group. @returns for each what became of it, in their order */
    async many(pass: Pass, from: Sender, messages: readonly (Outgoing | Refusal)[]): Promise<(Accepted | Error)[]> {
      const ready = messages.map((message) => {
        if (message instanceof Refusal) return message;
        try {
          return incoming(pass, from, message);
        } catch (error) {
          return error as Error;
        }
      });
      const sent = ready.filter((one): one is Incoming => !(one instanceof Error));
      const outcomes = await log.publishAll(sent);
      const stopped = outcomes.find((outcome) => outcome instanceof Refusal && outcome.code === 'project.not-active');
      const why = stopped && (await explained(pass, stopped));
      let next = 0;
      return ready.map((one) => {
        if (one instanceof Error) return one;
        const outcome = outcomes[next++] as Accepted | Error;
        return outcome instanceof Refusal && outcome.code === 'project.not-active' ? (why as Error) : outcome;
      });
    },
  };
}

export type Publisher = ReturnType<typeof createPublisher>;
