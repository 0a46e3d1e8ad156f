import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { CreateApp } from '../../core/cli/index.ts';
import { declaredStores } from '../../main.ts';
import { moscow, startApp, type TestApp } from '../support/app.ts';
import { misfits, shapes, srok } from './run.ts';

const page = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

interface Example {
  args: string[];
  said: unknown;
}

/** Every command of the page that is followed by what it prints. */
const examples: Example[] = [...page.matchAll(/```sh\nnpx srok (.+)\n```\n\n```json\n([\s\S]+?)\n```/g)].map(
  ([, command, json]) => ({ args: (command as string).split(' '), said: JSON.parse(json as string) }),
);

const leftOut = '…';

/** Where an answer differs from what the page says; `…` on the page stands for anything. */
function differs(said: unknown, real: unknown, path = ''): string | null {
  if (said === leftOut) return null;
  if (typeof said === 'string' && said.endsWith(leftOut)) {
    return String(real).startsWith(said.slice(0, -1)) ? null : `${path}: ${real}`;
  }
  if (Array.isArray(said) && Array.isArray(real)) return listDiffers(said, real, path);
  if (said && real && typeof said === 'object' && typeof real === 'object') {
    const [here, there] = [said, real] as Record<string, unknown>[] as [
      Record<string, unknown>,
      Record<string, unknown>,
    ];
    const keys = new Set([...Object.keys(here), ...Object.keys(there)]);
    for (const key of keys) {
      if (!(key in here) || !(key in there)) return `${path}/${key}: ${key in here ? 'is gone' : 'is not on the page'}`;
      const found = differs(here[key], there[key], `${path}/${key}`);
      if (found) return found;
    }
    return null;
  }
  const plain = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\u00a0', ' ') : value);
  return plain(said) === plain(real) ? null : `${path}: ${JSON.stringify(real)} instead of ${JSON.stringify(said)}`;
}

function listDiffers(said: readonly unknown[], real: readonly unknown[], path: string): string | null {
  const [first, ...rest] = said;
  if (said.length === 0) return real.length === 0 ? null : `${path}: more than on the page`;
  if (first === leftOut) {
    let nearest: string | null = `${path}: not found`;
    for (let from = 0; from <= real.length; from++) {
      nearest = listDiffers(rest, real.slice(from), path);
      if (nearest === null) return null;
    }
    return `${path}: nothing of it is like ${JSON.stringify(rest[0])}`;
  }
  if (real.length === 0) return `${path}: fewer than on the page`;
  return differs(first, real[0], path) ?? listDiffers(rest, real.slice(1), path);
}

/** The shape of an answer, by its command. */
const shapeOf = ([command = '', ...more]: readonly string[]): string =>
  command === 'policies' ? `${command}-${more[0]}` : command;

describe('the page about the command line', () => {
  let test: TestApp | null = null;
  const createApp: CreateApp = async () => ({ ...(test as TestApp).app, close: async () => {} });
  before(async () => {
    // The installation that the page asks why: one request, received on the morning of 30 April.
    test = await startApp({ at: '2026-04-30T10:00' });
    const { engine } = test.app;
    const fields = { kind: 'access', channel: 'email' };
    const at = moscow('2026-04-30T10:00');
    await engine.db.transaction((trx) => engine.report(trx, { name: 'request.received', about: 'req_1', at, fields }));
  });
  after(() => test?.close());

  it('has an example for every shape', () => {
    const shown = new Set(examples.map(({ args, said }) => ('error' in (said as object) ? 'error' : shapeOf(args))));
    const answers = shapes.filter((shape) => shape !== 'common' && shape !== 'timeline-scenario');
    expect([...shown].sort()).to.deep.equal(answers.sort());
    for (const shape of shapes.filter((name) => name !== 'common')) expect(page).to.contain(`\`${shape}.schema.json\``);
  });

  for (const { args, said } of examples) {
    it(`prints what srok ${args.filter((arg) => arg !== '--json').join(' ')} prints`, async () => {
      const env = { SROK_HOME: (test as TestApp).home };
      const { out, json } = await srok(args, { createApp, env, stores: declaredStores });
      expect(differs(said, JSON.parse(out))).to.equal(null);
      expect(misfits('error' in (said as object) ? 'error' : shapeOf(args), json())).to.deep.equal([]);
    });
  }

  it('shows the scenario as it stands in its file', () => {
    const [, shown] = /```yaml\n([\s\S]+?)\n```/.exec(page) as RegExpExecArray;
    const file = readFileSync(new URL('../../docs/examples/access-request.yaml', import.meta.url), 'utf8');
    expect(file.replace(/^#.*\n/gm, '').trim()).to.equal(shown);
  });

  it('would notice another answer', () => {
    const real = { a: 1, list: [{ b: 'x' }, { b: 'y' }], id: 'obl_123' };
    expect(differs({ a: 1, list: ['…', { b: 'y' }], id: 'obl_…' }, real)).to.equal(null);
    for (const said of [
      { ...real, a: 2 },
      { a: 1 },
      { ...real, list: ['…', { b: 'z' }] },
      { ...real, list: [] },
      { ...real, id: 'x…' },
    ]) {
      expect(differs(said, real)).to.be.a('string');
    }
  });
});
