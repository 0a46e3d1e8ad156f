import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { described } from '../../plugins/relay/schemas.ts';
import { aStand, type Stand } from './stand.ts';

const run = promisify(execFile);
const isThere = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

// Whatever a project calls its channel, the programs are whole: letters that a path has to escape, marks that it has not.
const channel = 'заказы-7;a=b@c,d.e:f';

describe('the programs a project begins with', function () {
  this.timeout(60_000);
  let stand: Stand;
  let home: string;
  let project: string;
  let token: string;

  before(async () => {
    stand = await aStand();
    home = mkdtempSync(join(tmpdir(), 'srok-examples-'));
    ({ project, token } = await stand.aProject());
  });
  after(async () => {
    rmSync(home, { recursive: true, force: true });
    await stand.close();
  });

  async function example(id: string): Promise<{ text: string; path: string }> {
    const found = stand.relay.examples(await stand.relay.project(project), channel).find((one) => one.id === id);
    if (!found) throw new Error(`There is no example "${id}".`);
    const path = join(home, found.file);
    writeFileSync(path, found.text);
    return { text: found.text, path };
  }

  /** Runs a program as it stands, with the token in its environment. @returns what it printed, line by line */
  async function printed(program: string, id: string): Promise<string[]> {
    const { path } = await example(id);
    const { stdout, stderr } = await run(program, [path], {
      env: { ...process.env, SROK_TOKEN: token },
      timeout: 20_000,
    });
    expect(stderr).to.equal('');
    return stdout.trim().split('\n');
  }

  const newest = async (): Promise<number> =>
    (await stand.call('GET', `channels/${encodeURIComponent(channel)}/messages`, token)).body.newest;

  it('curl publishes a message and gets it back', async () => {
    const before = await newest();
    const [accepted = '', pulled = ''] = await printed('sh', 'curl');
    expect(JSON.parse(accepted)).to.include({ channel, offset: before + 1 });
    expect(JSON.parse(pulled).messages.at(-1)).to.include({
      ...{ channel, offset: before + 1, data: '{"hello":"world"}', type: 'application/json' },
    });
  });

  it('JavaScript gets a ticket, listens with it, and hears what it publishes', async () => {
    const before = await newest();
    expect(await printed(process.execPath, 'javascript')).to.deep.equal([`${channel} ${before + 1} {"hello":"world"}`]);
  });

  it('Python publishes a message and gets it back', async () => {
    const { text } = await example('python');
    expect(text).to.contain(stand.house.origin);
    if (!isThere('python3')) return expect(callsOf(text)).to.deep.equal(bothCalls);
    const before = await newest();
    expect(await printed('python3', 'python')).to.deep.equal([
      `${channel} ${before + 1}`,
      `${before + 1} {"hello": "world"}`,
    ]);
  });

  it('PHP publishes a message and gets it back', async () => {
    const { text } = await example('php');
    if (!isThere('php')) return expect(callsOf(text)).to.deep.equal(bothCalls);
    const before = await newest();
    expect(await printed('php', 'php')).to.deep.equal([`${channel} ${before + 1}`, `${before + 1} {"hello":"world"}`]);
  });

  it('hold no token, only a word in its place, and stand for the project’s own address and channel', async () => {
    const all = stand.relay.examples(await stand.relay.project(project), channel);
    expect(all.map(({ title }) => title)).to.deep.equal(['curl', 'JavaScript', 'PHP', 'Python']);
    for (const { text } of all) {
      expect(text).to.contain('YOUR_TOKEN').and.to.contain(`${stand.house.origin}/relay/v1`);
      expect(text).to.contain(`/channels/${encodeURIComponent(channel)}/messages`);
      expect(text).to.not.match(/srok_[0-9a-z]{26}|\{\{/);
    }
    expect(() => stand.relay.examples({ url: `${stand.house.origin}/relay/v1/` }, "a'b")).to.throw('letters, digits');
  });

  const bothCalls = ['post /relay/v1/channels/{channel}/messages', 'get /relay/v1/channels/{channel}/messages'];

  /** The calls of a program, in the words of the API's document, which has to have them. */
  function callsOf(text: string): string[] {
    const pattern = /call\(['"](\w+)['"], f?"(?:\$url|\{url\})(\/[^"?]*)/g;
    const calls = [...text.matchAll(pattern)].map(([, method = '', path = '']) => ({
      method: method.toLowerCase(),
      path: `/relay/v1${path.replace(encodeURIComponent(channel), '{channel}')}`,
    }));
    const paths = described.paths as Record<string, object>;
    for (const { method, path } of calls) expect(paths[path], path).to.have.property(method);
    return calls.map(({ method, path }) => `${method} ${path}`);
  }
});
