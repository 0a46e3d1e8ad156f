/**
 * Lets at most `many` pieces of work go on at once; the others wait for their turn, in order. So what one caller asks
 * for a thousand times keeps nobody else from the database.
 */
export function createTurns(many: number) {
  const waiting: (() => void)[] = [];
  let going = 0;
  return async function turn<T>(work: () => Promise<T>): Promise<T> {
    if (going >= many) await new Promise<void>((go) => waiting.push(go));
    else going++;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The turn is handed on as it is.
      if (next) next();
      else going--;
    }
  };
}

/**
 * Many who ask the same at once share an answer, and nobody gets one that was on its way before it asked: while one
 * question goes on, all others wait for the next.
 */
export function createShared<T>(turn: ReturnType<typeof createTurns>) {
  const going = new Map<string, Promise<T>>();
  const next = new Map<string, Promise<T>>();

  function begin(key: string, work: () => Promise<T>): Promise<T> {
    const answer = turn(work).finally(() => {
      if (going.get(key) === answer) going.delete(key);
    });
    going.set(key, answer);
    return answer;
  }

  return function share(key: string, work: () => Promise<T>): Promise<T> {
    const before = going.get(key);
    if (!before) return begin(key, work);
    let shared = next.get(key);
    if (!shared) {
      const after = (): Promise<T> => {
        next.delete(key);
        return begin(key, work);
      };
      shared = before.then(after, after);
      next.set(key, shared);
    }
    return shared;
  };
}
