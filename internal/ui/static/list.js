// @ts-check
// The list of requests: a cursor and a selection by keys, acts on several rows
// at once, and rows that are as they are now without anything moving.
import { follow, fresh, put } from './rows.js';

/** @param {HTMLElement} list */
export default function list(list) {
  const main = /** @type {HTMLElement} */ (list.closest('main'));
  const bulk = /** @type {HTMLFormElement | null} */ (document.getElementById('bulk'));
  /** @returns {HTMLElement[]} */
  const rows = () => [...list.querySelectorAll('ol > .row')].filter((el) => el instanceof HTMLElement);
  /** @param {Element | undefined | null} row @returns {HTMLInputElement | null} */
  const box = (row) => row?.querySelector('input[type=checkbox]') ?? null;
  const current = () => /** @type {HTMLElement | null} */ (list.querySelector('.row.cur'));
  const chosen = () => rows().filter((r) => box(r)?.checked);

  /** @param {HTMLElement | undefined} row */
  function go(row) {
    if (!row) return;
    current()?.classList.remove('cur');
    row.classList.add('cur');
    row.querySelector('a')?.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }
  /** @param {number} step */
  function move(step) {
    const all = rows();
    const at = all.findIndex((r) => r.classList.contains('cur'));
    go(all[Math.max(0, Math.min(all.length - 1, at + step))]);
  }
  function count() {
    for (const r of rows()) r.classList.toggle('sel', !!box(r)?.checked);
    const n = chosen().length;
    const out = /** @type {HTMLElement | null | undefined} */ (bulk?.querySelector('[data-n]'));
    if (out && n) out.textContent = (out.dataset.n ?? '').replace('{n}', String(n));
  }
  /** @param {HTMLElement | null} row @param {boolean} to */
  function check(row, to) {
    const b = box(row);
    if (b) b.checked = to;
    count();
  }

  // Shift takes all rows from the last one that was ticked.
  /** @type {HTMLElement | null} */
  let last = null;
  list.addEventListener('click', (e) => {
    const b = e.target instanceof HTMLInputElement && e.target.type === 'checkbox' ? e.target : null;
    const row = /** @type {HTMLElement | null} */ (b?.closest('.row'));
    if (!b || !row) return;
    const all = rows();
    if (e.shiftKey && last && all.includes(last)) {
      const [x, y] = [all.indexOf(last), all.indexOf(row)].sort((p, q) => p - q);
      for (const r of all.slice(x, y + 1)) check(r, b.checked);
    }
    last = row;
    count();
  });
  list.addEventListener('focusin', (e) => {
    const row = e.target instanceof Element ? e.target.closest('ol > .row') : null;
    if (!(row instanceof HTMLElement) || row.classList.contains('cur')) return;
    current()?.classList.remove('cur');
    row.classList.add('cur');
  });

  document.addEventListener('keydown', (e) => {
    const busy = e.target instanceof Element && e.target.closest('input:not([type=checkbox]), textarea, select, details.menu[open]');
    if (e.defaultPrevented || busy || e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return;
    if (e.key === 'Escape' && chosen().length) return bulk?.reset();
    if (document.body.dataset.keys === 'off') return;
    const row = current();
    const act = {
      j: () => move(1),
      k: () => move(-1),
      x: () => row && ((last = row), check(row, !box(row)?.checked)),
      r: () => row && location.assign(`${row.querySelector('a')?.getAttribute('href')}#reply`),
    }[e.key];
    if (act) return e.preventDefault(), void act();
    // The keys of acts are for the row at the cursor when none is ticked.
    if (!e.shiftKey && row && box(row) && !chosen().length && bulk?.querySelector(`[data-key="${CSS.escape(e.key)}"]`)) check(row, true);
  }, true);
  bulk?.addEventListener('reset', () => setTimeout(count));
  addEventListener('pageshow', count);

  follow(list);

  /** What a row will most likely look like, at once. @param {HTMLElement} row @param {HTMLButtonElement | null} button */
  function foresee(row, button) {
    const act = button?.value ?? '';
    row.setAttribute('aria-busy', 'true');
    row.classList.toggle('gone', /^(resolve|spam)/.test(act));
    const who = act === 'mine' ? document.querySelector('.rail .me .av') : button?.querySelector('.av');
    const av = who && row.querySelector('.av');
    if (av) (av.className = 'av'), (av.textContent = who.textContent);
  }
  /** Rows of the last act, for its undoing. @type {Set<string | undefined>} */
  let done = new Set();
  /** Sends a form and shows what came of it; a failure puts the rows back. @param {HTMLFormElement} form @param {any} button @param {HTMLElement[]} on */
  async function send(form, button, on) {
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form, button)));
    const before = on.map((r) => /** @type {HTMLElement} */ (r.cloneNode(true)));
    for (const r of on) foresee(r, button);
    for (const d of document.querySelectorAll('details.menu[open]')) d.removeAttribute('open');
    form.reset();
    try {
      const res = await fetch(`${form.action}?lang=${document.documentElement.lang}`, { method: 'POST', body, headers: { 'X-Part': '1', Accept: 'text/html' } });
      if (res.status === 401) return location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
      if (!res.ok) throw new Error(String(res.status));
      const doc = new DOMParser().parseFromString(await res.text(), 'text/html');
      put('.toast', doc.querySelector('.toast'), document.body);
      put('[data-refused]', doc.querySelector('[data-refused]'), main);
      done = new Set(on.map((r) => r.dataset.id));
      await fresh(list, /** @type {string[]} */ ([...done]), false);
    } catch {
      on.forEach((r, i) => r.replaceWith(before[i]));
      const t = /** @type {HTMLTemplateElement | null} */ (list.querySelector('template[data-failed]'));
      put('.toast', /** @type {Element | null} */ (t?.content.firstElementChild?.cloneNode(true) ?? null), document.body);
      count();
    }
    for (const r of rows()) r.removeAttribute('aria-busy');
  }
  // What takes its time shows where the rows will be; only after 300 ms, for
  // anything sooner would flicker.
  const leave = () => setTimeout(() => {
    const t = /** @type {HTMLTemplateElement | null} */ (list.querySelector('template[data-skeleton]'));
    if (t) list.replaceChildren(t.content.cloneNode(true));
  }, 300);
  document.addEventListener('click', (e) => {
    const a = e.target instanceof Element ? e.target.closest('.views a, .viewbar a, .topbar .pop a') : null;
    if (a && !e.defaultPrevented && e.button === 0 && !e.ctrlKey && !e.metaKey && !e.shiftKey) leave();
  });
  document.querySelector('form.search')?.addEventListener('submit', leave);
  addEventListener('pageshow', (e) => e.persisted && location.reload());

  bulk?.addEventListener('submit', (e) => {
    e.preventDefault();
    send(bulk, e.submitter, chosen());
  });
  main.addEventListener('click', (e) => {
    if (!(e.target instanceof Element) || !e.target.closest('[data-close]')) return;
    e.preventDefault();
    main.querySelector('[data-refused]')?.replaceChildren();
  });
  document.addEventListener('submit', (e) => {
    const f = e.target;
    if (!(f instanceof HTMLFormElement) || !f.closest('.toast') || !f.action.endsWith('/inbox/undo')) return;
    e.preventDefault();
    send(f, e.submitter, rows().filter((r) => done.has(r.dataset.id)));
  });
}
