// @ts-check
// A call while it is written down: who calls is looked up while the number is
// typed, what fits is shown while the words are, and all of it is kept on the
// server. A piece of the page that has the focus is not taken away.

const WAIT = 300;

/** @param {HTMLFormElement} form */
export default function call(form) {
  const q = /** @type {HTMLInputElement} */ (form.querySelector('#q'));
  const said = /** @type {HTMLTextAreaElement} */ (form.querySelector('#said'));
  const state = form.querySelector('[data-state]');
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (form.querySelector(`[data-${name}]`));
  let timer = 0;
  let whom = false; // the caller is to be looked up too
  let done = false;
  let turn = 0;

  /** Puts new content in place, and the focus and caret back where they were.
   * @param {HTMLElement} old @param {Element | null} fresh */
  function swap(old, fresh) {
    if (!fresh || old.innerHTML === fresh.innerHTML) return;
    const at = document.activeElement;
    const inside = at instanceof HTMLElement && old.contains(at) ? at : null;
    if (inside instanceof HTMLInputElement && !['radio', 'hidden'].includes(inside.type)) {
      const same = fresh.querySelector(`#${CSS.escape(inside.id)}`);
      if (!same) return; // it is being typed in: next time
      const { selectionStart: from, selectionEnd: to, value } = inside;
      old.replaceChildren(...fresh.childNodes);
      /** @type {HTMLInputElement} */ (same).value = value;
      /** @type {HTMLInputElement} */ (same).focus();
      try { /** @type {HTMLInputElement} */ (same).setSelectionRange(from, to); } catch { /* a date has no caret */ }
      return;
    }
    const name = inside?.getAttribute('name');
    const value = /** @type {HTMLInputElement | null} */ (inside)?.value;
    old.replaceChildren(...fresh.childNodes);
    if (!name) return;
    const again = [...old.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    const el = again.find((x) => /** @type {HTMLInputElement} */ (x).value === value) ?? again[0];
    /** @type {HTMLElement | undefined} */ (el)?.focus();
  }

  /** @param {string} html */
  const parsed = (html) => new DOMParser().parseFromString(html, 'text/html').body;
  const filled = () => new URLSearchParams(/** @type {any} */ (new FormData(form)));

  async function look() {
    const person = /** @type {HTMLInputElement | null} */ (form.querySelector('[name=person]:checked, [name=person][type=hidden]'));
    const picked = document.activeElement?.getAttribute('name') === 'person' ? person?.value ?? '' : '';
    const res = await fetch(`/call/caller?${new URLSearchParams({ q: q.value, person: picked })}`);
    if (!res.ok) throw new Error(String(res.status));
    const body = parsed(await res.text());
    const name = /** @type {HTMLInputElement | null} */ (body.querySelector('[data-name]'));
    const line = /** @type {HTMLInputElement | null} */ (body.querySelector('[data-number]'));
    swap(part('caller'), body);
    const h1 = /** @type {HTMLElement} */ (form.querySelector('h1'));
    h1.dataset.was ??= h1.textContent ?? '';
    h1.textContent = name?.value || h1.dataset.was;
    const p = form.querySelector('[data-line]');
    if (p) p.textContent = line?.value ?? '';
  }

  async function ask() {
    timer = 0;
    const mine = ++turn;
    try {
      if (whom) {
        whom = false;
        await look();
      }
      const res = await fetch('/call/answers', { method: 'POST', body: filled() });
      if (!res.ok) throw new Error(String(res.status));
      const body = parsed(await res.text());
      if (mine !== turn || timer || done) return; // something newer is on its way
      for (const name of ['answers', 'say', 'outcomes']) swap(part(name), body.querySelector(`[data-${name}]`));
      if (state) state.textContent = form.dataset.saved ?? '';
    } catch {
      if (state) state.textContent = form.dataset.unsaved ?? '';
    }
  }

  function soon(/** @type {Event} */ e) {
    const name = /** @type {HTMLInputElement} */ (e.target).name;
    if (name === 'q' || name === 'person') whom = true;
    if (state) state.textContent = '';
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  }
  form.addEventListener('input', soon);
  form.addEventListener('submit', () => { done = true; clearTimeout(timer); });
  addEventListener('pageshow', () => { done = false; });
  addEventListener('pagehide', () => {
    if (timer && !done) navigator.sendBeacon('/call/answers', filled());
  });

  form.addEventListener('keydown', (e) => {
    if (e.key !== 'Enter' || e.ctrlKey || e.metaKey || !(e.target instanceof HTMLInputElement)) return;
    e.preventDefault(); // Enter goes on to the words; nothing is sent by a slip
    said.focus();
  });
  document.addEventListener('keydown', (e) => {
    if (e.key !== 'Enter' || !(e.ctrlKey || e.metaKey) || document.querySelector('dialog[open]')) return;
    e.preventDefault();
    /** @type {HTMLElement | null} */ (form.querySelector('.oc.on'))?.click();
  });
  said.addEventListener('keydown', (e) => {
    if (e.key !== 'ArrowDown' || said.selectionStart !== said.value.length) return;
    const first = /** @type {HTMLElement | null} */ (form.querySelector('.matches input:checked') ?? form.querySelector('.matches input'));
    if (first) e.preventDefault(), first.focus();
  });

  const clock = /** @type {HTMLElement | null} */ (form.querySelector('[data-seconds]'));
  if (clock) {
    const began = Date.now() - 1000 * Number(clock.dataset.seconds);
    setInterval(() => {
      const s = Math.floor((Date.now() - began) / 1000);
      clock.textContent = `${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}`;
    }, 1000);
  }
}
