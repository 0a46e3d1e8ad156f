import { hash } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { expect } from 'chai';
import { startApp, type TestApp } from '../support/app.ts';

interface Ready {
  checks: Record<string, string>;
}

describe('the whole front door', () => {
  let house: TestApp;
  beforeEach(async () => {
    house = await startApp();
  });

  async function answerOf(sent: ClientRequest): Promise<{ status: number; body: string }> {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let body = '';
    for await (const chunk of response) body += chunk;
    return { status: response.statusCode ?? 0, body };
  }

  it('answers only for its own hosts, at the doors of the plugins too', async () => {
    try {
      for (const path of ['/auth/login', '/relay/v1/channels/a/messages']) {
        const sent = request(house.app.url + path, { headers: { host: 'evil.example' } });
        sent.end();
        expect((await answerOf(sent)).status, path).to.equal(421);
      }
      const { port } = new URL(house.app.url);
      const socket = connect(Number(port), '127.0.0.1');
      const lines = [
        'GET /relay/v1/connect HTTP/1.1',
        'Host: evil.example',
        'Connection: Upgrade',
        'Upgrade: websocket',
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      expect(answer.toString()).to.match(/^HTTP\/1\.1 404/);
      socket.destroy();
    } finally {
      await house.close();
    }
  });

  it('says that it is not ready when the database is away, by a check of its own', async () => {
    try {
      const ready = async () => (await (await fetch(`${house.app.url}/readyz`)).json()) as Ready;
      expect((await ready()).checks).to.include({ database: 'ok' });
      await house.app.engine.db.destroy();
      const answer = await fetch(`${house.app.url}/readyz`);
      expect(answer.status).to.equal(503);
      expect(((await answer.json()) as Ready).checks.database).to.not.equal('ok');
    } finally {
      await house.close();
    }
  });

  it('counts wrong passwords of all its processes together, and keeps no address that can be guessed', async () => {
    try {
      const wrong = { email: 'ada@example.ru', password: 'not the password' };
      const signIn = async (url: string): Promise<number> => {
        const sent = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(wrong) };
        return (await fetch(`${url}/api/v1/session`, sent)).status;
      };
      let tries = 0;
      while ((await signIn(house.app.url)) !== 429) expect(++tries).to.be.below(50);
      const again = await house.restart();
      expect(await signIn(again.url)).to.equal(429);
      const kept = await again.engine.db('core.rate_limits').pluck('key');
      const guesses = ['127.0.0.1', '::ffff:127.0.0.1', '::1'].flatMap((ip) =>
        (['hex', 'base64url'] as const).map((form) => hash('sha256', ip, form)),
      );
      expect(kept).to.not.deep.equal([]);
      for (const key of kept)
        expect(
          guesses.some((guess) => key.includes(guess)),
          key,
        ).to.equal(false);
    } finally {
      await house.close();
    }
  });

  it('answers what is under way when it is told to stop, with the database still there', async () => {
    const body = JSON.stringify({ email: 'nobody@example.org', password: 'no password' });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const slow = request(`${house.app.url}/api/v1/session`, { method: 'POST', headers });
    const answered = answerOf(slow);
    slow.write(body.slice(0, 10));
    await new Promise((done) => setTimeout(done, 100));
    const closed = house.close();
    await new Promise((done) => setTimeout(done, 300));
    slow.end(body.slice(10));
    expect((await answered).status).to.equal(401);
    await closed;
  });
});
