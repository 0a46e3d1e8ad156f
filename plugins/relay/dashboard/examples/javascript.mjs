const token = process.env.SROK_TOKEN ?? 'YOUR_TOKEN';
const url = '{{address}}/relay/v1';
const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };

// On your server: a ticket for a page. It opens one connection; the token stays with you.
const order = { channels: ['{{channel}}'], rights: ['subscribe'], seconds: 60 };
const asked = await fetch(`${url}/tickets`, { method: 'POST', headers, body: JSON.stringify(order) });
if (!asked.ok) throw new Error(await asked.text());
const { ticket } = await asked.json();

// In the page: connect with the ticket and listen.
const socket = new WebSocket(`${url.replace('http', 'ws')}/connect`, ['srok.v1', `ticket.${ticket}`]);
socket.onopen = () => socket.send(JSON.stringify({ subscribe: '{{channel}}' }));
socket.onmessage = async ({ data }) => {
  const frame = JSON.parse(data);
  if (frame.subscribed) await publish();
  if (frame.data === undefined) return;
  console.log(frame.channel, frame.offset, frame.data);
  socket.close();
};

// On your server again: publish.
async function publish() {
  const body = JSON.stringify({ hello: 'world' });
  const answer = await fetch(`${url}/channels/{{path}}/messages`, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(await answer.text());
}
