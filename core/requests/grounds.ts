import type { Temporal } from '../base/index.ts';
import { cite, type Law } from '../law/index.ts';
import { rightOf } from './kinds.ts';
import type { RefusalGround } from './types.ts';

const nbsp = '\u00a0';

/**
 * Grounds a refusal may rest on: those that the law lists for access, a repeat that comes too soon, a legitimate
 * interest that outweighs an objection to it, and any other federal law, whose article must then be named.
 */
export function groundsOf(law: Law, on: Temporal.PlainDate): RefusalGround[] {
  const listed = law.refusalGrounds(on).map((ground) => ({
    code: `access-limit.${ground.point}`,
    title: ground.title,
    cite: cite({ ...ground.cite, point: ground.cite.point ?? ground.point }, 'ru'),
  }));
  const objection = rightOf(law, 'interest-objection');
  const repeat = law.due('access.repeat', { from: on }).because.winner;
  return [
    ...listed,
    {
      code: 'repeat-too-soon',
      title: `Повторный запрос направлен раньше срока (${repeat.value.replaceAll(' ', nbsp)}) после полного ответа`,
      cite: cite(repeat.cite, 'ru'),
    },
    ...(objection
      ? [
          {
            code: 'interest-prevails',
            title: 'Законный интерес, ради которого данные обрабатываются, важнее доводов возражения',
            cite: objection.clause,
          },
        ]
      : []),
    { code: 'other-law', title: 'Хранение или ограничение доступа установлено иным федеральным законом', cite: null },
  ];
}
