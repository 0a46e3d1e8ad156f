/** A limit of a plan that is watched: messages a day, or connections at one time. */
export type Limited = 'messages' | 'connections';

/**
 * The notices that are due when `used` of `limit` is reached: one for each percentage of the policy, once for a limit
 * and day. A raised limit is another limit. Pure.
 *
 * @param given keys of the notices given today
 */
export function noticesDue(
  what: Limited,
  { used, limit, warnAt, given }: { used: number; limit: number; warnAt: readonly number[]; given: readonly string[] },
): { percent: number; key: string }[] {
  return warnAt
    .filter((percent) => used > 0 && used >= Math.ceil((limit * percent) / 100))
    .map((percent) => ({ percent, key: noticeKey(what, percent, limit) }))
    .filter(({ key }) => !given.includes(key));
}

/** Under which name a notice is remembered. */
export function noticeKey(what: Limited, percent: number, limit: number): string {
  return `${what}.${percent}@${limit}`;
}
