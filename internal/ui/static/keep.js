// @ts-check
// What is typed outlives the end of a session: it is kept in this tab until the
// form was taken, and comes back to the page it was typed on.
//
// data-balie="keep" on a form keeps its texts; on the page that says that the
// session has ended it says that they are kept.

const SENT = 'balie-sent';

/** @param {HTMLFormElement} form @param {Element} field */
const nameOf = (form, field) => `balie-kept ${location.pathname} ${form.getAttribute('action') ?? ''} ${field.getAttribute('name')}`;

/** @param {HTMLElement} el */
export default function keep(el) {
  if (!(el instanceof HTMLFormElement)) {
    // The form was refused: what it held is still wanted.
    sessionStorage.removeItem(SENT);
    const any = Object.keys(sessionStorage).some((k) => k.startsWith('balie-kept '));
    el.toggleAttribute('hidden', !any);
    return;
  }
  const fields = /** @type {(HTMLTextAreaElement | HTMLInputElement)[]} */ ([...el.querySelectorAll('textarea[name], input[type=text][name]')]);
  const sent = sessionStorage.getItem(SENT);
  for (const f of fields) {
    const name = nameOf(el, f);
    const kept = sessionStorage.getItem(name);
    if (kept !== null && (sent === name.split(' ').slice(0, 3).join(' ') || kept === f.value)) sessionStorage.removeItem(name);
    else if (kept !== null && f.value === f.defaultValue) {
      f.value = kept;
      f.dispatchEvent(new Event('input', { bubbles: true }));
    }
    f.addEventListener('input', () => sessionStorage.setItem(name, f.value));
  }
  sessionStorage.removeItem(SENT);
  el.addEventListener('submit', () => {
    if (fields[0]) sessionStorage.setItem(SENT, nameOf(el, fields[0]).split(' ').slice(0, 3).join(' '));
  });
}
