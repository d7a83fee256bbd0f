// @ts-check
// What changed, as the server tells it, for whoever on the page listens to
// "balie:news". The tabs of a browser share one line: one of them holds it and
// tells the others, for a browser has six connections and no more. Without a
// line the page asks every 15 seconds ("balie:poll") and says so.

const POLL = 15_000;
/** @type {BroadcastChannel | null} */
let tabs = null;

/** @param {string} type @param {unknown} detail */
const tell = (type, detail) => document.dispatchEvent(new CustomEvent(type, { detail }));

/** @param {MessageEvent} e */
function heard(e) {
  const { kind, news } = e.data;
  if (kind === 'news') tell('balie:news', news);
  if (kind === 'line') line(news);
  if (kind === 'call') import('./ring.js').then((m) => m.default(news));
}

/** Also to the other tabs. @param {'news' | 'line' | 'call'} kind @param {unknown} news */
function everywhere(kind, news) {
  heard(new MessageEvent('message', { data: { kind, news } }));
  tabs?.postMessage({ kind, news });
}

let on = true;
/** The line is there, or not. @param {boolean} now */
function line(now) {
  document.documentElement.dataset.line = now ? 'on' : 'off';
  if (now === on) return;
  on = now;
  for (const el of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-live]'))) {
    el.dataset.on ??= el.textContent ?? '';
    el.textContent = (on ? el.dataset.on : el.dataset.off) ?? '';
    el.classList.toggle('off', !on);
  }
  if (on) tell('balie:poll', null); // what was missed meanwhile
}

/** Holds the line until the server ends it. @returns {Promise<void>} */
function hold() {
  return new Promise((ended) => {
    const es = new EventSource('/live');
    /** @type {number | undefined} */
    let lost;
    es.addEventListener('hello', () => {
      clearTimeout(lost);
      lost = undefined;
      everywhere('line', true);
    });
    es.addEventListener('news', (e) => everywhere('news', JSON.parse(e.data)));
    es.addEventListener('call', (e) => everywhere('call', JSON.parse(e.data)));
    es.addEventListener('enough', () => { // one's other browsers have all there are
      es.close();
      everywhere('line', false);
      setTimeout(ended, POLL);
    });
    es.addEventListener('error', () => {
      // A restart of the server is no loss: the browser comes again by itself.
      lost ??= setTimeout(() => everywhere('line', false), 4000);
      if (es.readyState === EventSource.CLOSED) {
        clearTimeout(lost);
        everywhere('line', false);
        setTimeout(ended, POLL);
      }
    });
    addEventListener('pagehide', () => es.close(), { once: true });
  });
}

async function begin() {
  for (;;) {
    if (navigator.locks) await navigator.locks.request('balie-live', hold);
    else await hold();
  }
}

/** @param {HTMLElement} el */
export default function live(el) {
  if ('BroadcastChannel' in window) {
    tabs = new BroadcastChannel('balie-live');
    tabs.addEventListener('message', heard);
  }
  // After the page itself: a line that stays open must not hold it up.
  setTimeout(begin, 300);
  setInterval(() => {
    if (!on && !document.hidden) tell('balie:poll', null);
  }, POLL);
  const banner = document.querySelector('[data-offline]');
  const look = () => banner?.toggleAttribute('hidden', navigator.onLine);
  addEventListener('offline', () => (line(false), look()));
  addEventListener('online', () => (look(), tell('balie:poll', null)));
  look();
  void el;
}
