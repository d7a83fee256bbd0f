// @ts-check
// Keeps what is typed as a draft: on the server a second after typing stops,
// in the browser while that cannot be reached.

/** @param {HTMLFormElement} form */
export default function draft(form) {
  const text = /** @type {HTMLTextAreaElement|null} */ (form.querySelector('#msg'));
  if (!text) return;
  const state = form.querySelector('[data-state]');
  const key = `draft ${form.dataset.draft} ${form.dataset.tab}`;
  let timer = 0;
  let sent = false;
  const say = (words) => { if (state) state.textContent = words ?? ''; };
  const body = () => new URLSearchParams({ csrf: form.csrf.value, tab: form.dataset.tab ?? '', seen: form.seen.value, text: text.value });

  /** One after the other, that an older text never comes in last. */
  let last = Promise.resolve();
  const save = () => (last = last.then(keep));
  const keep = async () => {
    timer = 0;
    const now = text.value;
    try {
      const res = await fetch(form.dataset.draft ?? '', { method: 'POST', body: body() });
      if (!res.ok) throw new Error(String(res.status));
      localStorage.removeItem(key);
      if (text.value === now) say(form.dataset.saved);
    } catch {
      try { localStorage.setItem(key, text.value); say(form.dataset.local); } catch { /* no room: it stays on the page */ }
    }
  };
  text.addEventListener('input', () => {
    say('');
    clearTimeout(timer);
    timer = setTimeout(save, 1000);
  });
  form.addEventListener('submit', () => { sent = true; clearTimeout(timer); localStorage.removeItem(key); });
  addEventListener('online', () => { if (localStorage.getItem(key) !== null) save(); });
  document.addEventListener('balie:leave', (e) => {
    if (timer) clearTimeout(timer), /** @type {CustomEvent} */ (e).detail.wait.push(save());
  });
  addEventListener('pagehide', () => {
    if (timer && !sent) navigator.sendBeacon(form.dataset.draft ?? '', body());
  });

  const kept = localStorage.getItem(key);
  if (kept !== null && kept !== text.value) {
    text.value = kept;
    text.dispatchEvent(new Event('input', { bubbles: true }));
  }
}
