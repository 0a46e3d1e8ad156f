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
