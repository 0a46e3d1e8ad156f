import { type Engine, Refusal, type Settled, type Trx } from '../../core/index.ts';
import { type Carrier, NotTaken } from './mail.ts';

/** Tells the house what became of a delivery. */
async function tell(trx: Trx, engine: Engine, name: 'letter.sent' | 'letter.bounced', settled: Settled): Promise<void> {
  const common = {
    about: settled.letter,
    ...(settled.subject ? { subject: settled.subject } : {}),
    fields: { channel: settled.channel },
  };
  await engine.report(trx, { name, at: engine.clock.now(), ...common });
  if (name === 'letter.sent' && settled.receivedAt) {
    await engine.report(trx, { name: 'letter.received', at: settled.receivedAt, ...common });
  }
}

/** A letter came back: it counts as not received. Answers false when no letter of ours has this id. */
export async function takeBounce(trx: Trx, engine: Engine, messageId: string, code: string): Promise<boolean> {
  const settled = await engine.letters.bounced(trx, { messageId }, { at: engine.clock.now(), code });
  if (settled) await tell(trx, engine, 'letter.bounced', settled);
  return settled !== null;
}

/** Notices and publications: placing them is delivering them. */
async function place(engine: Engine, channel: 'dashboard' | 'publication'): Promise<void> {
  for (let more = true; more; ) {
    more = await engine.db.transaction(async (trx) => {
      const batch = await engine.letters.waiting(trx, channel, 100);
      for (const { id } of batch) {
        const settled = await engine.letters.sent(trx, id, { at: engine.clock.now() });
        if (settled) await tell(trx, engine, 'letter.sent', settled);
      }
      return batch.length > 0;
    });
  }
}

/**
 * One letter. A fault that nobody has a name for is this letter's alone: it is undone to where the letter began, and
 * the letter waits for its next try like one that was not taken.
 */
async function send(trx: Trx, engine: Engine, carrier: Carrier, id: string, letter: string): Promise<void> {
  try {
    await trx.transaction((inner) => trySend(inner, engine, carrier, id, letter));
  } catch (error) {
    const { bounced } = await engine.letters.failed(trx, id, { at: engine.clock.now(), code: 'EFAULT' });
    if (bounced) await tell(trx, engine, 'letter.bounced', bounced);
    engine.log.error({ delivery: id, error: error instanceof Error ? error.name : typeof error }, 'A letter failed.');
  }
}

async function trySend(trx: Trx, engine: Engine, carrier: Carrier, id: string, letter: string): Promise<void> {
  const at = engine.clock.now();
  try {
    const { messageId } = await carrier.send(id, await engine.letters.open(letter, trx), at);
    const settled = await engine.letters.sent(trx, id, { at, messageId });
    if (settled) await tell(trx, engine, 'letter.sent', settled);
  } catch (error) {
    if (error instanceof NotTaken && !error.permanent) {
      const { bounced } = await engine.letters.failed(trx, id, { at, code: error.code });
      if (bounced) await tell(trx, engine, 'letter.bounced', bounced);
      engine.log.warn({ delivery: id, code: error.code }, 'A letter was not taken; it is tried again.');
    } else if (error instanceof NotTaken || error instanceof Refusal) {
      // Refused for good, or its text is gone: it will never arrive.
      const settled = await engine.letters.bounced(trx, { deliveryId: id }, { at, code: error.code });
      if (settled) await tell(trx, engine, 'letter.bounced', settled);
      engine.log.warn({ delivery: id, code: error.code }, 'A letter cannot be delivered.');
    } else throw error;
  }
}

/**
 * The job `notification.deliver`: everything that waits and may be tried now. One letter per transaction, so that a
 * fault later on sends no other letter twice.
 */
export async function deliver(engine: Engine, carrier: Carrier): Promise<void> {
  await place(engine, 'dashboard');
  await place(engine, 'publication');
  for (let more = true; more; ) {
    more = await engine.db.transaction(async (trx) => {
      const batch = await engine.letters.waiting(trx, 'email', 1);
      for (const { id, letter } of batch) await send(trx, engine, carrier, id, letter);
      return batch.length > 0;
    });
  }
}
