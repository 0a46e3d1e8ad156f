type Locale = 'ru' | 'en';

/** Beside every edition: what the engine prints there is not the document. */
export const summaryMark = {
  ru: 'Сводка применяемых правил. Это не документ: она составлена по данным, по которым работает система.',
  en: 'Summary of the rules applied. This is not the document: it is made from the data that the system works by.',
};

/** What happens if one does nothing with a new edition, and how to leave. `kind` as in the operator's pack. */
export function howToDisagree(kind: string, effective: string, locale: Locale): string {
  if (kind === 'contract' || kind === 'price') {
    return locale === 'ru'
      ? `До ${effective} для Вас действует прежняя редакция. Если Вы не согласны с новой, до этого дня прекратите пользоваться сервисом и удалите учётную запись. Если Вы ничего не сделаете, с ${effective} для Вас будет действовать новая редакция. Согласием на обработку персональных данных это не считается.`
      : `Until ${effective} the previous edition applies to you. If you do not agree with the new one, stop using the service and delete your account before that day. If you do nothing, the new edition applies to you from ${effective}. This does not count as consent to the processing of personal data.`;
  }
  return locale === 'ru'
    ? `С ${effective} мы обрабатываем данные по новой редакции. Если Вы не согласны, Вы можете удалить учётную запись или написать нам; права, которые даёт Вам закон, не меняются.`
    : `From ${effective} we process your data under the new edition. If you do not agree, you may delete your account or write to us; your rights under the law do not change.`;
}
