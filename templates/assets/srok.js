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
