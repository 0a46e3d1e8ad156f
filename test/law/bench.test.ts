import { expect } from 'chai';
import { cedarPolicies, jsonRules, srok } from '../../bench/law/engines.ts';
import { applying, questionsOf, type Subject, subjectsOf } from '../../bench/law/questions.ts';
import { loadLaws } from '../../core/law/index.ts';

describe('the questions of the benchmark', () => {
  it('are decided alike by the law, by json-rules-engine and by Cedar', async () => {
    const laws = await loadLaws({ root: new URL('../../policies/', import.meta.url) });
    const subjects = [...laws].flatMap(([name, law]) => subjectsOf(name, law));
    const byId = new Map(subjects.map((subject) => [subject.id, subject]));
    const deciders = [srok(laws), jsonRules(subjects), cedarPolicies(subjects)];
    for (const question of questionsOf(subjects, 300)) {
      const clauses = applying(byId.get(question.subject.id) as Subject, question);
      const expected = [...new Set(clauses.map(({ rule }) => rule))].sort();
      for (const decider of deciders) {
        const found = decider.rulesOf(await decider.prepare(question)());
        expect(found, `${decider.name}: ${question.subject.id} on ${question.day}`).to.deep.equal(expected);
      }
    }
  });
});
