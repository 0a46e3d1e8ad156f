import { Refusal } from '../base/index.ts';

const longest = 254; // RFC 5321: 256 octets of a path, less its brackets

/**
 * An address in the one form in which it is kept and compared: NFC, without spaces around it, in lower case. No dots
 * are removed and no «+» is cut: those are different mailboxes for some providers.
 * @throws Refusal `account.email-not-valid`
 */
export function normalEmail(text: string): string {
  const email = text.normalize('NFC').trim().toLowerCase();
  const [local, domain, ...more] = email.split('@');
  const well =
    more.length === 0 &&
    local !== undefined &&
    domain !== undefined &&
    /^[^\s<>"(),:;[\]\\]{1,64}$/u.test(local) &&
    /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u.test(domain);
  if (!well || Buffer.byteLength(email) > longest) {
    throw new Refusal('account.email-not-valid', 'invalid', {
      field: 'email',
      message: 'Укажите адрес электронной почты, например name@example.ru.',
    });
  }
  return email;
}

/** A full name as given, without doubled spaces. @throws Refusal `account.name-missing` */
export function normalName(text: string): string {
  const name = text.normalize('NFC').replace(/\s+/gu, ' ').trim();
  if (name === '' || name.length > 200) {
    throw new Refusal('account.name-missing', 'invalid', {
      field: 'name',
      message: 'Укажите фамилию, имя и отчество (при наличии), не длиннее 200 знаков.',
    });
  }
  return name;
}

/** Optional text: empty means none. @throws Refusal `account.position-too-long` */
export function normalPosition(text: string | null | undefined): string | null {
  const position = (text ?? '').normalize('NFC').replace(/\s+/gu, ' ').trim();
  if (position.length > 200) throw new Refusal('account.position-too-long', 'invalid', { field: 'position' });
  return position || null;
}
