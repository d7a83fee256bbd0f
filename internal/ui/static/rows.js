// @ts-check
// Rows as the server shows them now, put in place of those of the page. Nothing
// moves: a row keeps its place also when it would stand elsewhere, one that has
// left the list is dimmed, and new ones wait behind a bar until it is pressed.

/** In place of what a selector finds, or at the end. @param {string} selector @param {Element | null} el @param {Element} parent */
export function put(selector, el, parent) {
  const old = parent.querySelector(selector);
  if (!el) old?.remove();
  else if (old) old.replaceWith(el);
  else parent.append(el);
}

/** @param {Element} list @param {string} id @returns {HTMLElement | null} */
const rowOf = (list, id) => list.querySelector(`.row[data-id="${CSS.escape(id)}"]`);

/** @param {HTMLElement} old @param {Element} row */
function replace(old, row) {
  const box = /** @type {HTMLInputElement | null} */ (old.querySelector('input[type=checkbox]'));
  const to = /** @type {HTMLInputElement | null} */ (row.querySelector('input[type=checkbox]'));
  if (box && to) to.checked = box.checked;
  const focused = old.contains(document.activeElement) && document.activeElement;
  for (const c of ['cur', 'sel']) row.classList.toggle(c, old.classList.contains(c));
  old.replaceWith(row);
  if (focused) /** @type {HTMLElement | null} */ (row.querySelector(focused.localName === 'input' ? 'input' : 'a'))?.focus({ preventScroll: true });
}

/** @param {HTMLElement} list @param {HTMLElement} row */
function gone(list, row) {
  row.classList.add('gone');
  row.removeAttribute('data-ticks');
  const box = /** @type {HTMLInputElement | null} */ (row.querySelector('input[type=checkbox]'));
  if (box) box.checked = false;
  const st = row.querySelector('.st');
  if (st) (st.className = 'st done'), (st.textContent = list.querySelector('template[data-gone]')?.innerHTML ?? '');
}

/** The bar that says how many are new. @param {HTMLElement} list @param {Set<string>} waiting */
function bar(list, waiting) {
  const b = /** @type {HTMLElement | null} */ (list.querySelector('.newbar'));
  if (!b || !waiting.size) return;
  b.hidden = false;
  const words = b.querySelector('span');
  if (words) words.textContent = (waiting.size === 1 ? b.dataset.single : b.dataset.many?.replace('{n}', String(waiting.size))) ?? '';
}

/** Numbers of the views, of the rail and of the list. @param {Element} doc */
function numbers(doc) {
  for (const d of doc.querySelectorAll('data[data-view]')) {
    for (const el of document.querySelectorAll(`[data-count="${CSS.escape(d.getAttribute('data-view') ?? '')}"]`)) {
      el.textContent = d.getAttribute('value');
      el.classList.toggle('hot', d.classList.contains('hot'));
    }
  }
  const late = doc.getAttribute('data-late') ?? '0';
  for (const n of document.querySelectorAll('.rail a[href="/inbox"] .n')) {
    n.textContent = late;
    n.toggleAttribute('hidden', late === '0');
  }
  const total = /** @type {HTMLElement | null} */ (document.querySelector('[data-total]'));
  const here = document.querySelector('.views a[aria-current] [data-count]');
  if (total && here) total.textContent = total.dataset.total?.replace('{n}', here.textContent ?? '') ?? '';
  const at = document.querySelector('[data-updated]');
  if (at) at.textContent = doc.querySelector('time')?.textContent ?? '';
}

/** @type {Set<string>} */
const waiting = new Set();

/** Asks for rows by their ids, and for all that changed since the last time. @param {HTMLElement} list @param {string[]} ids @param {boolean} auto */
export async function fresh(list, ids, auto) {
  const url = new URL(list.dataset.rows ?? '', location.href);
  url.searchParams.set('ids', ids.slice(0, 100).join(','));
  url.searchParams.set('lang', document.documentElement.lang);
  url.searchParams.set('since', list.dataset.version ?? '');
  const res = await fetch(url, { headers: { Accept: 'text/html', ...(auto ? { 'X-Balie-Auto': '1' } : {}) } }).catch(() => null);
  if (!res?.ok) return;
  const doc = new DOMParser().parseFromString(await res.text(), 'text/html').querySelector('[data-version]');
  if (!doc) return;
  list.dataset.version = doc.getAttribute('data-version') ?? '';
  const whole = !list.querySelector('[data-more]');
  for (const row of doc.querySelectorAll('.row[data-id]')) {
    const id = row.getAttribute('data-id') ?? '';
    const old = rowOf(list, id);
    if (old) replace(old, row);
    else if (whole || row.hasAttribute('data-opened')) waiting.add(id);
  }
  for (const el of doc.querySelectorAll('[data-gone]')) {
    const id = el.getAttribute('data-gone') ?? '';
    waiting.delete(id);
    const row = rowOf(list, id);
    if (row) gone(list, row);
  }
  numbers(doc);
  bar(list, waiting);
}

/** Puts the next piece behind what is there. @param {HTMLElement} list @param {HTMLAnchorElement} more */
async function next(list, more) {
  more.setAttribute('aria-busy', 'true');
  const res = await fetch(more.href, { headers: { Accept: 'text/html' } }).catch(() => null);
  if (!res?.ok) return location.assign(more.href);
  const doc = new DOMParser().parseFromString(await res.text(), 'text/html');
  more.parentElement?.remove();
  for (const part of doc.querySelectorAll('.list > section')) {
    const last = list.querySelector(':scope > section:last-of-type');
    const rows = [...part.querySelectorAll('ol > .row')].filter((r) => !rowOf(list, r.getAttribute('data-id') ?? ''));
    if (last && last.getAttribute('data-group') === part.getAttribute('data-group')) last.querySelector('ol')?.append(...rows);
    else list.append(part);
    if (rows[0]?.closest('.list') === list) /** @type {HTMLElement | null} */ (list.querySelector('.row.cur a') ?? rows[0].querySelector('a'))?.focus({ preventScroll: true });
  }
  const again = doc.querySelector('.list > .more');
  if (again) list.append(again);
}

/** Keeps a list as it is now. @param {HTMLElement} list */
export function follow(list) {
  /** @type {Set<string>} */
  const ids = new Set();
  let soon = 0;
  const look = () => {
    soon = 0;
    if (document.hidden) return;
    const some = [...ids];
    ids.clear();
    fresh(list, some, true);
  };
  /** @param {string[]} more */
  const ask = (more) => {
    for (const id of more) if (rowOf(list, id)) ids.add(id);
    soon ||= setTimeout(look, 100 + Math.random() * 400);
  };
  const shown = (/** @type {string} */ which) => [...list.querySelectorAll(`ol > .row${which}`)].map((r) => r.getAttribute('data-id') ?? '');
  document.addEventListener('balie:news', (e) => ask(/** @type {any} */ (e).detail.here ?? []));
  document.addEventListener('balie:poll', () => ask(shown('')));
  document.addEventListener('visibilitychange', () => ask([]));
  setInterval(() => ask(shown('[data-ticks]')), 60_000); // clocks go on
  list.querySelector('.newbar')?.addEventListener('click', () => location.assign(location.href));
  list.addEventListener('click', (e) => {
    const more = e.target instanceof Element ? e.target.closest('a[data-more]') : null;
    if (!(more instanceof HTMLAnchorElement) || e.ctrlKey || e.metaKey) return;
    e.preventDefault();
    next(list, more);
  });
  if (list.getAttribute('aria-busy') === 'true') setTimeout(() => location.reload(), 2000);
}
