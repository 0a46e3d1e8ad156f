import { cite } from '../cite.ts';
import { groundsOn, hasPointsOf } from '../repeal.ts';
import type { Purpose } from '../types.ts';
import { contradictions, type Found, type Lint, lawClause, quote, small } from './lint.ts';

/** A basis that the law has since taken out of its list. */
export function repealedGrounds(lint: Lint): Found[] {
  return lint.pack.operator.purposes.flatMap((purpose) =>
    groundsOn(lint.pack, purpose, lint.today).repealed.map(({ basis, by }) => ({
      id: `repealed-ground.${purpose.id}`,
      inventory: namesOf(lint, purpose),
      severity: 'error' as const,
      rule: purpose.id,
      clauses: [quote(purpose.clause), cite(by, 'ru')],
      apply:
        'Среди действующих оснований это не названо: ответ субъекту и реестр говорят, что оно утратило силу; обработка держится на остальных основаниях цели.',
      why: `Цель «${small(purpose.title)}»: основание «${small(basis.text)}» утратило силу.`,
      settle: 'Уберите основание из документа и из purposes.yaml; если других нет, обработку нужно прекратить.',
    })),
  );
}

/** A basis on a point that the law's list has never had. */
export function unknownGrounds(lint: Lint): Found[] {
  return lint.pack.operator.purposes.flatMap((purpose) =>
    purpose.bases.flatMap((base): Found[] => {
      const list = [...lint.pack.rules.values()].find(
        (rule) => base.cite.point && rule.values.some((value) => hasPointsOf(value, base.cite)),
      );
      if (!list || list.values.some((value) => value.items?.some((item) => item.point === base.cite.point))) return [];
      return [
        {
          id: `unknown-ground.${purpose.id}`,
          inventory: namesOf(lint, purpose),
          severity: 'error',
          rule: purpose.id,
          clauses: [quote(purpose.clause), cite(base.cite, 'ru')],
          apply: 'В ответах и в реестре основание названо так, как в пакете.',
          why: `Цель «${small(purpose.title)}»: такого пункта в перечне оснований нет.`,
          settle: 'Исправьте ссылку основания в purposes.yaml.',
        },
      ];
    }),
  );
}

/** A consent that is declared a part of another document after the law asked for it to stand apart. */
export function bundledConsents(lint: Lint): Found[] {
  const { pack } = lint;
  const law = lawClause(lint, 'ru.152-fz.consent.separate');
  if (law.length === 0) return [];
  // A purpose that rests on nothing else has nothing to stand on: that is a finding of its own.
  const bare = pack.operator.purposes.some(({ consent, bases }) => !consent && bases.length === 0);
  const without = bare
    ? 'цели, у которых другого основания нет, показаны без него'
    : 'обработка держится на других основаниях своих целей';
  return pack.operator.documents.flatMap((document): Found[] => {
    const part = document.kind === 'consent' ? pack.partOf.get(document.id) : undefined;
    if (!part) return [];
    return [
      {
        id: `consent-bundled.${document.id}`,
        inventory: contradictions(pack.inventory.get(`document.${document.id}`)),
        severity: 'error',
        rule: 'ru.152-fz.consent.separate',
        clauses: [quote(part.clause), ...law],
        apply: `Акцепт не записывается как согласие; ${without}.`,
        why: 'Согласие объявлено частью другого документа, а закон требует оформлять его отдельно.',
        settle: 'Сделайте согласие отдельным документом с отдельной отметкой и уберите part_of из documents.yaml.',
      },
    ];
  });
}

/** A purpose that the law allows only by prior consent, on any other basis. */
export function purposesWithoutConsent(lint: Lint): Found[] {
  return lint.pack.operator.purposes.flatMap((purpose): Found[] => {
    const law = lint.pack.purposes.get(purpose.id)?.consent;
    if (!law || purpose.consent) return [];
    const clauses = lawClause(lint, law);
    if (clauses.length === 0) return [];
    return [
      {
        id: `consent-missing.${purpose.id}`,
        inventory: namesOf(lint, purpose),
        severity: 'error',
        rule: law,
        clauses: [quote(purpose.clause), ...clauses],
        apply: 'С этой целью движок обращается только к тем, кто дал отдельное согласие.',
        why: `Цель «${small(purpose.title)}» закон допускает только с предварительного согласия, а документ называет другое основание.`,
        settle: 'Получайте отдельное согласие и отметьте цель consent: true; до этого не обращайтесь с этой целью.',
      },
    ];
  });
}

function namesOf({ pack }: Lint, purpose: Purpose): string[] {
  return contradictions(pack.inventory.get(`purpose.${purpose.id}`));
}
