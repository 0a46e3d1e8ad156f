import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadLaw, PolicyError } from '../../core/law/index.ts';

const source = fileURLToPath(new URL('../../policies/', import.meta.url));
const file = 'laws/koap.yaml';
const leak = 'leak: { subjects: { from: 1000, to: 10000 }';

/** What the packs are refused for when one text of the administrative code is replaced. */
async function failure(from: string, to: string): Promise<PolicyError> {
  const folder = mkdtempSync(join(tmpdir(), 'srok-fines-'));
  try {
    const root = join(folder, 'policies');
    cpSync(source, root, { recursive: true });
    const text = readFileSync(join(root, file), 'utf8');
    expect(text).to.include(from);
    writeFileSync(join(root, file), text.replace(from, to));
    const error = await loadLaw({ root, operator: 'qsockets' }).then(
      () => null,
      (thrown) => thrown,
    );
    if (error instanceof PolicyError) return error;
    throw error ?? new Error('it was loaded');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('a broken list of fines stops the start', () => {
  it('a threshold either includes its first number or does not', async () => {
    const error = await failure(leak, 'leak: { subjects: { from: 1000, over: 1000, to: 10000 }');
    expect(error.file).to.equal('policies/laws/koap.yaml');
    expect(error.reason).to.equal('12: either "from" or "over", not both');
    const before = readFileSync(join(source, file), 'utf8').split('- point: "12"')[0] as string;
    expect(error.line).to.equal(before.split('\n').length);
  });

  it('a part names the fine of the operator and of its officials', async () => {
    const { reason } = await failure('          officials: { rub: [200000, 400000] }\n', '');
    expect(reason).to.equal('12: a fine needs both "legal" and "officials"');
  });

  it('a part that an incident can fall under has a fine', async () => {
    const { reason } = await failure(
      '          legal: { rub: [3000000, 5000000] }\n          officials: { rub: [200000, 400000] }\n',
      '',
    );
    expect(reason).to.equal('12: a part with "leak" needs its fines');
  });

  it('sums are in roubles, shares in percent, and nothing else', async () => {
    const { reason } = await failure('legal: { rub: [3000000, 5000000] }', 'legal: { usd: [3000000, 5000000] }');
    expect(reason).to.include('unknown key "usd"; one of rub, percent');
  });

  it('kinds of data are a closed list', async () => {
    const { reason } = await failure('leak: { data: special }', 'leak: { data: medical }');
    expect(reason).to.include('unknown value "medical"; one of special, biometric');
  });
});
