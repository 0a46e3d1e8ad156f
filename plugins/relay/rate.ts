import { type Engine, Refusal, sectionOf, Temporal } from '../../core/index.ts';

const secondMs = 1000;

/** Counts the messages of each project by whole seconds. Each node counts what comes to it: nobody waits for another. */
export function createRate({ clock, law }: Pick<Engine, 'clock' | 'law'>) {
  const { overClause: clause } = sectionOf(law.operator, 'limits');
  const taken = new Map<string, number>();
  let second = 0;

  /**
   * Takes the place of one message in this second.
   * @param limit messages in a second, of the project's plan
   * @throws Refusal `limit.rate`
   */
  return function take(project: string, limit: number): void {
    const now = Math.floor(clock.now().epochMilliseconds / secondMs);
    if (now !== second) {
      second = now;
      taken.clear();
    }
    const before = taken.get(project) ?? 0;
    if (before < limit) {
      taken.set(project, before + 1);
      return;
    }
    throw new Refusal('limit.rate', 'limit', {
      limit: { name: 'messages-per-second', value: limit },
      clause,
      resetsAt: Temporal.Instant.fromEpochMilliseconds((now + 1) * secondMs).toString(),
      retryAfter: 1,
      message: `Лимит сообщений в секунду (${limit}) исчерпан; сообщение не принято (${clause}).`,
    });
  };
}
