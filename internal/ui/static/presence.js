// @ts-check
// Says that this request is open here, and whether somebody types in it: every
// 15 seconds, and at once when typing begins or ends.

/** @param {HTMLElement} main */
export default function presence(main) {
  const path = `${main.dataset.path}/here`;
  const csrf = main.dataset.csrf ?? '';
  let typing = false;
  let quiet = 0;
  const body = (/** @type {string} */ state) => new URLSearchParams({ csrf, now: state });
  const say = (state) => { fetch(path, { method: 'POST', body: body(state) }).catch(() => {}); };
  const set = (on) => {
    if (on === typing) return;
    typing = on;
    say(on ? 'typing' : 'looking');
  };
  document.addEventListener('input', (e) => {
    if (!(e.target instanceof Element) || !e.target.closest('.composer')) return;
    set(true);
    clearTimeout(quiet);
    quiet = setTimeout(() => set(false), 8000);
  });
  say('looking');
  setInterval(() => { if (!document.hidden) say(typing ? 'typing' : 'looking'); }, 15000);
  addEventListener('pagehide', () => { navigator.sendBeacon(path, body('left')); });
}
