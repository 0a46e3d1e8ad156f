import { connect, type Socket } from 'node:net';
import { expect } from 'chai';
import { aStand, type Stand, until } from './stand.ts';

/** One answer as it came. */
interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const open: Socket[] = [];

/** A connection by hand, and the answers on it in their order. */
async function caller(origin: string) {
  const { hostname, port } = new URL(origin);
  const socket: Socket = connect({ host: hostname, port: Number(port), noDelay: true });
  open.push(socket);
  const waits: (() => void)[] = [];
  let text = '';
  let over = false;
  const wake = (): void => {
    for (const go of waits.splice(0)) go();
  };
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    over = true;
    wake();
  });
  await new Promise((done) => socket.once('connect', done));

  function cut(): Answer | null {
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const [first = '', ...lines] = text.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    );
    const length = Number(headers['content-length'] ?? 0);
    if (text.length < end + 4 + length) return null;
    const body = text.slice(end + 4, end + 4 + length);
    text = text.slice(end + 4 + length);
    return { status: Number(first.split(' ')[1]), headers, body };
  }

  return {
    socket,
    /** The next answer; null when the connection ends without one. */
    async answer(): Promise<Answer | null> {
      for (;;) {
        const whole = cut();
        if (whole || over) return whole;
        await new Promise<void>((done) => waits.push(done));
      }
    },
    async closed(): Promise<void> {
      while (!over) await new Promise<void>((done) => waits.push(done));
    },
  };
}

describe('publishing on a connection of its own', () => {
  let stand: Stand;
  let project: string;
  let token: string;
  let origin: string;

  before(async () => {
    stand = await aStand();
    ({ project, token } = await stand.aProject('business'));
    ({ origin } = stand.house);
  });

  afterEach(() => {
    for (const socket of open.splice(0)) socket.destroy();
  });
  after(() => stand.close());

  function request(body: string, { channel = 'wicket', more = '', secret = token } = {}): string {
    return (
      `POST /relay/v1/channels/${channel}/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${secret}\r\n` +
      `Content-Type: text/plain\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    );
  }

  async function logged(channel: string): Promise<string[]> {
    const { body } = await stand.call('GET', `channels/${channel}/messages`, token);
    return (body.messages as { data: string }[]).map(({ data }) => data);
  }

  it('is answered as Node answers it, one request after another', async () => {
    const one = await caller(origin);
    const given: Answer[] = [];
    for (const body of ['first', 'other', 'longer than both']) {
      one.socket.write(request(body, { channel: 'plain' }));
      given.push((await one.answer()) as Answer);
    }
    expect(given.map(({ status }) => status)).to.deep.equal([202, 202, 202]);
    expect(given.map(({ body }) => JSON.parse(body).offset)).to.deep.equal([1, 2, 3]);
    expect(await logged('plain')).to.deep.equal(['first', 'other', 'longer than both']);
    // The same in two pieces is read by Node itself.
    const other = await caller(origin);
    const whole = request('in pieces', { channel: 'plain' });
    other.socket.write(whole.slice(0, 40));
    await new Promise((done) => setImmediate(done));
    other.socket.write(whole.slice(40));
    const byNode = (await other.answer()) as Answer;
    expect(Object.keys(given[0]?.headers ?? {}).sort()).to.deep.equal(Object.keys(byNode.headers).sort());
    for (const name of ['content-type', 'cache-control', 'connection', 'keep-alive']) {
      expect(given[0]?.headers[name]?.replace(/=\d+/, ''), name).to.equal(byNode.headers[name]?.replace(/=\d+/, ''));
    }
    expect(given[0]?.headers.date).to.match(/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/);
  });

  it('reads the same, wherever a request is cut, and whatever follows it at once', async () => {
    const whole = request('cut', { channel: 'cut' });
    const cuts = Array.from({ length: whole.length }, (_, at) => at).filter((at) => at % 7 === 0);
    await Promise.all(
      cuts.map(async (at) => {
        const one = await caller(origin);
        one.socket.write(request('before', { channel: 'cut' }));
        one.socket.write(whole.slice(0, at));
        setImmediate(() => one.socket.write(whole.slice(at) + request('behind', { channel: 'cut' })));
        const offsets = [];
        for (let each = 0; each < 3; each++) offsets.push(JSON.parse((await one.answer())?.body ?? '{}').offset);
        expect(offsets, `cut at ${at}`).to.deep.equal([...offsets].sort((a, b) => a - b));
        expect(offsets.every(Number.isInteger), `cut at ${at}`).to.equal(true);
      }),
    );
    const { body } = await stand.call('GET', 'channels/cut/messages?after=0&limit=1', token);
    expect(body.newest ?? body.messages.length).to.be.at.least(1);
    const { rows } = await stand.base.db.raw('select count(*)::int as n from relay.payloads where channel = ?', [
      'cut',
    ]);
    expect(rows[0].n).to.equal(3 * cuts.length);
  });

  it('goes on with whatever else comes on the same connection', async () => {
    const one = await caller(origin);
    one.socket.write(request('then a look', { channel: 'mixed' }));
    expect((await one.answer())?.status).to.equal(202);
    one.socket.write(
      `GET /relay/v1/channels/mixed/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    expect(JSON.parse((await one.answer())?.body ?? '').messages[0].data).to.equal('then a look');
    one.socket.write(request('and on', { channel: 'mixed' }));
    expect(JSON.parse((await one.answer())?.body ?? '').offset).to.equal(2);
  });

  it('leaves to Node what could be read in two ways, and nothing of it is published', async () => {
    const doubtful = [
      request('x', { more: 'Transfer-Encoding: chunked\r\n' }),
      request('x', { more: 'Content-Length: 1\r\n' }),
      request('x', { more: 'Content-Length: 5\r\n' }),
      request('x').replace('Content-Length: 1', 'Content-Length: +1'),
      request('x').replace('Content-Length: 1', 'Content-Length: 0x1'),
      request('x').replace('Content-Length: 1', 'Content-Length : 1'),
      request('x').replace('Content-Type: text/plain', 'Content-Type: text/plain\r\n folded'),
      request('x').replace('Content-Type: text/plain', 'Content-Type text/plain'),
      request('x').replace('Host: localhost\r\n', ''),
    ];
    for (const text of doubtful) {
      const one = await caller(origin);
      one.socket.write(text);
      expect((await one.answer())?.status, text).to.equal(400);
    }
    expect(await logged('wicket')).to.deep.equal([]);
  });

  it('asks for the token with every message: a wrong one is refused, and so is one that has died meanwhile', async () => {
    const one = await caller(origin);
    const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    one.socket.write(request('x', { channel: 'token', secret: changed }));
    const refused = (await one.answer()) as Answer;
    expect([refused.status, refused.headers['www-authenticate']]).to.deep.equal([401, 'Bearer']);
    expect(JSON.parse(refused.body)).to.include({ code: 'token.refused', status: 401 });
    one.socket.write(request('x', { channel: 'token' }));
    expect((await one.answer())?.status).to.equal(202);
    const { relay, base } = stand;
    const more = await base.db.transaction((trx) => relay.issueToken(trx, project));
    one.socket.write(request('x', { channel: 'token', secret: more.token }));
    expect((await one.answer())?.status).to.equal(202);
    await base.db.transaction((trx) => relay.revokeToken(trx, project, more.id));
    let status = 202;
    for (let tries = 0; status === 202 && tries < 200; tries++) {
      one.socket.write(request('x', { channel: 'token', secret: more.token }));
      status = (await one.answer())?.status ?? 0;
    }
    expect(status).to.equal(401);
  });

  it('honours a key, a limit of size and a name, as everywhere', async () => {
    const one = await caller(origin);
    const keyed = request('once', { channel: 'keys', more: 'Idempotency-Key: k1\r\n' });
    const answers: unknown[] = [];
    for (const text of [keyed, keyed]) {
      one.socket.write(text);
      answers.push(JSON.parse((await one.answer())?.body ?? ''));
    }
    expect(answers[0]).to.deep.equal(answers[1]);
    one.socket.write(request('twice', { channel: 'keys', more: 'Idempotency-Key: k1\r\n' }));
    expect((await one.answer())?.status).to.equal(422);
    one.socket.write(request('x', { channel: '..' }));
    expect((await one.answer())?.status).to.be.oneOf([400, 404]);
    const settings = { origins: [], maxPayloadBytes: 10, clientPublishing: true };
    await stand.base.db.transaction((trx) => stand.relay.changeSettings(trx, project, settings));
    const other = await caller(origin);
    other.socket.write(request('x'.repeat(11), { channel: 'keys' }));
    const large = (await other.answer()) as Answer;
    expect([large.status, JSON.parse(large.body).code]).to.deep.equal([413, 'message.too-large']);
    await stand.base.db.transaction((trx) =>
      stand.relay.changeSettings(trx, project, { ...settings, maxPayloadBytes: null }),
    );
  });

  it('answers whoever closes its half behind the request, and then ends', async () => {
    const one = await caller(origin);
    one.socket.end(request('bye', { channel: 'half' }));
    expect((await one.answer())?.status).to.equal(202);
    await one.closed();
    expect(await logged('half')).to.deep.equal(['bye']);
  });

  it('answers what is under way and lets go of the idle when the node stops', async () => {
    const node = await stand.node();
    const [idle, busy] = [await caller(node.origin), await caller(node.origin)];
    for (const one of [idle, busy]) {
      one.socket.write(request('before', { channel: 'stop' }));
      expect((await one.answer())?.status).to.equal(202);
    }
    // One is idle; the message of the other waits for a row that somebody else holds.
    const held = await stand.base.db.transaction();
    await held.raw('select 1 from relay.projects where id = ? for update', [project]);
    busy.socket.write(request('last', { channel: 'stop' }));
    await until(async () => (await stand.base.db('pg_locks').where({ granted: false })).length > 0);
    const closed = node.close();
    await held.commit();
    expect((await busy.answer())?.status).to.equal(202);
    await Promise.all([idle.closed(), busy.closed(), closed]);
  });
});
