// @ts-check
// A list whose choice changes the rest of the form: the page comes again with it.

/** @param {HTMLSelectElement} select */
export default function chosen(select) {
  select.addEventListener('change', () => { location.assign(`${select.dataset.go}${encodeURIComponent(select.value)}#compose`); });
}
