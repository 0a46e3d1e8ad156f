import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import { LineCounter, parseDocument, type YAMLSeq } from 'yaml';
import { createJudge, parse } from '../../core/law/careful.ts';
import { PolicyError } from '../../core/law/index.ts';
import { readPlain } from '../../core/law/plain.ts';
import { createShapes } from '../../core/law/shape.ts';

const root = fileURLToPath(new URL('../../policies/', import.meta.url));
const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
const texts = new Map(names.map((name) => [name, readFileSync(join(root, name), 'utf8')]));

/** What the library makes of a text; null where it objects. */
function byLibrary(text: string): { said: string; lines: number[] } | null {
  const counter = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: false, lineCounter: counter });
  if (document.errors.length > 0 || document.warnings.length > 0) return null;
  const data = document.toJS();
  const items = Array.isArray(data)
    ? (document.contents as unknown as YAMLSeq<{ range: [number, number, number] }>).items
    : [];
  return { said: JSON.stringify(data), lines: items.map(({ range }) => counter.linePos(range[0]).line) };
}

describe('the quick reading of YAML', () => {
  it('reads every file of the packs, as the library does and line for line', () => {
    const slow: string[] = [];
    for (const [name, text] of texts) {
      const plain = readPlain(text);
      if (!plain) slow.push(name);
      else expect({ said: JSON.stringify(plain.data), lines: plain.lines }, name).to.deep.equal(byLibrary(text));
    }
    expect(slow, 'these are not in the plain part of YAML, and are read slowly').to.deep.equal([]);
  });

  it('leaves to the library what is not plain', () => {
    const others = [
      'a: |\n  text\n',
      'a: >-\n  text\n',
      'a: one\n  two\n',
      'a: "one\n  two"\n',
      '---\na: 1\n',
      'a: 1\n...\n',
      'a: !!str 1\n',
      'a: *b\n',
      '? a\n: b\n',
      '- - a\n',
      'a: 1\na: 2\n',
      'a: {b: 1, b: 2}\n',
      'a: [b: 1]\n',
      'a: [1,, 2]\n',
      'a: 1\tb\n',
      'a: 010\n',
      'a: 0x1f\n',
      'a: 1e3\n',
      'a: .inf\n',
      'a: ~\n',
      'a: yes: no\n',
      'a:\n',
      'a: [1\n]\n',
      'a: "b" c\n',
      'a: "\\x41"\n',
      ' a: 1\nb: 2\n',
      'a: 1\n b: 2\n',
      '- a\nb\n',
      'null: 1\n',
      '__proto__: 1\n',
      '# nothing\n',
      '',
    ];
    expect(others.filter((text) => readPlain(text) !== null)).to.deep.equal([]);
  });

  it('is never other than the reading of the library, whatever somebody writes into a file', () => {
    const marks = [
      ...[
        ' ',
        '  ',
        '\n',
        '\n  ',
        '\n    ',
        '- ',
        '-',
        ':',
        ': ',
        '#',
        ' # x',
        '"',
        "'",
        '[',
        ']',
        '{',
        '}',
        ',',
        ', ',
      ],
      ...[
        '&a ',
        '*a',
        '!',
        '|',
        '>',
        '%',
        '@',
        '`',
        '? ',
        '~',
        'null',
        'true',
        '0',
        '01',
        '1.0',
        '-1',
        '1e3',
        '.5',
        '\t',
      ],
      ...[
        '\r',
        '---\n',
        '...',
        'ы',
        '«',
        '\u00a0',
        '\\',
        '\\n',
        '\\u0041',
        '<<: ',
        '__proto__: 1',
        'x: ',
        '[]',
        '{}',
        "''",
      ],
    ];
    const place = fc.nat({ max: 1_000_000 });
    const edit = fc.oneof(
      fc.record({ at: place, cut: fc.constant(0), put: fc.constantFrom(...marks) }),
      fc.record({ at: place, cut: fc.integer({ min: 1, max: 4 }), put: fc.constant('') }),
    );
    let read = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...texts.values()),
        place,
        fc.integer({ min: 1, max: 12 }),
        fc.array(edit, { maxLength: 3 }),
        (text, from, count, edits) => {
          const lines = text.split('\n');
          let part = outdented(lines.slice(from % lines.length, (from % lines.length) + count));
          for (const { at, cut, put } of edits) {
            const here = at % (part.length + 1);
            part = part.slice(0, here) + put + part.slice(here + cut);
          }
          const plain = readPlain(part);
          if (!plain) return;
          read++;
          expect(JSON.stringify(plain.data)).to.equal(byLibrary(part)?.said);
        },
      ),
      { numRuns: 1500 },
    );
    expect(read, 'most of them were left to the library').to.be.greaterThan(200);
  });
});

/** Lines moved to the left as far as all of them can be. */
function outdented(lines: string[]): string {
  const indents = lines.filter((line) => line.trim()).map((line) => line.length - line.trimStart().length);
  return lines.map((line) => line.slice(Math.min(...indents, 80))).join('\n');
}

describe('the quick look at shapes', () => {
  const schemaNames = readdirSync(join(root, 'schema')).filter((name) => name.endsWith('.schema.json'));
  const schemas = new Map(
    schemaNames.map((name) => [name, JSON.parse(readFileSync(join(root, 'schema', name), 'utf8'))]),
  );
  const fits = createShapes(schemas);
  const judge = createJudge(schemas);
  const shaped = names.map((name) => ({
    name,
    file: parse(name, name, texts.get(name) as string),
    schema: schemaOf(name),
  }));
  const judged = (file: ReturnType<typeof parse>, schema: string): boolean => {
    try {
      judge(file, schema);
      return true;
    } catch (error) {
      if (error instanceof PolicyError) return false;
      throw error;
    }
  };

  it('is sure of every file of the packs', () => {
    expect(shaped.filter(({ file, schema }) => !fits(schema, file.data)).map(({ name }) => name)).to.deep.equal([]);
  });

  it('is sure of nothing that the library refuses, and of nearly all that it takes', () => {
    const junk = fc.constantFrom<unknown>(
      ...[null, true, 0, -1, 1.5, '', 'x', 'A', '2026-02-30', '2026-02-28', 'a@b.ru', 'a b@c', '152-ФЗ от 27.07.2006'],
      ...[[], [1], [{}], {}, { a: 1 }, { days: 1 }, { years: 0 }],
    );
    const count = { right: 0, wrong: 0, unsure: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...shaped),
        fc.infiniteStream(fc.nat()),
        junk,
        fc.nat({ max: 3 }),
        (one, steps, put, how) => {
          const data = changedAt(one.file.data, steps[Symbol.iterator](), put, how);
          const right = judged({ ...one.file, data }, one.schema);
          count[right ? 'right' : 'wrong']++;
          if (fits(one.schema, data)) expect(right).to.equal(true);
          else if (right) count.unsure++;
        },
      ),
      { numRuns: 600 },
    );
    expect(count.wrong).to.be.greaterThan(150);
    expect(count.right).to.be.greaterThan(50);
    expect(count.unsure / count.right).to.be.lessThan(0.1);
  });

  it('knows no schema that it was not given', () => {
    expect(fits('nothing.schema.json', [])).to.equal(false);
    expect(fits('operator.schema.json#/$defs/nothing', [])).to.equal(false);
  });
});

function schemaOf(name: string): string {
  const [folder, ...rest] = name.split('/') as [string, ...string[]];
  const word = (rest.at(-1) as string).slice(0, -'.yaml'.length);
  if (name.endsWith('.test.yaml')) return 'cases.schema.json';
  if (folder === 'operators') return `operator.schema.json#/$defs/${word}`;
  if (folder === 'taxonomy') return `taxonomy.schema.json#/$defs/${word}`;
  return folder === 'calendars' ? 'calendar.schema.json' : `${folder}.schema.json`;
}

/** A copy with one thing changed, found by steps into it: replaced, taken out, or one more key put beside it. */
function changedAt(value: unknown, steps: Iterator<number>, put: unknown, how: number): unknown {
  const step = steps.next().value as number;
  if (value === null || typeof value !== 'object' || step % 7 === 0) return put;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(keys.length, 1)];
  if (key === undefined) return put;
  if (Array.isArray(value)) return value.with(Number(key), changedAt(value[Number(key)], steps, put, how));
  const { [key]: inner, ...others } = value as Record<string, unknown>;
  if (how === 1 && step % 3 === 0) return others;
  if (how === 2 && step % 3 === 0) return { ...value, extra: put };
  return { ...value, [key]: changedAt(inner, steps, put, how) };
}
