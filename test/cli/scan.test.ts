import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { formsOf, scan } from '../../core/cli/demo/scan.ts';

describe('the search for a planted text in raw bytes', () => {
  const canary = 'Канарейка-7f3a';
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'srok-scan-'));
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const noise = (bytes: number): Buffer => Buffer.alloc(bytes, 'x');
  const found = (bytes: Buffer): string[] => {
    writeFileSync(join(folder, 'deep/er/file'), bytes);
    return scan(folder, formsOf(canary)).hits.map((hit) => hit.form);
  };

  it('finds it in every form a system may give it', () => {
    const utf8 = Buffer.from(canary);
    expect(found(Buffer.concat([noise(7), utf8, noise(9)]))).to.include('utf8');
    expect(found(Buffer.from(`a${utf8.toString('hex')}b`))).to.include('hex');
    expect(found(Buffer.from(utf8.toString('hex').toUpperCase()))).to.include('HEX');
    expect(found(Buffer.from(`--${canary}--`, 'utf16le'))).to.include('utf16le');
    expect(found(Buffer.from(`q=${encodeURIComponent(canary)}&r=1`))).to.include('url');
    expect(
      found(Buffer.from('{"a":"\\u041a\\u0430\\u043d\\u0430\\u0440\\u0435\\u0439\\u043a\\u0430-7f3a"}')),
    ).to.include('json');
    for (const before of ['', 'a', 'ab', 'abc']) {
      const text = Buffer.from(`${before}${canary}${before}z`).toString('base64');
      expect(found(Buffer.from(text)).join(), `base64 behind "${before}"`).to.include('base64+');
    }
  });

  it('finds it where two blocks of a large file meet', () => {
    for (const before of [8 * 1024 * 1024 - 5, 8 * 1024 * 1024, 16 * 1024 * 1024 - 1]) {
      writeFileSync(join(folder, 'large'), Buffer.concat([noise(before), Buffer.from(canary), noise(100)]));
      expect(scan(folder, formsOf(canary)).hits.map((hit) => hit.offset)).to.deep.equal([before]);
    }
  });

  it('finds nothing where there is nothing', () => {
    expect(found(noise(1000))).to.deep.equal([]);
  });
});
