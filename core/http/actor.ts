/** The roles of the house, a closed list. `admin` runs the installation and sees no personal data by default. */
export const roles = ['dpo', 'dpo-assistant', 'specialist', 'auditor', 'billing', 'admin', 'relay-user'] as const;

export type Role = (typeof roles)[number];

/** Who is asking. The name is for screens only: journal and logs carry the ids. */
export interface Actor {
  account: string; // acc_…
  subject: string | null; // sub_…; null for staff
  roles: readonly Role[];
  name: string;
  locale?: Locale;
}

export type Locale = 'ru' | 'en';
export type Theme = 'system' | 'light' | 'dark';
