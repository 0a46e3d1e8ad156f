import { hash } from 'node:crypto';
import { Refusal } from '../../../core/index.ts';
import { checkChannel } from '../channel.ts';

const channelForm = /^[A-Za-z0-9_\-=@,.;]{1,200}$/;
const socketForm = /^\d{1,20}\.\d{1,20}$/;
const nameLength = 200;
const markLength = 16;
const reserved = /^pusher(_internal)?:/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is they that are looked for
const control = /[\u0000-\u001f\u007f-\u009f]/;

/** What a message is called whose publisher gave it no name. */
export const unnamed = 'message';

/** The first words of names that mean more than we offer; the longest come first. */
const notOffered: readonly { begins: RegExp; code: string; what: string }[] = [
  { begins: /^#/, code: 'pusher.no-users', what: 'Channels of signed-in users' },
  { begins: /^((private-encrypted|private|presence)-)?cache-/, code: 'pusher.no-cache', what: 'Cache channels' },
  { begins: /^private-encrypted-/, code: 'pusher.no-encryption', what: 'Encrypted channels' },
  { begins: /^presence-/, code: 'pusher.no-presence', what: 'Presence channels' },
];

/**
 * A channel that this protocol can name and that we offer.
 * @throws Refusal `channel.bad-name` | `pusher.no-users` | `pusher.no-cache` | `pusher.no-encryption` | `pusher.no-presence`
 */
export function checkName(name: unknown): string {
  const kind = typeof name === 'string' && notOffered.find(({ begins }) => begins.test(name));
  if (kind) throw new Refusal(kind.code, 'invalid', { message: `${kind.what} are not offered here.` });
  if (typeof name === 'string' && channelForm.test(name)) return checkChannel(name);
  throw new Refusal('channel.bad-name', 'invalid', {
    field: 'channel',
    message: 'A channel name has 1 to 200 of the letters A to Z and a to z, digits and _ - = @ , . ;',
  });
}

/** Whether readers of this protocol could subscribe to a channel of that name. */
export function isNameable(name: string): boolean {
  return channelForm.test(name) && !notOffered.some(({ begins }) => begins.test(name));
}

/** Must whoever subscribes show that the owner's program allows it? */
export function isPrivate(channel: string): boolean {
  return channel.startsWith('private-');
}

/** The name of an event, which is the type of its message. @throws Refusal `event.bad-name` */
export function checkEvent(name: unknown): string {
  const good = typeof name === 'string' && name.length > 0 && name.length <= nameLength && name.isWellFormed();
  if (good && !control.test(name) && !reserved.test(name)) return name;
  throw new Refusal('event.bad-name', 'invalid', {
    field: 'name',
    message: `An event name has 1 to ${nameLength} characters and does not begin with pusher: or pusher_internal:.`,
  });
}

/** What a message of that type is called here. Nobody but us speaks in the name of the protocol itself. */
export function eventOf(type: string | null): string {
  return type === null || reserved.test(type) ? unnamed : type;
}

/** The name of a connection that is to be left out. @throws Refusal `socket.bad-id` */
export function checkSocket(id: unknown): string {
  if (typeof id === 'string' && socketForm.test(id)) return id;
  throw new Refusal('socket.bad-id', 'invalid', { field: 'socket_id', message: 'A socket id is digits.digits.' });
}

/** What is kept of the name of a connection: who has it says nothing of the name, and finds no other. */
export function markOf(socket: string): string {
  return hash('sha256', socket, 'base64url').slice(0, markLength);
}
