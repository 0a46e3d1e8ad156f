/*
 * One source per letter: an Eta template makes plain lines, and from the same lines come the text and the HTML, so
 * that the two cannot say different things. The marks at the start of a line:
 *
 *   # subject of the letter          • item of a list
 *   ¦ label ¦ value                  → https://address ¦ what is there
 *   ? why you get this letter        anything else: a paragraph; an empty line ends it
 */

export type Block =
  | { kind: 'para'; text: string }
  | { kind: 'list'; items: string[] }
  | { kind: 'rows'; rows: { label: string; value: string }[] }
  | { kind: 'link'; url: string; title: string };

export interface Lines {
  subject: string;
  why: string;
  blocks: Block[];
}

/** A value becomes one line without a mark at its start: no data can forge a block. */
export function flatten(value: unknown): string {
  return String(value ?? '')
    .replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')
    .replace(/^[\s#•¦→?]+/, '')
    .replaceAll('¦', '|');
}

export function parse(source: string): Lines {
  const lines: Lines = { subject: '', why: '', blocks: [] };
  let para: string[] = [];
  const flush = (): void => {
    if (para.length) lines.blocks.push({ kind: 'para', text: para.join(' ') });
    para = [];
  };
  for (const raw of source.split('\n')) {
    const line = raw.trim();
    const mark = /^([#•¦→?]) /.exec(line)?.[1];
    if (!line || mark) flush();
    if (!line) continue;
    const rest = line.slice(2).trim();
    const last = lines.blocks.at(-1);
    if (mark === '#') lines.subject = rest;
    else if (mark === '?') lines.why = rest;
    else if (mark === '•') {
      if (last?.kind === 'list') last.items.push(rest);
      else lines.blocks.push({ kind: 'list', items: [rest] });
    } else if (mark === '¦' || mark === '→') {
      const [first = '', second = ''] = rest.split('¦').map((part) => part.trim());
      if (mark === '→') lines.blocks.push({ kind: 'link', url: first, title: second || first });
      else if (last?.kind === 'rows') last.rows.push({ label: first, value: second });
      else lines.blocks.push({ kind: 'rows', rows: [{ label: first, value: second }] });
    } else para.push(line);
  }
  flush();
  return lines;
}

/** As plain text, lines up to 76 characters. */
export function toText(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      if (block.kind === 'para') return wrap(block.text, '');
      if (block.kind === 'list') return block.items.map((item) => wrap(`- ${item}`, '  ')).join('\n');
      if (block.kind === 'rows')
        return block.rows.map(({ label, value }) => wrap(`${label}: ${value}`, '  ')).join('\n');
      return `${block.title}:\n${block.url}`;
    })
    .join('\n\n');
}

/** Never breaks inside a word: addresses and digests stay whole. */
function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/[ \t]+/)) {
    if (line.trim() && line.length + 1 + word.length > 76) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].join('\n');
}

const ink = '#16202c';
const muted = '#52606f';
const accent = '#0b5cad';

/** As HTML fragments with their styles in place; nothing is loaded from anywhere. */
export function toHtml(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      if (block.kind === 'para') return `<p style="margin:0 0 14px">${escapeHtml(block.text)}</p>`;
      if (block.kind === 'list') {
        const items = block.items.map((item) => `<li style="margin:0 0 4px">${escapeHtml(item)}</li>`).join('\n');
        return `<ul style="margin:0 0 14px;padding-left:22px">\n${items}\n</ul>`;
      }
      if (block.kind === 'rows') {
        const rows = block.rows
          .map(
            ({ label, value }) =>
              `<tr><th scope="row" style="text-align:left;vertical-align:top;font-weight:normal;color:${muted};padding:4px 16px 4px 0;white-space:normal">${escapeHtml(label)}</th><td style="vertical-align:top;padding:4px 0;color:${ink};overflow-wrap:anywhere">${escapeHtml(value)}</td></tr>`,
          )
          .join('\n');
        return `<table style="border-collapse:collapse;margin:0 0 14px">\n${rows}\n</table>`;
      }
      return `<p style="margin:0 0 14px"><a href="${escapeHtml(block.url)}" style="color:${accent}">${escapeHtml(block.title)}</a></p>`;
    })
    .join('\n');
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
