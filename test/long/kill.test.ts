import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { publish } from '../../core/cli/demo/client.ts';
import { addEditions, aProjectAt } from '../support/installation.ts';
import { type Reader, startReader } from '../support/reader.ts';
import { end, type Service, startService } from '../support/service.ts';

const kills = 20;
const callers = 16;
const perRound = 100; // acknowledged messages before the next kill, at least
const channel = 'killed';
const patienceMs = 60_000;
/** A machine that is too slow for this fails here, and holds up nothing behind it. */
const enoughMs = 10 * 60_000;

describe('a service that is killed again and again while it works', () => {
  let home: string;
  let service: Service;
  let reader: Reader | undefined;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'srok-kill-'));
    addEditions(home);
    service = await startService(home);
  });
  afterEach(async () => {
    reader?.stop();
    await end(service, 'SIGTERM');
    rmSync(home, { recursive: true, force: true });
  });

  it('keeps every acknowledged message exactly once, without a gap, and delivers none twice', async () => {
    const { token } = await aProjectAt(service.url, 'killed');
    reader = startReader(service.url, token, channel);
    const live = reader;
    const acknowledged = new Map<number, { id: string; body: string }>();
    const twice: number[] = [];
    const pulled = new Map<number, { id: string; data: string }>();
    const begun = performance.now();
    let sent = 0;
    let rounds = 0;
    for (; rounds < kills && performance.now() - begun < enoughMs; rounds++) {
      const { url } = service;
      let running = true;
      const work = Array.from({ length: callers }, async () => {
        while (running) {
          const body = `message ${sent++}`;
          try {
            const answer = await publish(url, token, channel, Buffer.from(body), 'text/plain');
            if (answer.status !== 202) continue;
            const { offset, id } = answer.body;
            if (acknowledged.has(offset)) twice.push(offset);
            acknowledged.set(offset, { id, body });
          } catch {
            return; // the process is gone
          }
        }
      });
      const enough = acknowledged.size + perRound;
      while (acknowledged.size < enough) await delay(2);
      await end(service, 'SIGKILL');
      running = false;
      await Promise.all(work);
      service = await startService(home);
      live.moveTo(service.url);
      // Whatever the killed process had written can be had from its successor.
      await pull(service.url, token, pulled);
    }
    expect(rounds).to.equal(kills);

    expect(twice).to.deep.equal([]);
    const offsets = [...pulled.keys()].sort((a, b) => a - b);
    expect(offsets).to.deep.equal(offsets.map((_, index) => index + 1));
    for (const [offset, { id, body }] of acknowledged) {
      expect(pulled.get(offset), `offset ${offset}`).to.deep.equal({ id, data: body });
    }
    expect(new Set([...pulled.values()].map(({ id }) => id)).size).to.equal(offsets.length);

    // The reader was there all the time, at one process after the other: what is in the log, each once, in order.
    const over = performance.now() + patienceMs;
    while (live.got.length < offsets.length && performance.now() < over) await delay(20);
    expect(live.wrong).to.deep.equal([]);
    expect(live.got.map(({ id }) => id)).to.deep.equal(offsets.map((offset) => pulled.get(offset)?.id));
    expect((await fetch(`${service.url}/readyz`)).status).to.equal(200);
  });
});

/** Asks for what came after the last that is known, page by page. What is known must not come again as another. */
async function pull(url: string, token: string, known: Map<number, { id: string; data: string }>): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/relay/v1/channels/${channel}/messages?after=${known.size}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { messages } = (await response.json()) as { messages: { offset: number; id: string; data: string }[] };
    if (messages.length === 0) return;
    for (const { offset, id, data } of messages) known.set(offset, { id, data });
  }
}
