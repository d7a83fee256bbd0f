// @ts-check
// The error summary takes the focus, and its links put it in the field they
// name, so that a keyboard and a screen reader start where the work is.

/** @param {HTMLElement} el */
export default function focus(el) {
  el.focus();
  el.addEventListener('click', (e) => {
    const link = e.target instanceof Element ? e.target.closest('a[href^="#"]') : null;
    const field = link && document.getElementById((link.getAttribute('href') ?? '').slice(1));
    if (!field) return;
    e.preventDefault();
    field.scrollIntoView({ block: 'center' });
    field.focus({ preventScroll: true });
  });
}
