import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createPerson, type Person } from '../../core/cli/demo/client.ts';

const srok = fileURLToPath(new URL('../../bin/srok.js', import.meta.url));

/** The first editions of the documents, as an operator adds them before the first start. */
export function addEditions(home: string, env: Record<string, string> = {}): void {
  const { DATABASE_URL: _, ...clean } = process.env;
  for (const document of ['offer', 'policy']) {
    const file = fileURLToPath(new URL(`../../core/cli/demo/editions/${document}-2026-04-30.md`, import.meta.url));
    const days = ['--published', '2026-04-30', '--effective', '2026-04-30'];
    const words = ['edition', 'add', file, '--document', document, ...days, '--home', home];
    const added = spawnSync(process.execPath, [srok, ...words], { encoding: 'utf8', env: { ...clean, ...env } });
    expect(added.status, added.stderr).to.equal(0);
  }
}

/** A user with a free project, made through the public API. @returns the project and its token of all rights */
export async function aProjectAt(url: string, name: string): Promise<{ project: string; token: string }> {
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
  return { project: project.body.project.id, token: project.body.token.token };
}
