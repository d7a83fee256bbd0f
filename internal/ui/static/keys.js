// @ts-check
// Keys of the desk. A key presses what carries it: data-key="e" is clicked, a
// field with data-key="/" takes the focus. Single keys never fire in a field,
// under a dialog, or when they are switched off (WCAG 2.1.4): data-keys="off".

/** Where G and a letter lead. @type {Record<string, string>} */
const places = { i: '/inbox', b: '/board', c: '/catalogue', r: '/rules', k: '/customers', s: '/settings' };

/** @param {EventTarget | null} target */
const typing = (target) =>
  target instanceof Element && !!target.closest('input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, [contenteditable=true], [role=textbox]');

/** @param {Element} el */
const seen = (el) => el.checkVisibility({ visibilityProperty: true });

/** The element of a key that can be used now: one in an open menu goes first. @param {string} key */
function holder(key) {
  const all = [...document.querySelectorAll(`[data-key="${CSS.escape(key)}"]`)].filter(seen);
  return all.find((el) => el.closest('details[open] > :not(summary)')) ?? all[0];
}

/** @param {Element} el */
function press(el) {
  if (el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement) {
    el.focus();
    if (el.type === 'search') el.select();
  } else if (el instanceof HTMLElement) {
    el.click();
    if (el.localName === 'summary') opened(el);
  }
}

/** The first choice of a menu that was just opened. @param {HTMLElement} summary */
function opened(summary) {
  const menu = summary.parentElement;
  if (menu instanceof HTMLDetailsElement && menu.open) {
    /** @type {HTMLElement | null} */ (menu.querySelector(':scope > :not(summary) :is(a, button, input)'))?.focus();
  }
}

/** Up and down in a menu, Esc out of it. @param {KeyboardEvent} e @param {HTMLDetailsElement} menu */
function inMenu(e, menu) {
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll(':scope > :not(summary) :is(a, button)')]);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (step) items[(at + step + items.length) % items.length]?.focus();
  if (e.key === 'Escape') {
    menu.open = false;
    menu.querySelector('summary')?.focus();
  }
  return !!step || e.key === 'Escape';
}

/** @param {HTMLElement} rail */
export default function keys(rail) {
  const help = /** @type {HTMLDialogElement | null} */ (document.getElementById('help'));
  const show = () => help?.showModal();
  for (const b of document.querySelectorAll('[data-help]')) {
    b.addEventListener('click', (e) => {
      e.preventDefault();
      show();
    });
  }
  // A menu closes when the work goes on elsewhere.
  document.addEventListener('click', (e) => {
    for (const d of document.querySelectorAll('details.menu[open]')) {
      if (e.target instanceof Node && !d.contains(e.target)) d.removeAttribute('open');
    }
  });
  let chord = 0;
  document.addEventListener('keydown', (e) => {
    if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    const menu = e.target instanceof Element ? e.target.closest('details.menu[open]') : null;
    if (menu instanceof HTMLDetailsElement && inMenu(e, menu)) return e.preventDefault();
    if (e.key === 'Escape' && typing(e.target)) return /** @type {HTMLElement} */ (e.target).blur();
    if (document.body.dataset.keys === 'off' || typing(e.target) || document.querySelector('dialog[open]')) return;
    const key = e.key.toLowerCase();
    const after = Date.now() - chord < 1200;
    chord = 0;
    if (after && places[key]) {
      const to = places[key];
      e.preventDefault();
      if (rail.querySelector(`a[href="${to.split('?')[0]}"]`)) location.assign(to);
      return;
    }
    if (e.key === '?') return e.preventDefault(), show();
    if (e.key === 'C' && e.shiftKey) return e.preventDefault(), rail.querySelector('a[href="/call"]') && location.assign('/call');
    if (e.shiftKey || key.length !== 1) return;
    if (key === 'g') return void (chord = Date.now());
    const el = holder(key);
    if (!el) return;
    e.preventDefault();
    press(el);
  });
}
