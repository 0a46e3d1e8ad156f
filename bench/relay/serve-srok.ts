import { addEdition } from '../../core/cli/demo/chapters/people.ts';
import { register, type World } from '../../core/cli/demo/world.ts';
import { createApp } from '../../main.ts';

/*
 * The whole service with its relay, over a PostgreSQL that runs beside it:
 *   node bench/relay/serve-srok.ts HOME DATABASE_URL
 * Its port and the tokens of its projects come on the standard output.
 */

const [home, databaseUrl] = process.argv.slice(2) as [string, string];
const projects = 12; // a scenario each, so that no limit of a day is reached

const app = await createApp({ home, databaseUrl, operator: 'qsockets', cron: false, port: 0 });
const { engine } = app;
const world = { app, clock: engine.clock, users: new Map() } as unknown as World;
await addEdition(world, 'offer-2026-04-30.md', 'offer', '2026-04-30', '2026-04-30');
await addEdition(world, 'policy-2026-04-30.md', 'policy', '2026-04-30', '2026-04-30');
const user = await register(world, 'bench', { name: 'Нагрузочный Тест', email: 'bench@users.example.org' });
const tokens: string[] = [];
for (let made = 0; made < projects; made++) {
  const name = `bench ${made}`;
  const { body } = await user.browser.send('POST', '/api/v1/projects', { name, plan: 'business' });
  const about = body.project.id as string;
  const fields = { months: 1, kopecks: 0 };
  await engine.db.transaction((trx) =>
    engine.report(trx, {
      ...{ name: 'payment.succeeded', about, at: engine.clock.now(), subject: user.subject, fields },
    }),
  );
  const issued = await user.browser.send('POST', `/api/v1/projects/${about}/tokens`, { name });
  tokens.push(issued.body.token);
}
console.log(JSON.stringify({ port: Number(new URL(app.url).port), tokens }));
process.on('disconnect', async () => {
  await app.close();
  process.exit();
});
