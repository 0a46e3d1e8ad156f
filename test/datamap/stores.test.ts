import { newId } from '../../core/base/index.ts';
import type { Trx } from '../../core/db/index.ts';
import { day, moscow, openHouse } from '../retention/house.ts';
import { holdsTheStoreContract } from './contract.ts';

/** Two people with something in every store of the rooms up to the requests. */
async function plant() {
  const house = await openHouse('2026-05-15T10:00');
  const ada = await house.aPerson();
  const bob = await house.aPerson({ email: 'bob@example.ru', name: 'Боб Чужой' });
  for (const subject of [ada, bob]) {
    await house.logged(subject, '2026-05-14', 2);
    await house.paid(subject, '2026-05-06');
    const from =
      subject === ada ? { email: 'ada@example.ru', name: 'Ада' } : { email: 'bob@example.ru', name: 'Боб Чужой' };
    const request = await house.story((trx) =>
      house.requests.receive(trx, {
        channel: 'email',
        kind: 'other',
        receivedAt: moscow('2026-05-15T09:00'),
        from,
        text: 'Вопрос',
      }),
    );
    const identity = { subject, method: 'known-address', by: 'acc_dpo' };
    await house.story((trx) => house.requests.identify(trx, request.id, identity));
    await house.story((trx) => house.requests.answer(trx, request.id, { by: 'acc_dpo', text: 'Ответ' }));
    const hold = { subject, categories: ['message'], because: 'Спор', owner: 'acc_dpo' };
    const id = await house.story((trx) =>
      house.retention.holds.place(trx, { ...hold, from: day('2026-05-01'), until: day('2026-06-01') }),
    );
    await house.story((trx) => house.retention.holds.release(trx, id, 'acc_dpo'));
    // Evidence of an earlier destruction, written as the room writes it.
    await house.db('core.destruction_ledger').insert({
      ...{ run: newId('pln', house.clock.now()), store: 'shop.profiles', system: 'ИСПДн', subject_id: subject },
      ...{ outcome: 'erased', affected: 1, remaining: 0, keys: 0, at: house.clock.now(), made_on: '2026-05-15' },
    });
    await house.db('core.erasure_plans').insert({
      ...{ id: newId('pln', house.clock.now()), subject_id: subject, cause_kind: 'request', cause_about: request.id },
      ...{ state: 'executed', erase_by: '2026-05-15', late_from: house.clock.now(), auto_at: house.clock.now() },
      ...{ due: JSON.stringify({ from: house.clock.now().toString(), digest: '' }), made_at: house.clock.now() },
      ...{ made_by: 'system', executed_at: house.clock.now(), executed_on: '2026-05-15' },
    });
  }
  const { db, vault, clock, law, journal } = house;
  return {
    datamap: house.datamap,
    ada,
    bob,
    bobsMarks: ['bob@example.ru', 'Боб'],
    story: house.story,
    context: (trx: Trx, runId: string) => ({ trx, db, vault, clock, law, journal, runId }),
    close: house.close,
  };
}

describe('every store of the rooms up to the requests', () => {
  holdsTheStoreContract(plant, [
    'shop.profiles',
    'shop.payloads',
    'shop.metadata',
    'shop.invoices',
    'obligations.facts',
    'requests.cases',
    'retention.holds',
    'retention.evidence',
  ]);
});
