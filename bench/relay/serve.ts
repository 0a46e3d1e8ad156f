import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { Server } from 'socket.io';
import { type WebSocket, WebSocketServer } from 'ws';

/*
 * The peers that are Node: each does the least that its kind has to do, and writes nothing down but the one that is
 * here for that. `node bench/relay/serve.ts bare | insert | socket.io`; the port comes on the standard output.
 */

const [kind, databaseUrl] = process.argv.slice(2);

/** A whole body, in the quickest way that Node has. */
function bodyOf(request: IncomingMessage): Promise<Buffer> {
  return new Promise((done) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  });
}

/** Node's own server and `ws`: a POST is answered, a message is sent on to all, one by one. */
function bare() {
  const rooms = new Map<string, Set<WebSocket>>();
  const roomOf = (name: string): Set<WebSocket> => {
    let room = rooms.get(name);
    if (!room) {
      room = new Set();
      rooms.set(name, room);
    }
    return room;
  };
  const tell = (name: string, message: Buffer): void => {
    for (const socket of roomOf(name)) socket.send(message, { binary: false });
  };
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    tell((request.url ?? '').slice('/pub/'.length), body);
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': 10 }).end('{"id":"x"}');
  });
  new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket, request) => {
    const [, does, name = ''] = (request.url ?? '').split('/');
    if (does === 'sub') {
      roomOf(name).add(socket);
      socket.on('close', () => roomOf(name).delete(socket));
    } else {
      socket.on('message', (message: Buffer) => {
        tell(name, message);
        socket.send('1');
      });
    }
  });
  return server;
}

/** One INSERT per message, on one connection, before the answer. */
async function insert() {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('drop table if exists public.plain_log');
  await client.query(
    'create table public.plain_log (id bigint generated always as identity primary key, at timestamptz, body bytea)',
  );
  // One after another, as one connection does; waiting callers are no queries of the library's.
  let last: Promise<unknown> = Promise.resolve();
  const write = (body: Buffer): Promise<unknown> => {
    last = last.then(() =>
      client.query({
        ...{ name: 'insert', text: 'insert into public.plain_log (at, body) values (now(), $1)' },
        values: [body],
      }),
    );
    return last;
  };
  return createServer(async (request, response) => {
    await write(await bodyOf(request));
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': 10 }).end('{"id":"x"}');
  });
}

function socketIo() {
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    io.to((request.url ?? '').slice('/pub/'.length)).emit('message', body.toString());
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': 10 }).end('{"id":"x"}');
  });
  const io = new Server(server, { transports: ['websocket'], perMessageDeflate: false });
  io.on('connection', (socket) => {
    socket.on('subscribe', (name: string, done: () => void) => {
      void socket.join(name);
      done();
    });
    socket.on('publish', (name: string, data: string, done: () => void) => {
      io.to(name).emit('message', data);
      done();
    });
  });
  return server;
}

const server = kind === 'insert' ? await insert() : kind === 'socket.io' ? socketIo() : bare();
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port }));
});
process.on('disconnect', () => process.exit());
