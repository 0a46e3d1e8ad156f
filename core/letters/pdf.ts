import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Font, openSync } from 'fontkit';
import PDFDocument from 'pdfkit';
import encodeQR from 'qr';
import type { Temporal } from '../base/index.ts';

/** A few words to lay out a document with; everything flows from top to bottom. */
export type PaperBlock =
  /** name and address of the sender, left; addressee, right */
  | { kind: 'letterhead'; lines: string[]; to?: string[] }
  /** centred title with a line or two below it */
  | { kind: 'title'; text: string; below?: string[] }
  /** a framed line that nobody overlooks */
  | { kind: 'status'; text: string }
  | { kind: 'heading'; text: string; level?: 2 | 3 }
  | { kind: 'para'; text: string; small?: boolean }
  | { kind: 'list'; items: string[] }
  /** label and value, framed; the values may be several lines */
  | { kind: 'fields'; rows: { label: string; value: string[] | PaperCell }[] }
  | { kind: 'table'; columns: PaperColumn[]; rows: PaperCell[][]; foot?: string[] }
  | { kind: 'signatures'; lines: { post: string; name?: string; note?: string }[] }
  /** small lines, left, beside a code, right */
  | { kind: 'code'; lines: string[]; qr: string };

/** What stands in a cell; `under` is printed below it, smaller. */
export type PaperCell = string | { text: string; under: string };

export interface PaperColumn {
  title: string;
  /** share of the width */
  width: number;
  align?: 'left' | 'right';
}

export interface Paper {
  title: string;
  /** `Акт № АУ-2026-0001`: stands on every page, with page x of y */
  footer: string;
  blocks: PaperBlock[];
}

const mm = 72 / 25.4;
const margins = { left: 25 * mm, right: 15 * mm, top: 20 * mm, bottom: 20 * mm };
const page = { width: 595.28, height: 841.89 };
const width = page.width - margins.left - margins.right;
const bottom = page.height - margins.bottom;
const ink = '#16202c';
const muted = '#52606f';
const rule = '#8592a1';
const shade = '#f0f2f5';

const fonts = dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/pt-serif/package.json'));
const files = {
  regular: join(fonts, '400Regular/PTSerif_400Regular.ttf'),
  bold: join(fonts, '700Bold/PTSerif_700Bold.ttf'),
};
type Face = keyof typeof files;
const opened = new Map<Face, Font>();

interface Style {
  face: Face;
  size: number;
  color: string;
}

const body: Style = { face: 'regular', size: 11, color: ink };
const small: Style = { face: 'regular', size: 9, color: muted };
const cell: Style = { face: 'regular', size: 9.5, color: ink };
const cellHead: Style = { face: 'bold', size: 9, color: ink };
const cellUnder: Style = { face: 'regular', size: 8, color: muted };
const lineGap = 2;
const pad = 4;
const padRow = 3;

/**
 * Lays out a paper as a tagged PDF with bookmarks, in PT Serif. The same paper at the same moment gives the same bytes.
 * @param about.at goes into the document's properties
 */
export async function renderPdf(
  paper: Paper,
  about: { at: Temporal.Instant; author: string },
): Promise<{ bytes: Buffer; pages: number }> {
  const doc = new PDFDocument({
    size: 'A4',
    margins: { ...margins, bottom: 0 },
    bufferPages: true,
    tagged: true,
    lang: 'ru-RU',
    displayTitle: true,
    pdfVersion: '1.7',
    info: {
      Title: paper.title,
      Author: about.author,
      Creator: 'Srok',
      Producer: 'Srok',
      CreationDate: new Date(about.at.epochMilliseconds),
    },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(doc, 'end');
  for (const name of Object.keys(files) as Face[]) doc.registerFont(name, faceOf(name) as unknown as Buffer);
  new Layout(doc).run(paper);
  const pages = doc.bufferedPageRange().count;
  finishPages(doc, paper, pages);
  doc.end();
  await ended;
  return { bytes: Buffer.concat(chunks), pages };
}

/** Read once for all documents: taking a font apart costs as much as laying out a page. */
function faceOf(name: Face): Font {
  const face = opened.get(name) ?? (openSync(files[name]) as Font);
  opened.set(name, face);
  return face;
}

/** Post, place to sign, name. */
const signing = { post: width - 130 - 165, line: 130, name: 150 };

/** A line of a cell; `under` is the small print below it. */
interface GridLine {
  text: string;
  under: boolean;
}

function plainText(content: PaperCell | undefined): string {
  if (content === undefined) return '';
  return typeof content === 'string' ? content : content.text;
}

class Layout {
  readonly doc: PDFKit.PDFDocument;
  readonly root: PDFKit.PDFStructureElement;
  y = margins.top;

  constructor(doc: PDFKit.PDFDocument) {
    this.doc = doc;
    this.root = doc.struct('Document');
    doc.addStructure(this.root);
  }

  run(paper: Paper): void {
    for (const [index, block] of paper.blocks.entries()) this.block(block, this.tail(paper.blocks.slice(index + 1)));
    this.root.end();
  }

  /** The height of what must not be parted from the block before it: signatures, and the lines on both sides of them. */
  private tail(rest: readonly PaperBlock[]): number {
    const at = rest.findIndex(({ kind }) => kind !== 'para');
    if (at < 0 || rest[at]?.kind !== 'signatures') return 0;
    const after = rest[at + 1];
    return [...rest.slice(0, at + 1), ...(after?.kind === 'para' ? [after] : [])].reduce((sum, block) => {
      if (block.kind === 'signatures') return sum + 10 + this.signatureHeights(block.lines).reduce((a, b) => a + b, 0);
      if (block.kind !== 'para') return sum;
      const style = block.small ? small : body;
      return sum + this.lineHeight(style) * this.lines(block.text, style, width).length + 6;
    }, 0);
  }

  private block(block: PaperBlock, tail: number): void {
    switch (block.kind) {
      case 'letterhead':
        this.letterhead(block.lines, block.to ?? []);
        break;
      case 'title':
        this.title(block.text, block.below ?? []);
        break;
      case 'status':
        this.status(block.text);
        break;
      case 'heading':
        this.heading(block.text, block.level ?? 2);
        break;
      case 'para':
        this.para(block.text, block.small ? small : body, tail);
        break;
      case 'list':
        this.list(block.items);
        break;
      case 'fields':
        this.fields(block.rows, tail);
        break;
      case 'table':
        this.table(block.columns, block.rows, tail, block.foot);
        break;
      case 'signatures':
        this.signatures(block.lines);
        break;
      case 'code':
        this.code(block.lines, block.qr);
        break;
    }
  }

  private newPage(): void {
    this.doc.addPage();
    this.y = margins.top;
  }

  /** Makes sure that this much fits below. */
  private need(height: number): void {
    if (this.y + height > bottom) this.newPage();
  }

  private use(style: Style): void {
    this.doc.font(style.face).fontSize(style.size).fillColor(style.color);
  }

  private lineHeight(style: Style): number {
    this.use(style);
    return this.doc.currentLineHeight(true) + lineGap;
  }

  /** Breaks a text into lines; a word longer than the line is cut, so nothing leaves its column. */
  private lines(text: string, style: Style, room: number): string[] {
    this.use(style);
    const fits = (part: string): boolean => this.doc.widthOfString(part) <= room;
    return text.split('\n').flatMap((paragraph) => {
      const lines: string[] = [];
      let line = '';
      for (const word of paragraph.split(/[ \t]+/)) {
        const longer = line ? `${line} ${word}` : word;
        if (fits(longer)) {
          line = longer;
          continue;
        }
        if (line) lines.push(line);
        line = word;
        while (!fits(line)) {
          let cut = line.length - 1;
          while (cut > 1 && !fits(line.slice(0, cut))) cut--;
          // An address is cut after one of its marks, where there is one not too far back.
          const mark = /^(.*[@./_-])/.exec(line.slice(0, cut))?.[1]?.length ?? 0;
          if (mark * 2 > cut) cut = mark;
          lines.push(line.slice(0, cut));
          line = line.slice(cut);
        }
      }
      return [...lines, line];
    });
  }

  /** One tagged piece of lines at a place; does not move `y`. */
  private put(
    parent: PDFKit.PDFStructureElement,
    lines: readonly string[],
    style: Style,
    x: number,
    y: number,
    room: number,
    align: 'left' | 'center' | 'right' = 'left',
  ): void {
    const content = this.doc.markStructureContent('Span');
    const step = this.lineHeight(style);
    this.use(style);
    lines.forEach((line, index) => {
      const free = align === 'left' ? 0 : room - this.doc.widthOfString(line);
      const dx = align === 'right' ? free : align === 'center' ? free / 2 : 0;
      // The space keeps words of neighbouring lines apart when the text is taken out again.
      this.doc.text(index < lines.length - 1 ? `${line} ` : line, x + dx, y + index * step, { lineBreak: false });
    });
    this.doc.endMarkedContent();
    parent.add(content);
  }

  private element(type: string, parent = this.root): PDFKit.PDFStructureElement {
    const element = this.doc.struct(type);
    parent.add(element);
    return element;
  }

  /** Lines that may run over pages. */
  private flow(type: string, lines: string[], style: Style, x: number, room: number, align?: 'left' | 'center'): void {
    const element = this.element(type);
    const step = this.lineHeight(style);
    let rest = lines;
    while (rest.length) {
      this.need(step * Math.min(2, rest.length));
      const count = Math.max(1, Math.floor((bottom - this.y) / step));
      this.put(element, rest.slice(0, count), style, x, this.y, room, align);
      this.y += step * Math.min(count, rest.length);
      rest = rest.slice(count);
    }
    element.end();
  }

  private artifact(draw: () => void): void {
    this.doc.markContent('Artifact', { type: 'Layout' });
    draw();
    this.doc.endMarkedContent();
  }

  private letterhead(from: string[], to: string[]): void {
    const style = { ...body, size: 10 };
    const left = to.length > 0 ? width * 0.52 : width;
    const right = width * 0.42;
    const a = from.flatMap((line) => this.lines(line, style, left));
    const b = to.flatMap((line) => this.lines(line, style, right));
    const element = this.element('Sect');
    const step = this.lineHeight(style);
    const one = this.element('P', element);
    this.put(one, a, style, margins.left, this.y, left);
    one.end();
    if (b.length) {
      const two = this.element('P', element);
      this.put(two, b, style, margins.left + width - right, this.y, right);
      two.end();
    }
    element.end();
    this.y += step * Math.max(a.length, b.length) + 14;
  }

  private title(text: string, below: string[]): void {
    const style: Style = { face: 'bold', size: 14, color: ink };
    this.doc.outline.addItem(text.replaceAll('\n', ' '));
    this.flow('H1', this.lines(text, style, width), style, margins.left, width, 'center');
    this.y += 4;
    for (const line of below) {
      const under = { ...body, size: 10.5 };
      this.flow('P', this.lines(line, under, width), under, margins.left, width, 'center');
    }
    this.y += 10;
  }

  private status(text: string): void {
    const style: Style = { face: 'bold', size: 11, color: '#a8121c' };
    const lines = this.lines(text, style, width - 2 * pad);
    const height = this.lineHeight(style) * lines.length + 2 * pad;
    this.need(height);
    this.artifact(() => this.doc.rect(margins.left, this.y, width, height).lineWidth(1).stroke('#a8121c'));
    const element = this.element('P');
    this.put(element, lines, style, margins.left + pad, this.y + pad + 1, width - 2 * pad, 'center');
    element.end();
    this.y += height + 12;
  }

  private heading(text: string, level: 2 | 3): void {
    const style: Style = { face: 'bold', size: level === 2 ? 12 : 10.5, color: ink };
    const lines = this.lines(text, style, width);
    this.y += level === 2 ? 8 : 2;
    // A heading does not stand alone at the foot of a page, nor one below the other.
    this.need(this.lineHeight(style) * lines.length + (level === 2 ? 100 : 80));
    if (level === 2) this.doc.outline.addItem(text);
    this.flow(`H${level}`, lines, style, margins.left, width);
    this.y += level === 2 ? 4 : 1;
  }

  private para(text: string, style: Style, tail = 0): void {
    const lines = this.lines(text, style, width);
    if (tail > 0) this.need(Math.min(lines.length, 4) * this.lineHeight(style) + 6 + tail);
    this.flow('P', lines, style, margins.left, width);
    this.y += 6;
  }

  private list(items: string[]): void {
    const indent = 14;
    for (const item of items) {
      const lines = this.lines(item, body, width - indent);
      this.need(this.lineHeight(body));
      this.artifact(() => {
        this.use(body);
        this.doc.text('•', margins.left + 2, this.y, { lineBreak: false });
      });
      this.flow('P', lines, body, margins.left + indent, width - indent);
      this.y += 2;
    }
    this.y += 4;
  }

  private fields(rows: { label: string; value: string[] | PaperCell }[], tail: number): void {
    this.grid(
      [
        { title: '', width: 31 },
        { title: '', width: 69 },
      ],
      rows.map(({ label, value }) => [label, Array.isArray(value) ? value.join('\n') : value]),
      { head: false, labels: true, size: 9.5, tail },
    );
  }

  private table(columns: PaperColumn[], rows: PaperCell[][], tail: number, foot?: string[]): void {
    this.grid(columns, foot ? [...rows, foot] : rows, { head: true, foot: foot !== undefined, size: 9.5, tail });
  }

  /** By their shares, but no column so narrow that a word of its head, or a usual word below it, must be cut. */
  private widthsOf(columns: PaperColumn[], rows: readonly PaperCell[][], style: Style): number[] {
    const widest = (text: string): number =>
      Math.max(...text.split(/[ \t\n]+/).map((word) => this.doc.widthOfString(word) + 2 * pad + 1));
    this.use(cellHead);
    const heads = columns.map(({ title }) => Math.max(24, widest(title)));
    this.use(style);
    const usual = width * 0.24;
    const words = columns.map((_column, index) =>
      rows.slice(0, 100).reduce((most, row) => {
        const wide = widest(plainText(row[index]));
        return wide <= usual ? Math.max(most, wide) : most;
      }, 0),
    );
    const wanted = heads.map((head, index) => Math.max(head, words[index] ?? 0));
    // Where all that is wanted has no room, the heads come first.
    const least = wanted.reduce((sum, one) => sum + one, 0) <= width ? wanted : heads;
    const shares = columns.map((column) => column.width);
    const fixed = new Set<number>();
    for (;;) {
      const room = width - [...fixed].reduce((sum, index) => sum + (least[index] as number), 0);
      const free = shares.reduce((sum, share, index) => (fixed.has(index) ? sum : sum + share), 0);
      const widths = shares.map((share, index) =>
        fixed.has(index) ? (least[index] as number) : (share / free) * room,
      );
      const narrow = widths.findIndex((wide, index) => !fixed.has(index) && wide < (least[index] as number));
      if (narrow < 0 || fixed.size === columns.length - 1) return widths;
      fixed.add(narrow);
    }
  }

  /** Rows of cells with a frame; a row longer than the page goes on over it, the head is repeated. */
  private grid(
    columns: PaperColumn[],
    rows: PaperCell[][],
    options: { head: boolean; labels?: boolean; foot?: boolean; size: number; tail: number },
  ): void {
    const data = { ...cell, size: options.size };
    const widths = this.widthsOf(columns, rows, data);
    const lefts = widths.map((_w, i) => margins.left + widths.slice(0, i).reduce((sum, w) => sum + w, 0));
    const table = this.element('Table');
    const rowOf = (cells: PaperCell[], style: (column: number) => Style): GridLine[][] =>
      columns.map((_c, i) => {
        const content = cells[i] ?? '';
        const room = (widths[i] as number) - 2 * pad;
        const lines = this.lines(typeof content === 'string' ? content : content.text, style(i), room);
        const under = typeof content === 'string' ? [] : this.lines(content.under, cellUnder, room);
        return [...lines.map((text) => ({ text, under: false })), ...under.map((text) => ({ text, under: true }))];
      });

    const draw = (
      lines: GridLine[][],
      style: (column: number) => Style,
      type: (column: number) => string,
      fill: boolean,
    ) => {
      const step = Math.max(...columns.map((_c, i) => this.lineHeight(style(i))));
      const row = this.element('TR', table);
      const cells = columns.map((_c, i) => this.element(type(i), row));
      let rest = lines;
      while (rest.some((cell) => cell.length > 0)) {
        const room = Math.floor((bottom - this.y - 2 * padRow + lineGap) / step + 0.001);
        const part = rest.map((cell) => cell.slice(0, Math.max(1, room)));
        const height = Math.max(...part.map((cell) => cell.length), 1) * step + 2 * padRow - lineGap;
        const top = this.y;
        this.artifact(() => {
          columns.forEach((_c, i) => {
            const box = this.doc.rect(lefts[i] as number, top, widths[i] as number, height).lineWidth(0.6);
            if (fill) box.fillAndStroke(shade, rule);
            else box.stroke(rule);
          });
        });
        columns.forEach((column, i) => {
          const main = (part[i] ?? []).filter(({ under }) => !under);
          const under = (part[i] ?? []).filter((line) => line.under);
          for (const [some, face, from] of [
            [main, style(i), 0],
            [under, cellUnder, main.length],
          ] as const) {
            if (some.length === 0) continue;
            this.put(
              cells[i] as PDFKit.PDFStructureElement,
              some.map(({ text }) => text),
              face,
              (lefts[i] as number) + pad,
              top + padRow + from * step,
              (widths[i] as number) - 2 * pad,
              column.align ?? 'left',
            );
          }
        });
        this.y += height;
        rest = rest.map((cell) => cell.slice(Math.max(1, room)));
        if (rest.some((cell) => cell.length > 0)) this.newPage();
      }
      for (const element of cells) element.end();
      row.end();
    };

    const heading = rowOf(
      columns.map(({ title }) => title),
      () => cellHead,
    );
    const heightOf = (lines: GridLine[][], style: Style): number =>
      Math.max(...lines.map((cell) => cell.length)) * this.lineHeight(style) + 2 * padRow - lineGap;
    const drawHead = (): void => {
      if (options.head)
        draw(
          heading,
          () => cellHead,
          () => 'TH',
          true,
        );
    };
    const strong: Style = { ...data, face: 'bold' };
    rows.forEach((row, index) => {
      const last = options.foot === true && index === rows.length - 1;
      const style = (column: number): Style => {
        if (last) return strong;
        return options.labels && column === 0 ? { ...data, color: muted } : data;
      };
      const lines = rowOf(row, style);
      const height = heightOf(lines, data);
      const head = options.head ? heightOf(heading, cellHead) : 0;
      // The last row goes over to the next page with what must stay with it.
      const tail = index === rows.length - 1 && options.tail > 0 ? options.tail + 12 : 0;
      if (index === 0) {
        this.need(head + Math.min(height, 120) + tail);
        drawHead();
      } else if (this.y + Math.min(height, 160) + tail > bottom) {
        this.newPage();
        drawHead();
      }
      draw(lines, style, (column) => (options.labels && column === 0 ? 'TH' : 'TD'), false);
    });
    table.end();
    this.y += 12;
  }

  private signatureHeights(lines: { post: string; name?: string; note?: string }[]): number[] {
    return lines.map(({ post, name, note }) => {
      const count = Math.max(
        this.lines(post, body, signing.post).length,
        this.lines(name ?? '', body, signing.name).length,
      );
      return this.lineHeight(body) * count + (note ? 10 : 0) + 10;
    });
  }

  private signatures(lines: { post: string; name?: string; note?: string }[]): void {
    const step = this.lineHeight(body);
    const heights = this.signatureHeights(lines);
    this.y += 10;
    lines.forEach(({ post, name, note }, index) => {
      const left = this.lines(post, body, signing.post);
      const right = this.lines(name ?? '', body, signing.name);
      const height = heights[index] ?? 0;
      this.need(height);
      const element = this.element('P');
      this.put(element, left, body, margins.left, this.y, signing.post);
      const x = margins.left + signing.post + 5;
      const y = this.y + step - 5;
      this.artifact(() =>
        this.doc
          .moveTo(x, y)
          .lineTo(x + signing.line, y)
          .lineWidth(0.6)
          .stroke(ink),
      );
      if (name) this.put(element, right, body, x + signing.line + 8, this.y, signing.name);
      if (note) this.put(element, this.lines(note, small, signing.line), small, x, y + 2, signing.line, 'center');
      element.end();
      this.y += height;
    });
  }

  private code(lines: string[], qr: string): void {
    const side = 72;
    const style = small;
    const room = width - side - 16;
    const text = lines.flatMap((line) => this.lines(line, style, room));
    const height = Math.max(side, text.length * this.lineHeight(style));
    this.y += 6;
    this.need(height);
    const element = this.element('P');
    this.put(element, text, style, margins.left, this.y, room);
    element.end();
    const modules = encodeQR(qr, 'raw', { ecc: 'medium', border: 1 });
    const size = side / modules.length;
    const figure = this.doc.struct('Figure', { alt: 'QR-код для проверки' });
    this.root.add(figure);
    const content = this.doc.markStructureContent('Figure');
    const left = margins.left + width - side;
    modules.forEach((row, i) => {
      row.forEach((on, j) => {
        if (on) this.doc.rect(left + j * size, this.y + i * size, size + 0.05, size + 0.05);
      });
    });
    this.doc.fill(ink);
    this.doc.endMarkedContent();
    figure.add(content);
    figure.end();
    this.y += height + 8;
  }
}

/** Footers need the number of pages, so they come last. */
function finishPages(doc: PDFKit.PDFDocument, paper: Paper, pages: number): void {
  for (let index = 0; index < pages; index++) {
    doc.switchToPage(index);
    doc.markContent('Artifact', { type: 'Pagination' });
    doc.font('regular').fontSize(8).fillColor(muted);
    const text = `${paper.footer} · стр. ${index + 1} из ${pages}`;
    doc.text(text, margins.left + (width - doc.widthOfString(text)) / 2, page.height - 12 * mm, { lineBreak: false });
    doc.endMarkedContent();
  }
}
