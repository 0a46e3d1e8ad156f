/*
 * The plain part of YAML, in which the packs are written: block and flow collections, quoted and plain scalars on one
 * line, names for values, comments. It is read here a dozen times as fast as by the library, which reads all of YAML and keeps every
 * position. Whatever lies outside the plain part, or looks wrong, is not judged here: the answer is null, and the
 * library reads the file and says what is wrong with it. `policies check` reads every file in both ways and compares.
 */

/** What a file says, and on which line each item of its outermost list begins. */
export interface PlainText {
  data: unknown;
  lines: number[]; // empty where the outermost thing is no list
}

/** Thrown inside to say: this one is for the library. */
const beyond = new Error('beyond the plain part');

const hash = '#';
const dash = '-';

// Characters YAML does not print, tabs, carriage returns, marks of documents: rare enough to be left to the library.
const unusual = /[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|^(?:---|\.\.\.)/m;
// Spaces and ends of lines, each with the comment that may follow it.
const gap = /(?:(?: +|\n)(?:#[^\n]*)?)*/y;
const keyWithColon = /([A-Za-zА-яЁё_][A-Za-zА-яЁё0-9_./-]{0,100}|0|[1-9][0-9]{0,8}|"[^"\\\n]{1,100}"):(?=[ \n]|$)/y;
const itemMark = /-(?=[ \n]|$)/y;
const anchorHere = /&([A-Za-zА-яЁё0-9_-]+)(?=[ \n]|$)/y;
const aliasHere = /\*([A-Za-zА-яЁё0-9_-]+)(?=[ \n,\]}]|$)/y;
const inBrackets = /[^\n,[\]{}]*/y;
const plainStart = /[A-Za-zА-яЁё0-9_«№—]|-[0-9]/y;
const notWords = new Set(['null', 'Null', 'NULL', 'true', 'True', 'TRUE', 'false', 'False', 'FALSE', '__proto__']);
// What the core schema of YAML reads as a number.
const number = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$/;
const simpleNumber = /^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,6})?$/;
const mayBeNumber = /^[-0-9]/;
const otherEscapes = /\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/;

/** Reads a text; null where it is not in the plain part of YAML. */
export function readPlain(text: string): PlainText | null {
  if (unusual.test(text)) return null;
  try {
    return new PlainReader(text).read();
  } catch (error) {
    if (error === beyond) return null;
    throw error;
  }
}

class PlainReader {
  private readonly text: string;
  private readonly starts: number[] = []; // of the items of the outermost list
  private readonly anchors = new Map<string, unknown>();
  private at = 0;
  private lineStart = 1;

  constructor(text: string) {
    this.text = `\n${text}`; // so that a comment in the first line follows the end of a line, as all others do
  }

  read(): PlainText {
    this.skip();
    if (this.ended() || this.column() !== 0) throw beyond;
    const data = this.block(0, -1);
    if (!this.ended()) throw beyond;
    return { data, lines: Array.isArray(data) ? this.linesOf(this.starts) : [] };
  }

  private linesOf(places: number[]): number[] {
    let line = 0;
    let at = -1;
    return places.map((place) => {
      for (let next = this.text.indexOf('\n', at + 1); next >= 0 && next < place; ) {
        line++;
        at = next;
        next = this.text.indexOf('\n', at + 1);
      }
      return line;
    });
  }

  private column(): number {
    return this.at - this.lineStart;
  }

  private ended(): boolean {
    return this.at >= this.text.length;
  }

  /** To the next thing that is no space, comment or end of a line; was there an end of a line? */
  private skip(): boolean {
    gap.lastIndex = this.at;
    gap.test(this.text);
    if (gap.lastIndex === this.at) return false;
    const before = this.at;
    this.at = gap.lastIndex;
    const start = this.text.lastIndexOf('\n', this.at - 1) + 1;
    if (start <= before) return false;
    this.lineStart = start;
    return true;
  }

  /** After a value nothing more stands on its line. */
  private endLine(): void {
    if (!this.skip() && !this.ended()) throw beyond;
  }

  private is(mark: RegExp): boolean {
    mark.lastIndex = this.at;
    return mark.test(this.text);
  }

  /** What stands in this column and below it; `outer` is the column of what holds it. */
  private block(column: number, outer: number): unknown {
    if (this.is(itemMark)) return this.sequence(column);
    const mark = this.text[this.at];
    if (mark !== '[' && mark !== '{') return this.mapping(column);
    const value = this.flow(outer);
    this.endLine();
    return value;
  }

  private sequence(column: number): unknown[] {
    const items: unknown[] = [];
    while (this.column() === column && this.is(itemMark)) {
      this.at++;
      const below = this.skip();
      if (this.ended() || this.column() <= column) throw beyond; // an item without a value
      if (column === 0) this.starts.push(this.at);
      items.push(below || this.is(keyWithColon) ? this.block(this.column(), column) : this.value(column));
    }
    if (this.column() > column && !this.ended()) throw beyond;
    return items;
  }

  private mapping(column: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    do {
      const name = this.key(map);
      map[name] = this.ofKey(column);
    } while (!this.ended() && this.column() === column && !this.is(itemMark));
    if (this.column() > column && !this.ended()) throw beyond;
    return map;
  }

  /** The value of the key that was just read; the name after `&` stands for it from here on. */
  private ofKey(column: number): unknown {
    if (this.skip()) return this.below(column);
    const anchor = this.named(anchorHere);
    if (anchor === undefined) return this.value(column);
    const value = this.skip() ? this.below(column) : this.value(column);
    this.anchors.set(anchor, value);
    return value;
  }

  private named(mark: RegExp): string | undefined {
    mark.lastIndex = this.at;
    const name = mark.exec(this.text)?.[1];
    if (name !== undefined) this.at = mark.lastIndex;
    return name;
  }

  /** The name of a key, its colon read too; it was not there before. */
  private key(map: Record<string, unknown>): string {
    const found = this.named(keyWithColon);
    if (found === undefined || notWords.has(found)) throw beyond;
    const name = found.startsWith('"') ? found.slice(1, -1) : found;
    if (Object.hasOwn(map, name)) throw beyond;
    return name;
  }

  /** What stands on the lines below a key: deeper, or a list in the column of the key itself. */
  private below(column: number): unknown {
    if (this.ended() || this.column() < column) throw beyond; // a key without a value
    if (this.column() > column) return this.block(this.column(), column);
    if (this.is(itemMark)) return this.sequence(column);
    throw beyond;
  }

  /** A value that begins on the line of its key or dash. */
  private value(outer: number): unknown {
    const value = this.flow(outer, false);
    this.endLine();
    return value;
  }

  /** A value that may stand inside brackets; `outer` is the column of what holds the outermost of them. */
  private flow(outer: number, inside = true): unknown {
    switch (this.text[this.at]) {
      case '[':
        return this.flowSequence(outer);
      case '{':
        return this.flowMapping(outer);
      case '"':
        return this.doubleQuoted();
      case "'":
        return this.singleQuoted();
      case '*':
        return this.alias();
      default:
        return this.scalar(inside);
    }
  }

  private alias(): unknown {
    const name = this.named(aliasHere);
    if (name === undefined || !this.anchors.has(name)) throw beyond;
    return this.anchors.get(name);
  }

  private flowSequence(outer: number): unknown[] {
    const items: unknown[] = [];
    this.at++;
    while (this.flowSkip(outer) !== ']') {
      items.push(this.flow(outer));
      this.comma(outer, ']');
    }
    this.at++;
    return items;
  }

  private flowMapping(outer: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    this.at++;
    while (this.flowSkip(outer) !== '}') {
      const name = this.key(map);
      this.flowSkip(outer);
      map[name] = this.flow(outer);
      this.comma(outer, '}');
    }
    this.at++;
    return map;
  }

  private comma(outer: number, closing: string): void {
    const mark = this.flowSkip(outer);
    if (mark === ',') this.at++;
    else if (mark !== closing) throw beyond;
  }

  /** Inside brackets lines may end anywhere, but what follows stands deeper than what holds the brackets. */
  private flowSkip(outer: number): string {
    if (this.skip() && this.column() <= outer) throw beyond;
    return this.text[this.at] ?? '';
  }

  private doubleQuoted(): string {
    let end = this.text.indexOf('"', this.at + 1);
    // A quotation mark after an odd number of backslashes does not close.
    while (end > 0 && backslashesBefore(this.text, end) % 2 === 1) end = this.text.indexOf('"', end + 1);
    const inside = this.upTo(end);
    if (!inside.includes('\\')) return inside;
    if (otherEscapes.test(inside.replaceAll('\\\\', ''))) throw beyond;
    return JSON.parse(`"${inside}"`);
  }

  private singleQuoted(): string {
    let end = this.text.indexOf("'", this.at + 1);
    while (end > 0 && this.text[end + 1] === "'") end = this.text.indexOf("'", end + 2);
    return this.upTo(end).replaceAll("''", "'");
  }

  /** The text after the quotation mark that stands here and up to its partner, on one line. */
  private upTo(end: number): string {
    const inside = this.text.slice(this.at + 1, end);
    if (end < 0 || inside.includes('\n')) throw beyond;
    this.at = end + 1;
    return inside;
  }

  /** A scalar without quotes, up to the end of its line, a comment, or inside brackets the next comma or bracket. */
  private scalar(inside: boolean): unknown {
    if (!this.is(plainStart)) throw beyond;
    let end = this.text.indexOf('\n', this.at);
    if (inside) {
      inBrackets.lastIndex = this.at;
      inBrackets.test(this.text);
      end = inBrackets.lastIndex;
    }
    let text = this.text.slice(this.at, end < 0 ? undefined : end);
    const comment = text.indexOf(` ${hash}`);
    if (comment >= 0) text = text.slice(0, comment);
    while (text.endsWith(' ')) text = text.slice(0, -1);
    if (text.includes(': ') || text.endsWith(':')) throw beyond;
    this.at += text.length;
    return scalarOf(text);
  }
}

function backslashesBefore(text: string, end: number): number {
  let count = 0;
  while (text[end - 1 - count] === '\\') count++;
  return count;
}

/** The value of a scalar without quotes, as the core schema of YAML 1.2 reads it. */
function scalarOf(text: string): unknown {
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (text === 'null') return null;
  if (notWords.has(text)) throw beyond;
  if (!mayBeNumber.test(text) || !number.test(text)) return text;
  if (!simpleNumber.test(text) || text === `${dash}0`) throw beyond;
  return Number(text);
}
