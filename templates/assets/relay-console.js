// A project's console: a WebSocket of the page's own, let in by a ticket. What comes is shown as text and kept nowhere.
const kept = 200;
const shownLetters = 4000;
const consoleBox = document.getElementById('console');
const words = JSON.parse(consoleBox.dataset.words);
const part = (name) => document.getElementById(`console-${name}`);
const say = (text, values = {}) => text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => String(values[name] ?? ''));
const subscriptions = new Map(); // channel → the newest offset seen, or null
const waiting = []; // while the flow is paused
let socket = null;
let paused = false;
let ref = 0;

function tell(text) {
  part('state').textContent = text;
}

/** The forms that need a connection, and the button that begins or ends one. */
function show(online) {
  for (const button of consoleBox.querySelectorAll('#console-subscribe button, #console-publish button')) {
    button.disabled = !online;
  }
  part('join').hidden = online;
  part('leave').hidden = !online;
}

async function ticketFor() {
  const choice = part('token').selectedOptions[0];
  const answer = await fetch(consoleBox.dataset.tickets, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'x-csrf-token': part('connect').elements._csrf.value,
    },
    body: JSON.stringify({ token: choice.value, channels: ['*'], rights: choice.dataset.may.split(' ') }),
  });
  if (answer.status === 401) throw new Error(words.signedOut);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail ?? said.code ?? String(answer.status));
  return said.ticket;
}

async function join() {
  part('join').disabled = true;
  try {
    tell(words.ticket);
    const ticket = await ticketFor();
    tell(words.connecting);
    const address = new URL(consoleBox.dataset.connect, location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    open(new WebSocket(address, ['srok.v1', `ticket.${ticket}`]));
  } catch (error) {
    tell(say(words.refused, { why: error.message }));
  }
  part('join').disabled = false;
}

function open(ws) {
  socket = ws;
  ws.onopen = () => {
    tell(words.online);
    show(true);
    // Back again: what came meanwhile is asked for by the last number that was seen.
    for (const [channel, after] of subscriptions)
      ws.send(JSON.stringify({ subscribe: channel, ...(after === null ? {} : { after }) }));
  };
  ws.onmessage = ({ data }) => hear(JSON.parse(data));
  ws.onclose = ({ code, reason }) => {
    if (socket !== ws) return;
    socket = null;
    show(false);
    tell(say(words.closed, { code, reason }));
  };
}

function hear(frame) {
  if (frame.subscribed !== undefined) {
    subscriptions.set(frame.subscribed, subscriptions.get(frame.subscribed) ?? frame.offset);
    listChannels();
    add(say(words.subscribed, { channel: frame.subscribed, offset: frame.offset }));
  } else if (frame.data !== undefined) {
    subscriptions.set(frame.channel, frame.offset);
    add(contentOf(frame), frame);
  } else if (frame.ack !== undefined) answer(say(words.ack, frame));
  else if (frame.lost !== undefined) add(say(words.lost, frame));
  else if (frame.error) fail(frame.error);
}

function fail({ ref: about, message, code }) {
  const why = say(words.refused, { why: message ?? code });
  if (typeof about !== 'string') return answer(why);
  subscriptions.delete(about);
  listChannels();
  add(why);
}

function answer(text) {
  const place = part('answer');
  if (place) place.textContent = text;
  else tell(text);
}

function contentOf({ data, encoding }) {
  if (encoding) return say(words.binary, { size: atob(data).length });
  return data.length > shownLetters ? `${data.slice(0, shownLetters)}…` : data;
}

/** One line more at the top of the flow, or on the heap while it is paused. */
function add(text, frame) {
  const line = document.createElement('li');
  const head = document.createElement('p');
  const body = document.createElement('pre');
  head.className = 'small muted';
  head.textContent = frame
    ? [
        new Date(frame.at).toLocaleTimeString(document.documentElement.lang),
        `${frame.channel} № ${frame.offset}`,
        frame.type,
      ]
        .filter(Boolean)
        .join(' · ')
    : new Date().toLocaleTimeString(document.documentElement.lang);
  body.textContent = text;
  line.append(head, body);
  if (paused) {
    waiting.push(line);
    if (waiting.length > kept) waiting.shift();
    part('waiting').textContent = say(words.waiting, { count: waiting.length });
  } else put(line);
}

function put(line) {
  const tail = part('tail');
  tail.prepend(line);
  while (tail.children.length > kept) tail.lastElementChild.remove();
  part('empty').hidden = true;
}

function listChannels() {
  part('channels').replaceChildren(
    ...[...subscriptions.keys()].map((channel) => {
      const line = document.createElement('li');
      const end = document.createElement('button');
      end.type = 'button';
      end.className = 'link';
      end.textContent = words.unsubscribe;
      end.setAttribute('aria-label', `${words.unsubscribe}: ${channel}`);
      end.addEventListener('click', () => {
        subscriptions.delete(channel);
        socket?.send(JSON.stringify({ unsubscribe: channel }));
        listChannels();
        part('channel').focus();
      });
      line.append(`${channel} `, end);
      return line;
    }),
  );
}

function send(form, frame) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    // These forms send no page: they may be used again at once.
    event.stopPropagation();
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame()));
  });
}

part('connect').addEventListener('submit', (event) => {
  event.preventDefault();
  event.stopPropagation();
  void join();
});
part('leave').addEventListener('click', () => socket?.close(1000));
send(part('subscribe'), () => {
  const channel = part('channel').value.trim();
  return { subscribe: channel, ref: channel, ...(part('missed').checked ? { after: 0 } : {}) };
});
if (part('publish')) {
  send(part('publish'), () => {
    const type = part('type').value.trim();
    return { publish: part('to').value.trim(), data: part('data').value, ...(type ? { type } : {}), ref: ++ref };
  });
}
part('pause').addEventListener('click', () => {
  paused = !paused;
  part('pause').textContent = paused ? words.resume : words.pause;
  part('pause').setAttribute('aria-pressed', String(paused));
  if (paused) return;
  for (const line of waiting.splice(0)) put(line);
  part('waiting').textContent = '';
});
part('clear').addEventListener('click', () => {
  waiting.length = 0;
  part('waiting').textContent = '';
  part('tail').replaceChildren();
  part('empty').hidden = false;
});
window.addEventListener('pagehide', () => socket?.close(1000));
show(false);
