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
  closed: 'закрыто',
};

/** Names of the fields that stores hand out, for people. A field without a name here is printed as it is. */
export const fieldWords: Readonly<Record<string, string>> = {
  about: 'К чему относится',
  account: 'Учётная запись',
  acceptedAt: 'Время акцепта',
  accepted_at: 'Время акцепта',
  amount: 'Сумма',
  at: 'Время',
  because: 'Основание',
  categories: 'Категории',
  channel: 'Канал',
  count: 'Количество',
  created_at: 'Создано',
  createdAt: 'Создано',
  device: 'Устройство',
  document: 'Документ',
  edition: 'Редакция',
  email: 'Электронная почта',
  eraseBy: 'Уничтожить до',
  fact: 'Событие',
  from: 'С',
  ground: 'Основание',
  id: 'Идентификатор',
  ip: 'IP-адрес',
  issued_on: 'Дата выставления',
  kind: 'Вид',
  kopecks: 'Сумма, копеек',
  last_active_on: 'Последняя активность',
  locale: 'Язык',
  madeOn: 'Дата',
  months: 'Месяцев',
  name: 'Имя',
  number: 'Номер',
  paid_at: 'Оплачено',
  plan: 'Тариф',
  position: 'Должность',
  project: 'Проект',
  received_at: 'Получено',
  receivedAt: 'Получено',
  registered_at: 'Дата регистрации',
  state: 'Состояние',
  subject: 'Тема',
  text: 'Текст',
  title: 'Название',
  until: 'По',
  url: 'Адрес',
  user_agent: 'Программа',
};
