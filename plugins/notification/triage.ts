import type { RequestKind } from '../../core/index.ts';

/*
 * What a letter asks for, by the words people use. A first sorting for the queue: a person sees the letter and may
 * decide otherwise, and the strictest reading goes first when several fit.
 */
const data = '(?:данн|аккаунт|уч[её]тн|профил|информаци|сведени|запис)';
const near = '[^.!?\\n]{0,80}';

const signs: readonly { kind: RequestKind; patterns: readonly RegExp[] }[] = [
  {
    kind: 'withdrawal',
    patterns: [
      new RegExp(`(?:отзыва|отозва|отзыв)${near}соглас`, 'iu'),
      new RegExp(`соглас${near}(?:отзыва|отозва)`, 'iu'),
    ],
  },
  {
    kind: 'erasure',
    patterns: [
      new RegExp(`(?:удал|уничтож|сотр[иеё]|стере|стира)${near}${data}`, 'iu'),
      new RegExp(`${data}${near}(?:удал|уничтож|стере)`, 'iu'),
      /право на забвение/iu,
    ],
  },
  {
    kind: 'stop',
    patterns: [new RegExp(`прекрат${near}(?:обработк|использова|передач)`, 'iu')],
  },
  {
    kind: 'restriction',
    patterns: [new RegExp(`ограничи${near}(?:обработк|использова)`, 'iu'), /ограничени[еяю] обработки/iu],
  },
  {
    kind: 'rectification',
    patterns: [
      new RegExp(
        `(?:исправ|уточни|измени|обнови|поменя)${near}(?:данн|фамили|имя|имени|отчеств|почт|адрес|должност|фио)`,
        'iu',
      ),
      new RegExp(`(?:неверн|неточн|устаре|ошибочн|с ошибк)${near}(?:данн|фамили|имя|почт|адрес|должност)`, 'iu'),
      new RegExp(`(?:данн|фамили|имя|почт|адрес|должност)${near}(?:неверн|неточн|устаре|с ошибк)`, 'iu'),
    ],
  },
  {
    kind: 'interest-objection',
    patterns: [new RegExp(`(?:возраж|против)${near}(?:законн|легитимн)\\S* интерес`, 'iu')],
  },
  {
    kind: 'objection',
    patterns: [/возража/iu, new RegExp(`против${near}(?:обработк|рассылк|автоматизированн)`, 'iu')],
  },
  {
    kind: 'portability',
    patterns: [
      /машиночитаем/iu,
      /переносимост/iu,
      new RegExp(`(?:перенес|перенос|переда)${near}(?:друг|ин)\\S* (?:оператор|сервис|компани|контрол)`, 'iu'),
    ],
  },
  {
    kind: 'access',
    patterns: [
      new RegExp(`(?:какие|какая|что|все)${near}(?:обо? мне|о моей|мои|моих|моя|касающ)`, 'iu'),
      new RegExp(
        `(?:сообщ|предостав|пришл|вышл|направ|подтверд|получить|запрашива|прошу)${near}(?:сведени|информаци|копи|выгрузк|обрабатыва|перечень|факт обработки)`,
        'iu',
      ),
      new RegExp(`доступ${near}персональн`, 'iu'),
      new RegExp(`(?:стат|ст\\.)${near}14\\b`, 'iu'),
    ],
  },
];

export interface Triage {
  kind: RequestKind;
  /** false when nothing or several things were found */
  sure: boolean;
  found: RequestKind[];
}

/**
 * Sorts a letter by its own words; quoted lines of an earlier letter do not count.
 * @param text    subject and body, Russian
 * @param offered the kinds that the operator takes: a right that its documents do not name is no kind of its own
 */
export function triage(text: string, offered: readonly RequestKind[]): Triage {
  const own = text
    .split('\n')
    .filter((line) => !/^\s*>/.test(line))
    .join('\n')
    .replaceAll('\u00a0', ' ');
  const found = signs
    .filter(({ kind, patterns }) => offered.includes(kind) && patterns.some((pattern) => pattern.test(own)))
    .map(({ kind }) => kind);
  return { kind: found[0] ?? 'other', sure: found.length === 1, found };
}
