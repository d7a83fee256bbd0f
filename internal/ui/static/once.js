// @ts-check
// A form is sent once per click. A second one would do no harm, the server
// knows it by its token; this only spares people the doubt.

/** @param {HTMLFormElement} form */
export default function once(form) {
  const buttons = () => form.querySelectorAll('button:not([type=button])');
  form.addEventListener('submit', (e) => {
    if (form.getAttribute('aria-busy') === 'true') return e.preventDefault();
    form.setAttribute('aria-busy', 'true');
    for (const b of buttons()) b.setAttribute('aria-disabled', 'true');
  });
  // Back from the next page: the form is as it was left, so let it be sent.
  addEventListener('pageshow', () => {
    form.removeAttribute('aria-busy');
    for (const b of buttons()) b.removeAttribute('aria-disabled');
  });
}
