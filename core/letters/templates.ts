import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import ajvFormats from 'ajv-formats';
import { Eta } from 'eta';
import { Refusal } from '../base/index.ts';
import { type Named, requisites } from '../law/index.ts';
import type { LetterTemplate } from './data.ts';
import { type Block, escapeHtml, flatten, parse, toHtml, toText } from './markup.ts';
import type { Locale } from './types.ts';
import { bind, createWords } from './words.ts';

export interface Rendered {
  subject: string;
  text: string;
  html: string;
  /** what the letter says, without greeting, page and footer: for the dashboard and the public list */
  body: { text: string; html: string };
}

export interface Templates {
  /** Checks the data and renders. @throws Refusal `letter.data`, `letter.unknown-template` */
  render(name: LetterTemplate, data: unknown, locale: Locale, to: { name?: string; about?: string }): Rendered;
  /** Checks the data of a document. @throws Refusal `document.data` */
  checkDocument<T>(kind: string, data: T): T;
  version(name: LetterTemplate): string;
  list(): { name: LetterTemplate; version: string; sample: unknown }[];
  documents(): { kind: string; sample: unknown }[];
}

/** A schema that its own sample fits. */
interface Checked {
  validate: ValidateFunction;
  sample: unknown;
}

interface Loaded extends Checked {
  name: LetterTemplate;
  version: string;
  source: Record<Locale, ReturnType<Eta['compile']>>;
}

const header =
  'const { day, moment, number, money, count, size, ground, clause, project } = it.words; const d = it.data; const o = it.operator; const relays = it.relays;';

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
ajvFormats.default(ajv);
/** Compiling is the dear part, and installations of one process share their schemas: by the text, so that a changed one is new. */
const compiled = new Map<string, Checked>();

function readSchema(url: URL): Checked {
  const text = readFileSync(url, 'utf8');
  const known = compiled.get(text);
  if (known) return known;
  const schema = JSON.parse(text) as { examples?: unknown[] };
  const validate = ajv.compile(schema);
  const sample = schema.examples?.[0];
  if (!validate(sample))
    throw new Error(`${url.pathname}: the sample does not fit: ${ajv.errorsText(validate.errors)}`);
  compiled.set(text, { validate, sample });
  return { validate, sample };
}

/**
 * Reads every template and its schema once; a template without a schema, a sample or a language stops the start.
 * @param root the folder `templates/`
 * @param base the address of this installation, for links that begin with a slash
 */
export function loadTemplates(
  root: URL,
  sender: Named & { plugins?: readonly string[] },
  zone: string,
  base: () => string,
): Templates {
  const mail = new URL('mail/', root);
  const pdf = new URL('pdf/', root);
  const eta = new Eta({
    autoTrim: false,
    cache: false,
    functionHeader: header,
    escapeFunction: flatten,
  });
  const words = { ru: createWords('ru', zone), en: createWords('en', zone) };
  const frame = {
    ru: eta.compile(readFileSync(new URL('frame.ru.eta', mail), 'utf8')),
    en: eta.compile(readFileSync(new URL('frame.en.eta', mail), 'utf8')),
  };
  const frameText = ['frame.ru.eta', 'frame.en.eta'].map((name) => readFileSync(new URL(name, mail), 'utf8')).join('');

  const letters = new Map<string, Loaded>();
  for (const file of readdirSync(mail).filter((name) => name.endsWith('.schema.json'))) {
    const name = file.replace('.schema.json', '') as LetterTemplate;
    const texts = {
      ru: readFileSync(new URL(`${name}.ru.eta`, mail), 'utf8'),
      en: readFileSync(new URL(`${name}.en.eta`, mail), 'utf8'),
    };
    letters.set(name, {
      name,
      ...readSchema(new URL(file, mail)),
      version: createHash('sha256').update(frameText).update(texts.ru).update(texts.en).digest('hex').slice(0, 12),
      source: { ru: eta.compile(texts.ru), en: eta.compile(texts.en) },
    });
  }
  const papers = new Map(
    readdirSync(pdf)
      .filter((name) => name.endsWith('.schema.json'))
      .map((file) => [file.replace('.schema.json', ''), readSchema(new URL(file, pdf))]),
  );

  function check(validate: ValidateFunction, data: unknown, code: string, what: string): unknown {
    // Days and instants become the text they are in JSON.
    const plain = JSON.parse(JSON.stringify(data ?? null));
    if (validate(plain)) return plain;
    const first = validate.errors?.[0];
    const field = `${first?.instancePath ?? ''}${first?.params?.missingProperty ? `/${first.params.missingProperty}` : ''}`;
    throw new Refusal(code, 'invalid', { what, field, message: `${what}: ${field || 'data'} ${first?.message}` });
  }

  function need(name: LetterTemplate): Loaded {
    const letter = letters.get(name);
    if (!letter) throw new Refusal('letter.unknown-template', 'not-found', { template: name });
    return letter;
  }

  return {
    render(name, data, locale, to) {
      const letter = need(name);
      const it = {
        data: check(letter.validate, data, 'letter.data', name),
        words: words[locale],
        operator: sender,
        // Tokens and messages are spoken of only where there are some.
        relays: sender.plugins?.includes('relay') ?? false,
        stated: requisites(sender, locale),
        to,
      };
      const body = parse(eta.render(letter.source[locale], it));
      const around = parse(eta.render(frame[locale], { ...it, why: body.why }));
      const cut = around.blocks.findIndex((block) => block.kind === 'para' && block.text === '***');
      const said = bindAll(body.blocks).map((block) =>
        block.kind === 'link' && block.url.startsWith('/') ? { ...block, url: `${base()}${block.url}` } : block,
      );
      const main = [...bindAll(around.blocks.slice(0, cut)), ...said];
      const foot = bindAll(around.blocks.slice(cut + 1));
      const subject = bind(body.subject);
      return {
        subject,
        text: `${toText(main)}\n\n-- \n${toText(foot)}\n`,
        html: page(locale, subject, main, foot),
        body: { text: toText(said), html: toHtml(said) },
      };
    },
    checkDocument<T>(kind: string, data: T): T {
      const paper = papers.get(kind);
      if (!paper) throw new Refusal('document.unknown-kind', 'not-found', { kind });
      return check(paper.validate, data, 'document.data', kind) as T;
    },
    version: (name) => need(name).version,
    list: () => [...letters.values()].map(({ name, version, sample }) => ({ name, version, sample })),
    documents: () => [...papers].map(([kind, { sample }]) => ({ kind, sample })),
  };
}

function bindAll(blocks: Block[]): Block[] {
  return blocks.map((block) => {
    if (block.kind === 'para') return { ...block, text: bind(block.text) };
    if (block.kind === 'list') return { ...block, items: block.items.map(bind) };
    if (block.kind === 'rows')
      return { ...block, rows: block.rows.map(({ label, value }) => ({ label: bind(label), value: bind(value) })) };
    return { ...block, title: bind(block.title) };
  });
}

function page(locale: Locale, subject: string, main: Block[], foot: Block[]): string {
  return `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;background:#f5f6f8;color:#16202c;font:16px/1.5 'Golos Text',Arial,sans-serif">
<div style="max-width:640px;margin:0 auto;padding:24px 16px">
<div style="background:#ffffff;border:1px solid #d5dbe3;border-radius:8px;padding:24px">
<h1 style="font-size:20px;line-height:1.3;margin:0 0 16px">${escapeHtml(subject)}</h1>
${toHtml(main)}
</div>
<div style="color:#52606f;font-size:13px;padding:16px 8px">
${toHtml(foot)}
</div>
</div>
</body>
</html>
`;
}
