import type { Temporal } from '../../../core/base/index.ts';
import type { Held } from './oracle.ts';

type Day = Temporal.PlainDate;

/** What somebody does on a day. */
export type Deed =
  | { do: 'register' }
  | { do: 'visit' }
  | { do: 'send'; messages: number }
  | { do: 'pay' }
  | { do: 'ask'; kind: 'access' | 'erasure' | 'withdrawal' | 'stop' | 'objection' | 'other'; answerIn: number | null }
  | { do: 'hold'; days: number; releaseIn: number | null; categories: string[] }
  | { do: 'leave' };

/** Somebody who lives through some of the ten years, and what the test knows of them. */
export interface Soul {
  key: string;
  email: string;
  password: string;
  account: string;
  subject: string;
  token: string | null; // of the project, for those who send
  project: string | null;
  paidProject: string | null;
  lastActive: Day | null;
  askedErasure: boolean;
  left: Day | null;
  holds: (Held & { categories: string[] })[];
  deeds: Map<string, Deed[]>;
}

/** Numbers that look random and are the same for the same seed (mulberry32). */
export function dice(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, chance: (share: number): boolean => next() < share };
}

export type Dice = ReturnType<typeof dice>;

const senderShare = 0.03;
/** People come every third day, so that ten years fit into minutes; what falls due is visited on its own instant. */
export const stride = 3;

/** Draws one life: when it begins, how often the person comes, how it ends. */
export function drawSoul(number: number, days: number, first: Day, luck: Dice): Soul {
  const soul: Soul = {
    key: `soul${number}`,
    email: `soul${number}@users.example.org`,
    password: `pass-of-soul-${number}`,
    ...{ account: '', subject: '', token: null, project: null, paidProject: null },
    ...{ lastActive: null, askedErasure: false, left: null, holds: [] },
    deeds: new Map(),
  };
  const at = (offset: number, deed: Deed): void => {
    if (offset >= days) return;
    const day = first.add({ days: offset - (offset % stride) }).toString();
    soul.deeds.set(day, [...(soul.deeds.get(day) ?? []), deed]);
  };
  const born = luck.below(days - 30);
  at(born, { do: 'register' });
  const stays = 1 + luck.below(luck.chance(0.3) ? 2_000 : 300);
  for (let offset = born + 1 + luck.below(60); offset < born + stays; offset += 20 + luck.below(120)) {
    at(offset, { do: 'visit' });
  }
  if (luck.chance(0.1)) at(born + stays + 380 + luck.below(60), { do: 'visit' }); // comes back after the notice, or too late
  if (luck.chance(0.3)) at(born + 1 + luck.below(stays + 500), { do: 'leave' });
  if (luck.chance(senderShare)) {
    for (let bursts = 1 + luck.below(12); bursts > 0; bursts--) {
      at(born + 1 + luck.below(stays), { do: 'send', messages: 1 + luck.below(6) });
    }
    if (luck.chance(0.3)) at(born + 2 + luck.below(stays), { do: 'pay' });
    if (luck.chance(0.25)) {
      const days = 20 + luck.below(500);
      const releaseIn = luck.chance(0.4) ? 1 + luck.below(days) : null;
      const categories = luck.chance(0.3) ? ['message', 'account'] : ['message'];
      at(born + 3 + luck.below(stays + 400), { do: 'hold', days, releaseIn, categories });
    }
  }
  if (luck.chance(0.06)) {
    const kinds = ['access', 'access', 'erasure', 'withdrawal', 'stop', 'objection', 'other'] as const;
    const kind = kinds[luck.below(kinds.length)] ?? 'access';
    at(born + 1 + luck.below(stays + 200), { do: 'ask', kind, answerIn: luck.chance(0.85) ? luck.below(25) : null });
  }
  return soul;
}
