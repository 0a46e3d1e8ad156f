import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createPerson, type Person, publish } from '../../core/cli/demo/client.ts';
import { end, type Service, startService } from '../support/service.ts';

const srok = fileURLToPath(new URL('../../bin/srok.js', import.meta.url));
const kills = 8;
const callers = 16;
const channel = 'killed';

describe('a service that is killed again and again while it works', () => {
  let home: string;
  let service: Service;

  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'srok-kill-'));
    for (const document of ['offer', 'policy']) addEdition(home, document);
    service = await startService(home);
  });
  afterEach(async () => {
    await end(service, 'SIGTERM');
    rmSync(home, { recursive: true, force: true });
  });

  it('keeps every acknowledged message exactly once, without a gap, and its journal verifies', async () => {
    const token = await aToken(service.url, 'editions-first');
    const acknowledged = new Map<number, string>();
    let sent = 0;
    for (let round = 0; round < kills; round++) {
      const { url } = service;
      let running = true;
      const work = Array.from({ length: callers }, async () => {
        while (running) {
          const body = `message ${sent++}`;
          try {
            const answer = await publish(url, token, channel, Buffer.from(body), 'text/plain');
            if (answer.status !== 202) continue;
            expect(acknowledged.has(answer.body.offset), `offset ${answer.body.offset} twice`).to.equal(false);
            acknowledged.set(answer.body.offset, body);
          } catch {
            return; // the process is gone
          }
        }
      });
      const enough = acknowledged.size + 200;
      while (acknowledged.size < enough) await new Promise((done) => setImmediate(done));
      await end(service, 'SIGKILL');
      running = false;
      await Promise.all(work);
      service = await startService(home);
    }

    const found = new Map<number, string>();
    for (let after = 0; ; ) {
      const response = await fetch(`${service.url}/relay/v1/channels/${channel}/messages?after=${after}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const { messages } = (await response.json()) as { messages: { offset: number; data: string }[] };
      if (messages.length === 0) break;
      for (const { offset, data } of messages) found.set(offset, data);
      after = messages.at(-1)?.offset ?? after;
    }
    const oldest = Math.min(...found.keys());
    for (const [offset, body] of acknowledged) {
      if (offset >= oldest) expect(found.get(offset), `offset ${offset}`).to.equal(body);
    }
    const offsets = [...found.keys()].sort((a, b) => a - b);
    expect(
      offsets.every((offset, index) => offset === oldest + index),
      'no gap',
    ).to.equal(true);
    expect((await fetch(`${service.url}/readyz`)).status).to.equal(200);
  });
});

/** The first editions, as an operator adds them before the first start. */
function addEdition(home: string, document: string): void {
  const file = fileURLToPath(new URL(`../../core/cli/demo/editions/${document}-2026-04-30.md`, import.meta.url));
  const days = ['--published', '2026-04-30', '--effective', '2026-04-30'];
  const added = spawnSync(
    process.execPath,
    [srok, 'edition', 'add', file, '--document', document, ...days, '--home', home],
    {
      encoding: 'utf8',
    },
  );
  expect(added.status, added.stderr).to.equal(0);
}

/** A user with a free project, made through the public API. */
async function aToken(url: string, name: string): Promise<string> {
  const person: Person = createPerson(url);
  const email = `${name}@users.example.org`;
  const password = 'a-long-enough-password';
  const editions = (await person.get('/api/v1/editions/current')).body as { id: string; kind: string }[];
  const made = await person.send('POST', '/api/v1/accounts', {
    ...{ email, password, name: 'Тестов Тест' },
    accepts: editions.filter(({ kind }) => kind === 'contract').map(({ id }) => id),
    acquaints: editions.filter(({ kind }) => kind === 'policy').map(({ id }) => id),
  });
  expect(made.status, JSON.stringify(made.body)).to.equal(201);
  const session = await person.send('POST', '/api/v1/session', { email, password });
  person.useCsrf(session.body.csrf);
  const project = await person.send('POST', '/api/v1/projects', { name: 'Проект', plan: 'free' });
  expect(project.status, JSON.stringify(project.body)).to.equal(201);
  return project.body.token.token;
}
