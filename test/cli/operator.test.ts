import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { AppOptions } from '../../core/cli/index.ts';
import { srok } from './run.ts';

describe('whose installation a command opens', () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'srok-whose-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** The operator that a command asks for; nothing is opened. */
  async function askedFor(args: string[], env: Record<string, string> = {}): Promise<string | undefined> {
    let asked: AppOptions | undefined;
    const createApp = async (options: AppOptions) => {
      asked = options;
      throw new Error('far enough');
    };
    await srok(['serve', '--port', '0', '--home', home, ...args], { env, createApp });
    return asked?.operator;
  }

  it('in a new folder it is the usual one, unless told', async () => {
    expect(await askedFor([])).to.equal('qsockets');
    expect(await askedFor(['--operator', 'chat2desk'])).to.equal('chat2desk');
    expect(await askedFor([], { SROK_OPERATOR: 'x-keeper' })).to.equal('x-keeper');
  });

  it('in a folder that has been served it is the one the folder belongs to, and another has to be named', async () => {
    writeFileSync(join(home, 'operator'), 'activecloud\n');
    expect(await askedFor([])).to.equal('activecloud');
    expect(await askedFor(['--operator', 'qsockets'])).to.equal('qsockets');
  });
});
