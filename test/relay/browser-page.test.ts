import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { openBrowser } from '../browser/site.ts';
import { publish } from './engine.ts';
import { aKey, serverOf } from './pusher.ts';
import { aStand, type Stand } from './stand.ts';

describe('a page of another site, in a real browser', function () {
  this.timeout(60_000);
  let stand: Stand;
  let browser: Browser;
  let site: Server;
  let page: string;

  before(async () => {
    stand = await aStand();
    browser = await openBrowser();
    site = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
    await new Promise<void>((done) => site.listen(0, '127.0.0.1', done));
    page = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  });
  after(async () => {
    await browser?.close();
    site?.closeAllConnections();
    await new Promise((done) => site?.close(done));
    await stand?.close();
  });

  it('uses the project with a ticket and by requests once its origin is in the settings, and not before', async () => {
    const { project, token } = await stand.aProject();
    const order = { channels: ['news'], rights: ['subscribe', 'publish'] };
    const tab = await browser.newPage();
    await tab.goto(page);

    /** What a page can do: a WebSocket with a ticket, a publish and a pull by fetch, each as far as the browser lets it. */
    const visit = async () => {
      const { ticket } = (await stand.ticket(token, order)).body;
      const code = `(async ([origin, ticket, token]) => {
        const seen = [];
        const socket = new WebSocket(origin.replace('http', 'ws') + '/relay/v1/connect', ['srok.v1', 'ticket.' + ticket]);
        const closed = new Promise((done) => { socket.onclose = ({ code }) => done(code); });
        const enough = new Promise((done) => {
          socket.onmessage = ({ data }) => {
            const frame = JSON.parse(data);
            if (frame.subscribed) socket.send(JSON.stringify({ publish: 'news', data: 'from a page', ref: 1 }));
            if (seen.push(frame) === 3) done();
          };
        });
        socket.onopen = () => socket.send(JSON.stringify({ subscribe: 'news' }));
        const code = await Promise.race([closed, enough]);
        const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/json' };
        const path = origin + '/relay/v1/channels/news/messages';
        const posted = await fetch(path, { method: 'POST', headers, body: '"by fetch"' }).then((answer) => answer.status, () => 'blocked');
        const pulled = await fetch(path, { headers }).then((answer) => answer.json(), () => 'blocked');
        socket.close();
        return { protocol: socket.protocol, seen, code, posted, pulled };
      })(${JSON.stringify([stand.house.origin, ticket, token])})`;
      // biome-ignore lint/suspicious/noExplicitAny: what the page has gathered
      return (await tab.evaluate(code)) as any;
    };

    const before = await visit();
    expect(before).to.deep.include({ seen: [], code: 1006, posted: 'blocked', pulled: 'blocked' });
    await stand.base.db.transaction((trx) =>
      stand.relay.changeSettings(trx, project, { origins: [page], maxPayloadBytes: null, clientPublishing: true }),
    );
    const after = await visit();
    expect(after.protocol).to.equal('srok.v1');
    expect(after.seen.find((frame: { subscribed?: string }) => frame.subscribed)).to.deep.include({
      subscribed: 'news',
    });
    expect(after.seen.find((frame: { ack?: number }) => frame.ack === 1)).to.include({ offset: 1 });
    expect(after.posted).to.equal(202);
    expect(after.pulled.messages.map(({ data }: { data: string }) => data)).to.deep.equal([
      'from a page',
      '"by fetch"',
    ]);
    expect((await publish(stand.house.origin, token, 'news', 'x')).body.offset).to.equal(3);
  });

  it('uses the project by pusher-js as it is, its site’s server allowing it into a private room', async () => {
    const { project, token } = await stand.aProject();
    const key = await aKey(stand, project);
    const server = serverOf(stand.house.origin, key);
    const owner = createServer((request, response) => {
      let form = '';
      request
        .on('data', (chunk) => (form += chunk))
        .on('end', () => {
          if (request.url !== '/pusher/auth')
            return response.setHeader('content-type', 'text/html').end('<!doctype html>');
          const asked = new URLSearchParams(form);
          const auth = server.authorizeChannel(asked.get('socket_id') ?? '', asked.get('channel_name') ?? '');
          return response.setHeader('content-type', 'application/json').end(JSON.stringify(auth));
        });
    });
    await new Promise<void>((done) => owner.listen(0, '127.0.0.1', done));
    const home = `http://127.0.0.1:${(owner.address() as AddressInfo).port}`;
    const tab = await browser.newPage();
    await tab.goto(home);
    await tab.addScriptTag({ path: 'node_modules/pusher-js/dist/web/pusher.min.js' });
    const { hostname, port } = new URL(stand.house.origin);
    const visit = () =>
      tab.evaluate(`new Promise((done) => {
        const pusher = new Pusher('${key.key}', {
          cluster: 'own', wsHost: '${hostname}', wsPort: ${port}, forceTLS: false, enabledTransports: ['ws'],
        });
        pusher.connection.bind('error', ({ error }) => done(error?.data?.code));
        const room = pusher.subscribe('private-room');
        room.bind('pusher:subscription_succeeded', () => room.trigger('client-hello', { from: 'страница' }));
        room.bind('answer', (data) => { pusher.disconnect(); done(data); });
      })`);
    expect(await visit()).to.equal(4009);
    const settings = { origins: [home], maxPayloadBytes: null, clientPublishing: true };
    await stand.base.db.transaction((trx) => stand.relay.changeSettings(trx, project, settings));
    const native = await stand.join(token);
    native.send({ subscribe: 'private-room' });
    await native.next((frame) => frame.subscribed);
    const visited = visit();
    expect(await native.next(({ type }) => type === 'client-hello')).to.include({ data: '{"from":"страница"}' });
    await server.trigger('private-room', 'answer', { to: 'странице' });
    expect(await visited).to.deep.equal({ to: 'странице' });
    owner.closeAllConnections();
    await new Promise((done) => owner.close(done));
  });
});
