import { type Account, type BlockGround, staffGrounds } from '../../accounts/index.ts';
import type { Words } from '../../http/index.ts';

export const groundNames: Record<BlockGround, string> = {
  violation: 'нарушение условий договора',
  unlawful: 'использование сервиса в противоправных целях',
  'third-party-rights': 'нарушение прав третьих лиц',
  security: 'угроза безопасности сервиса',
  bypass: 'обход ограничений сервиса',
  inactivity: 'длительная неактивность',
};

const stateNames: Partial<Record<Account['state'], string>> = {
  active: 'действует',
  noticed: 'предупреждена о неактивности',
  blocked: 'заблокирована',
  deleted: 'договор прекращён',
  erased: 'данные уничтожены',
};

/** What a form offers to whoever blocks. */
export const groundOptions = ({ t }: Pick<Words, 't'>): [string, string][] =>
  staffGrounds.map((ground) => [ground, t(groundNames[ground])]);

/** The state of an account, and nothing of its holder. */
export function accountShown(account: Account, words: Words) {
  const { id, subject, state, registeredAt, lastActiveOn, blockedAt, blockGround } = account;
  return {
    ...{ id, subject, path: `/admin/accounts/${id}` },
    state: { name: words.t(stateNames[state] ?? state), tone: state === 'blocked' ? 'red' : 'green' },
    registered: words.dateTime(registeredAt),
    lastActive: words.date(lastActiveOn),
    blockedAt: blockedAt ? words.dateTime(blockedAt) : '',
    ground: blockGround ? words.t(groundNames[blockGround]) : '',
    mayBlock: state === 'active' || state === 'noticed',
    mayRestore: state === 'blocked',
  };
}
