import { readFileSync } from 'node:fs';
import { runCli } from './core/cli/index.ts';

/*
 * The command line of this process. A question to the law needs neither a database nor a web server: the installation,
 * `main.ts`, is loaded only by the commands that open one, so that the others answer at once.
 */

const root = new URL('./', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
const installation = () => import('./main.ts');

/** Runs the command line. The launcher calls it when its own Node is new enough. */
export async function main(): Promise<void> {
  await runCli(process.argv, {
    ...{ root, version },
    createApp: async (options) => (await installation()).createApp(options),
    stores: async (law) => (await installation()).declaredStores(law),
  });
}

if (import.meta.main) await main();
