// @ts-check
// A menu that is a details element: Escape and a click elsewhere close it, and
// opening it puts the focus on its first item.

/** @param {HTMLDetailsElement} el */
export default function menu(el) {
  const head = el.querySelector('summary');
  el.addEventListener('toggle', () => {
    if (!el.open) return;
    const first = el.querySelector('.pop :is(button, a, input:not([type=hidden]), select, summary)');
    if (first instanceof HTMLElement) first.focus();
  });
  el.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || !el.open) return;
    e.stopPropagation();
    el.open = false;
    head?.focus();
  });
  document.addEventListener('click', (e) => {
    if (el.open && e.target instanceof Node && !el.contains(e.target)) el.open = false;
  });
}
