import type { IncomingMessage } from 'node:http';
import { addressOf, type Engine, Refusal } from '../../core/index.ts';
import { checkKey, tooLarge } from './channel.ts';
import { type Gate, mayDo, type Pass } from './gate.ts';
import type { Accepted, createLog, Incoming, Settles } from './log.ts';
import { createRate } from './rate.ts';

/** Where messages come from: noted with each of them. */
export type Sender = Pick<Incoming, 'ip' | 'userAgent' | 'connection' | 'door'>;

/** A message as a door has read it. */
export type Outgoing = Pick<Incoming, 'channel' | 'payload' | 'type' | 'key' | 'except'>;

export function senderOf(
  engine: Engine,
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  { door, connection }: { door: Incoming['door']; connection: string },
): Sender {
  return {
    ip: addressOf(request, engine.config.behindProxy),
    userAgent: String(request.headers['user-agent'] ?? '').slice(0, 500),
    ...{ door, connection },
  };
}

/**
 * The last steps before the log, the same for every door: may it be published, does it fit, and then in.
 * @param refused counts what is not published, by the code of its refusal
 */
export function createPublisher(
  engine: Engine,
  {
    gate,
    log,
    refused,
  }: {
    gate: Gate;
    log: ReturnType<typeof createLog>;
    refused(code: string): void;
  },
) {
  const atThisRate = createRate(engine);

  /** @throws Refusal what `mayDo` throws | `message.too-large` | `idempotency.bad-key` | `limit.rate` */
  function incoming(pass: Pass, from: Sender, message: Outgoing): Incoming {
    const { channel, payload, type, key, except } = message;
    mayDo(pass, 'publish', channel);
    const { payloadBytes, messagesPerSecond } = pass.limits;
    if (payload.length > payloadBytes) throw tooLarge(payloadBytes);
    if (key !== undefined) checkKey(key);
    if (messagesPerSecond !== undefined) atThisRate(pass.project.id, messagesPerSecond);
    const { door, connection, ip, userAgent } = from;
    return { project: pass.project.id, channel, payload, type, door, connection, ip, userAgent, key, except };
  }

  /** Stopped between the check of the token and the log: the check now says why. */
  async function explained(pass: Pass, error: Error): Promise<Error> {
    if (!isStopped(error)) return error;
    return gate.again(pass).then(
      () => error,
      (better) => better,
    );
  }

  function count(error: Error): Error {
    if (error instanceof Refusal) refused(error.code);
    return error;
  }

  /** Puts a message into the log, and tells what has become of it: what `one` answers or throws. */
  function put(pass: Pass, from: Sender, message: Outgoing, { done, fail }: Settles): void {
    let ready: Incoming;
    try {
      ready = incoming(pass, from, message);
    } catch (error) {
      fail(count(error as Error));
      return;
    }
    log.put(ready, {
      done,
      fail(error) {
        if (isStopped(error)) void explained(pass, error).then((better) => fail(count(better)));
        else fail(count(error));
      },
    });
  }

  async function group(pass: Pass, from: Sender, messages: readonly (Outgoing | Refusal)[]) {
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
    const stopped = outcomes.find((outcome) => outcome instanceof Error && isStopped(outcome)) as Error | undefined;
    const why = stopped && (await explained(pass, stopped));
    let next = 0;
    return ready.map((one) => {
      if (one instanceof Error) return one;
      const outcome = outcomes[next++] as Accepted | Error;
      return outcome instanceof Error && isStopped(outcome) ? (why as Error) : outcome;
    });
  }

  return {
    put,
    /** @throws Refusal what `log.publish` throws, and when it may not or does not fit */
    one(pass: Pass, from: Sender, message: Outgoing): Promise<Accepted> {
      return new Promise((done, fail) => put(pass, from, message, { done, fail }));
    },
    /** Many messages as one group. @returns for each what became of it, in their order */
    async many(pass: Pass, from: Sender, messages: readonly (Outgoing | Refusal)[]): Promise<(Accepted | Error)[]> {
      const outcomes = await group(pass, from, messages);
      for (const outcome of outcomes) if (outcome instanceof Error) count(outcome);
      return outcomes;
    },
  };
}

const isStopped = (error: Error): boolean => error instanceof Refusal && error.code === 'project.not-active';

export type Publisher = ReturnType<typeof createPublisher>;
