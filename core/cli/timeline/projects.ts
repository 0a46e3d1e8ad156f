import type { Note } from './entries.ts';
import type { Told } from './told.ts';

const states: Record<string, string> = {
  'project.created': 'created',
  'project.activated': 'active',
  'project.suspended': 'suspended',
  'project.deleted': 'deleted',
};

/** What the facts of a scenario say of projects; how a project goes on by itself is known to the plugin that runs it. */
export function createProjects(note: Note) {
  const now = new Map<string, string>();

  return {
    hear({ name, about, at }: Told): void {
      const to = states[name];
      const from = now.get(about) ?? null;
      if (!to || to === from) return;
      now.set(about, to);
      note({ at, kind: 'state', about, from, to, because: null });
    },
  };
}
