import { writeFileSync } from 'node:fs';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';

export interface Check {
  name: string;
  ok: boolean;
  detail?: unknown;
}

export interface ChapterReport {
  chapter: number;
  title: string;
  ok: boolean;
  checks: Check[];
  figures: Record<string, unknown>;
}

/**
 * Collects what each chapter found out. A chapter without a check has not held: silence is not success.
 */
export interface DemoReport {
  /** Writes down whether something held. Returns it. */
  check(chapter: number, name: string, ok: boolean, detail?: unknown): boolean;
  /** Adds figures to a chapter: counts, dates, digests, job ids. Arrays are appended to. */
  figures(chapter: number, figures: Record<string, unknown>): void;
  /** Shows that the work goes on. */
  progress(done: number, label: string): void;
  note(text: string): void;
  finish(path: string, head: Record<string, unknown>): boolean;
  failures(): Check[];
}

export function createReport(titles: Record<number, string>, total: number, { quiet = false } = {}): DemoReport {
  const chapters = new Map<number, ChapterReport>(
    Object.entries(titles).map(([number, title]) => [
      Number(number),
      { chapter: Number(number), title, ok: false, checks: [], figures: {} },
    ]),
  );
  const of = (chapter: number): ChapterReport => {
    const found = chapters.get(chapter);
    if (!found) throw new RangeError(`The demo has no chapter ${chapter}.`);
    return found;
  };
  const terminal = Boolean(process.stdout.isTTY) && !quiet;
  const bars = terminal
    ? new MultiBar(
        { format: ' {bar} {percentage}% | {label}', hideCursor: true, clearOnComplete: false },
        Presets.shades_classic,
      )
    : null;
  const bar: SingleBar | null = bars?.create(total, 0, { label: '' }) ?? null;
  let lastLabel = '';
  const say = (text: string): void => {
    if (quiet) return;
    if (bars?.isActive) bars.log(`${text}\n`);
    else console.log(text);
  };

  return {
    check(chapter, name, ok, detail) {
      of(chapter).checks.push({ name, ok, ...(detail === undefined ? {} : { detail }) });
      if (!ok) say(`  не выполнено (${chapter}): ${name} ${detail === undefined ? '' : JSON.stringify(detail)}`);
      return ok;
    },
    figures(chapter, figures) {
      const target = of(chapter).figures;
      for (const [name, value] of Object.entries(figures)) {
        const present = target[name];
        target[name] = Array.isArray(present) && Array.isArray(value) ? [...present, ...value] : value;
      }
    },
    progress(done, label) {
      if (bar) bar.update(done, { label });
      else if (label !== lastLabel) say(label);
      lastLabel = label;
    },
    note: say,
    failures: () => [...chapters.values()].flatMap(({ checks }) => checks.filter(({ ok }) => !ok)),
    finish(path, head) {
      for (const chapter of chapters.values()) {
        chapter.ok = chapter.checks.length > 0 && chapter.checks.every(({ ok }) => ok);
      }
      const all = [...chapters.values()];
      const ok = all.every((chapter) => chapter.ok);
      writeFileSync(path, `${JSON.stringify({ ok, ...head, chapters: all }, null, 2)}\n`);
      bars?.stop();
      for (const chapter of all) {
        const held = chapter.checks.filter((check) => check.ok).length;
        say(
          `${chapter.ok ? '✓' : '✗'} ${chapter.chapter}. ${chapter.title}: ${held} из ${chapter.checks.length} проверок`,
        );
      }
      return ok;
    },
  };
}
