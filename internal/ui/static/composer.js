// @ts-check
// The composer: Ctrl+Enter sends, Alt+I puts the catalogue's answer in, a field
// grows with its text, the preview is shown in place, chosen files are named.

/** @param {HTMLFormElement} form */
export default function composer(form) {
  const text = /** @type {HTMLTextAreaElement|null} */ (form.querySelector('#msg'));
  const button = (name) => /** @type {HTMLButtonElement|null} */ (form.querySelector(`button[name=act][value=${name}]:not(.vh)`));
  const send = /** @type {HTMLButtonElement|null} */ (form.querySelector('[data-send]'));
  const changed = () => text?.dispatchEvent(new Event('input', { bubbles: true }));

  const insert = () => {
    const b = form.querySelector('[data-insert]');
    if (!text || !(b instanceof HTMLElement)) return;
    const answer = b.dataset.insert ?? '';
    const before = text.value.replace(/\s+$/, '');
    text.value = before ? `${before}\n\n${answer}` : answer;
    text.focus();
    text.setSelectionRange(text.value.length, text.value.length);
    changed();
  };

  const preview = async () => {
    const at = form.querySelector('[data-preview]');
    if (!(at instanceof HTMLElement) || !text) return;
    const body = new URLSearchParams({ csrf: form.csrf.value, text: text.value });
    const res = await fetch(form.action.replace(/compose$/, 'preview'), { method: 'POST', body });
    if (!res.ok) return;
    at.innerHTML = await res.text(); // sanitised by the server, as it will be sent
    at.hidden = at.innerHTML === '';
  };

  form.addEventListener('click', (e) => {
    const b = e.target instanceof Element ? e.target.closest('button') : null;
    if (b?.matches('[data-insert]')) { e.preventDefault(); insert(); }
    if (b && b === button('preview')) { e.preventDefault(); b.closest('details')?.removeAttribute('open'); preview(); }
  });
  addEventListener('keydown', (e) => {
    if (e.altKey && !e.ctrlKey && e.code === 'KeyI') { e.preventDefault(); insert(); }
  });
  form.addEventListener('keydown', (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key === 'Enter' && send) { e.preventDefault(); form.requestSubmit(send); }
  });

  form.addEventListener('submit', (e) => {
    if (form.getAttribute('aria-busy') === 'true') return e.preventDefault();
    form.setAttribute('aria-busy', 'true');
  });
  addEventListener('pageshow', () => form.removeAttribute('aria-busy'));

  // The key or a click on the tab that is open goes to its text.
  form.parentElement?.querySelector('[data-here]')?.addEventListener('click', (e) => {
    if (!text) return;
    e.preventDefault();
    requestAnimationFrame(() => text.focus()); // after the key itself, which is not meant for the text
  });

  const grow = () => {
    if (!text || CSS.supports('field-sizing', 'content')) return;
    text.rows = Math.min(14, Math.max(3, text.value.split('\n').length));
  };
  text?.addEventListener('input', grow);
  grow();
  if (text?.value && document.activeElement === text) text.setSelectionRange(text.value.length, text.value.length);

  const files = /** @type {HTMLInputElement|null} */ (form.querySelector('input[type=file]'));
  const out = form.querySelector('[data-files]');
  files?.addEventListener('change', () => {
    const list = [...(files.files ?? [])];
    if (out) out.textContent = list.map((f) => f.name).join(', ');
  });
}
