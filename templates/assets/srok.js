// Small helps only: every page works without them.
document.addEventListener('click', async (event) => {
  const copy = event.target.closest('[data-copy]');
  if (copy) {
    const source = document.getElementById(copy.dataset.copy);
    await navigator.clipboard.writeText(source.textContent.trim());
    copy.textContent = copy.dataset.done;
  }
  if (event.target.closest('[data-print]')) window.print();
  for (const open of document.querySelectorAll('.top details[open]')) {
    if (!open.contains(event.target)) open.removeAttribute('open');
  }
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  for (const open of document.querySelectorAll('.top details[open]')) {
    open.removeAttribute('open');
    open.querySelector('summary').focus();
  }
});
// More lines of a list at once; without a script the server draws them.
document.addEventListener('click', (event) => {
  const more = event.target.closest('[data-more-lines]');
  if (!more) return;
  event.preventDefault();
  const lines = more.form.querySelector('[data-lines]');
  const first = lines.children.length + 1;
  for (let at = first; at < first + 3; at++) lines.append(emptyLine(lines.lastElementChild, at));
  lines.querySelector(`.line:nth-child(${first}) input`).focus();
});
function emptyLine(like, at) {
  const line = like.cloneNode(true);
  for (const wrong of line.querySelectorAll('.error')) wrong.remove();
  line.classList.remove('wrong');
  for (const input of line.querySelectorAll('input')) {
    input.id = input.id.replace(/\d+$/, at);
    input.setAttribute('value', '');
    input.value = '';
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
  }
  for (const label of line.querySelectorAll('label')) {
    label.htmlFor = label.htmlFor.replace(/\d+$/, at);
    const text = label.querySelector('span') ?? label;
    text.textContent = text.textContent.replace(/\d+/, at);
  }
  return line;
}
// A second click must not send a form twice.
document.addEventListener('submit', (event) => {
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = 'yes';
  event.submitter?.setAttribute('aria-busy', 'true');
});
// Coming back by the browser's button finds a form that can be sent again.
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});
for (const hidden of document.querySelectorAll('[data-script]')) hidden.hidden = false;
