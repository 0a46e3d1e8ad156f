import { file, page, type RouteDefinition, redirect, route } from '../http/index.ts';
import { requisites } from '../law/index.ts';
import { homeOf } from './menu.ts';
import { editionsToSee, register } from './registration.ts';
import { form, line, maybe, type Shared } from './shared.ts';

/** What anyone may see: the front page, the documents and their editions, published notices, registration. */
export function publicRoutes(shared: Shared): RouteDefinition[] {
  const { db, consents, letters, law } = shared;
  const { operator } = law;
  const contacts = {
    name: operator.name,
    stated: requisites(operator),
    email: operator.email,
    dpo: operator.dpo,
    complaint: operator.complaint,
    rights: operator.rightsHowTo,
  };
  const registerPage = async (model: object) =>
    page('public/register', {
      ...(await editionsToSee(shared, shared.today().today)),
      passwordLength: operator.security.passwordLength,
      age: operator.age,
      ...model,
    });

  return [
    route({
      method: 'get',
      path: '/',
      roles: 'public',
      handler: (call) =>
        call.actor
          ? redirect(homeOf(call.actor, shared))
          : page('public/home', { contacts, relays: shared.projects !== undefined }),
    }),
    route({ method: 'get', path: '/help', roles: 'public', handler: () => page('public/help', { contacts }) }),
    route({
      method: 'get',
      path: '/documents',
      roles: 'public',
      async handler() {
        const { today } = shared.today();
        const documents = await Promise.all(
          operator.documents.map(async ({ id, title }) => ({
            title,
            current: await consents.editions.current(db, id, today),
            editions: await consents.editions.list(db, id),
          })),
        );
        return page('public/documents', { documents: documents.filter(({ editions }) => editions.length > 0) });
      },
    }),
    route({
      method: 'get',
      path: '/documents/:id',
      roles: 'public',
      async handler(call) {
        const edition = await consents.editions.get(db, call.params.id ?? '');
        const bytes = await consents.editions.bytes(db, edition.id);
        const text = edition.mime.startsWith('text/') ? bytes.toString('utf8') : null;
        return page('public/edition', { edition, text, summary: await consents.summary(edition.id) });
      },
    }),
    route({
      method: 'get',
      path: '/documents/:id/file',
      roles: 'public',
      async handler(call) {
        const edition = await consents.editions.get(db, call.params.id ?? '');
        const name = `${edition.document}-${edition.effectiveOn}.${extension(edition.mime)}`;
        return file(await consents.editions.bytes(db, edition.id), edition.mime, name);
      },
    }),
    route({
      method: 'get',
      path: '/notices',
      roles: 'public',
      handler: async (call) => page('public/notices', { notices: await letters.publications({ locale: call.locale }) }),
    }),
    route({
      method: 'get',
      path: '/register',
      roles: 'public',
      form: true,
      handler: (call) => (call.actor ? redirect(homeOf(call.actor, shared)) : registerPage({ values: {} })),
    }),
    route<{
      email: string;
      password: string;
      name: string;
      position?: string;
      born?: string;
      accepts?: string[];
      acquaints?: string[];
    }>({
      method: 'post',
      path: '/register',
      roles: 'public',
      form: true,
      limit: { name: 'register', points: 10, seconds: 60 },
      body: form(
        { name: line(), email: { type: 'string', format: 'email', maxLength: 254 }, password: line(1024) },
        {
          position: maybe(),
          born: { anyOf: [{ const: '' }, { type: 'string', format: 'date' }] },
          accepts: { type: 'array', items: maybe(64), maxItems: 20 },
          acquaints: { type: 'array', items: maybe(64), maxItems: 20 },
        },
      ),
      redraw({ body }, problems) {
        const { password: _, ...values } = body;
        return registerPage({ values, problems });
      },
      async handler(call) {
        const { accepts = [], acquaints = [], born, ...person } = call.body;
        await register(shared, { ...person, ...(born ? { born } : {}), locale: call.locale, accepts, acquaints });
        call.flash(shared.words(call).t('Учётная запись создана. Войдите со своей почтой и паролем.'));
        return redirect('/auth/login');
      },
    }),
  ];
}

function extension(mime: string): string {
  const known: Record<string, string> = { 'application/pdf': 'pdf', 'text/html': 'html', 'text/markdown': 'md' };
  return known[mime.split(';')[0] ?? ''] ?? 'txt';
}
