import { Eta } from 'eta';
import type { SummarySection } from '../law/index.ts';

const eta = new Eta({ autoEscape: true });

const page = `<section class="summary" lang="ru">
<p class="summary-mark"><strong><%= it.mark %></strong></p>
<% for (const { heading, items } of it.sections) { %><h2><%= heading %></h2>
<ul>
<% for (const { text, clause } of items) { %><li><%= text %> <small><%= clause %></small></li>
<% } %></ul>
<% } %></section>
`;

/** The rules that are applied, as a piece of a page. */
export function summaryHtml(mark: string, sections: readonly SummarySection[]): string {
  return eta.renderString(page, { mark, sections });
}

/** The same as plain text. */
export function summaryText(mark: string, sections: readonly SummarySection[]): string {
  const parts = sections.map(({ heading, items }) =>
    [heading, ...items.map(({ text, clause }) => `— ${text} (${clause})`)].join('\n'),
  );
  return `${[mark, ...parts].join('\n\n')}\n`;
}
