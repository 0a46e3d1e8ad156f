#!/usr/bin/env node
// Plain JavaScript for any Node: hands over to the Node that comes with the package when this one is older.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = 24;

function findNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  try {
    const folder = dirname(modules.createRequire(import.meta.url).resolve(`${name}/package.json`));
    for (const file of ['bin/node', 'bin/node.exe', 'node.exe']) {
      if (existsSync(join(folder, file))) return join(folder, file);
    }
  } catch {
    // said below
  }
  console.error(
    `Srok needs Node ${wanted}; this is ${process.version}, and the package ${name} is not installed. Run npm ci, or install Node ${wanted}.`,
  );
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) >= wanted) {
  // Compiled code is kept between runs, in a folder of the package and never in one that others may write to.
  modules.enableCompileCache?.(join(root, 'node_modules', '.cache', 'srok'));
  const { main } = await import('../srok.ts');
  await main();
} else {
  const child = spawn(findNode(), [join(root, 'srok.ts'), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
}
