import type { RequestState } from './state.ts';
import type { RequestChannel, RequestKind } from './types.ts';

/** What a request is called in letters and documents. */
export const kindWords: Record<RequestKind, string> = {
  access: 'запрос сведений об обработке персональных данных',
  erasure: 'требование об уничтожении персональных данных',
  rectification: 'требование об уточнении персональных данных',
  withdrawal: 'отзыв согласия на обработку персональных данных',
  stop: 'требование о прекращении обработки персональных данных',
  objection: 'возражение против автоматизированного решения',
  restriction: 'требование об ограничении обработки персональных данных',
  portability: 'требование передать персональные данные в машиночитаемом виде',
  'interest-objection': 'возражение против обработки на основании законного интереса',
  other: 'обращение по вопросу обработки персональных данных',
};

export const channelWords: Record<RequestChannel, string> = {
  email: 'электронная почта',
  dashboard: 'личный кабинет',
  post: 'почта',
  'in-person': 'лично',
  portal: 'форма на сайте',
};

/** Where a request stands, in the words of the card. */
export const stateWords: Record<RequestState, string> = {
  received: 'получено',
  'identity-asked': 'запрошено подтверждение личности',
  identified: 'личность подтверждена',
  collecting: 'сведения собираются',
  draft: 'ответ готовится',
  erasing: 'уничтожение по плану',
  answered: 'ответ направлен',
  refused: 'направлен отказ',
  withdrawn: 'отозвано заявителем',
  closed: 'закрыто',
};
