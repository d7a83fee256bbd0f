// @ts-check
// A button that prints the page. Without script it is not there: the file as
// PDF is.

/** @param {HTMLButtonElement} el */
export default function bind(el) {
  el.hidden = false;
  el.addEventListener('click', () => print());
}
