import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { publish } from './engine.ts';
import { aStand, type Stand } from './stand.ts';

const page = readFileSync(new URL('../../docs/relay-protocol.md', import.meta.url), 'utf8');

interface Example {
  language: 'sh' | 'js';
  code: string;
  shows: string;
  line: number;
}

/** Every block of code of the page with the block of output behind it. */
function examples(): Example[] {
  const found = [...page.matchAll(/^```(sh|js)\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm)];
  return found.map(({ 1: language, 2: code, 3: shows, index }) => ({
    ...{ language: language as 'sh' | 'js', code: code as string, shows: (shows as string).trim() },
    line: page.slice(0, index).split('\n').length,
  }));
}

/** What differs from run to run, as the page shows it. */
function usual(output: string): string {
  return output
    .trim()
    .replaceAll(/(msg|tkt)_[\w-]+/g, '$1_…')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '…');
}

function run({ language, code }: Example, env: Record<string, string>): Promise<string> {
  const [command, args] = language === 'sh' ? ['bash', ['-e']] : [process.execPath, ['--input-type=module', '-']];
  const child = spawn(command as string, args as string[], { env: { ...process.env, ...env } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  child.stdin.end(code);
  const timer = setTimeout(() => child.kill(), 15_000);
  return new Promise((done) =>
    child.once('close', () => {
      clearTimeout(timer);
      done(output);
    }),
  );
}

describe('the page of the relay’s protocol', function () {
  this.timeout(60_000);
  let stand: Stand;
  before(async () => {
    stand = await aStand();
  });
  after(() => stand?.close());

  it('has examples that do what they show', async () => {
    const { token } = await stand.aProject();
    const all = examples();
    expect(all.map(({ language }) => language)).to.deep.equal(['sh', 'sh', 'sh', 'sh', 'sh', 'js']);
    expect(page.match(/^```(sh|js)$/gm), 'an example without its output').to.have.length(all.length);
    for (const example of all) {
      const output = await run(example, { RELAY_URL: stand.house.origin, TOKEN: token });
      expect(usual(output), `docs/relay-protocol.md:${example.line}`).to.equal(example.shows);
    }
  });

  it('shows a refusal over the limit as it is', async () => {
    const { token } = await stand.aProject('mini');
    for (let index = 0; index < 10; index++) await publish(stand.house.origin, token, 'x', 'x');
    const { status, body } = await publish(stand.house.origin, token, 'x', 'x');
    const shown = JSON.parse(/```json\n(.*)\n```/.exec(page)?.[1] as string);
    expect(status).to.equal(429);
    expect(body).to.deep.include({ ...shown, limit: { ...shown.limit, value: 10 } });
  });
});
