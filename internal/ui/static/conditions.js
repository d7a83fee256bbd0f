// @ts-check
// The builder of a rule without a new page at every button: the server draws
// it, this only puts it in place and keeps the focus. A change of fact or
// comparison changes what can be filled in beside it.

/** @param {HTMLFormElement} form */
export default function conditions(form) {
  const part = form.querySelector('[data-part=builder]');
  if (!part) return;
  let last = 0;
  for (const el of form.querySelectorAll('.nojs')) el.remove();

  /** @param {string} act */
  async function draw(act) {
    const mine = ++last;
    const body = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string') body.append(k, v);
    body.set('act', 'preview');
    body.set('first', act);
    const focus = document.activeElement?.getAttribute('name') ?? '';
    const value = document.activeElement?.getAttribute('value') ?? '';
    const res = await fetch(form.action, { method: 'POST', body, headers: { Accept: 'text/html' } });
    if (!res.ok || mine !== last) return;
    const html = new DOMParser().parseFromString(await res.text(), 'text/html');
    part?.replaceChildren(...html.body.childNodes);
    for (const el of form.querySelectorAll('.nojs')) el.remove();
    const again = [...(part?.querySelectorAll(`[name="${CSS.escape(focus)}"]`) ?? [])];
    const target = again.find((el) => el.getAttribute('value') === value) ?? again[0] ?? last0(act);
    if (target instanceof HTMLElement) target.focus();
  }

  /** The fact of the row that was just added. @param {string} act */
  function last0(act) {
    const rows = part?.querySelectorAll('.cond > select:first-of-type') ?? [];
    return act.startsWith('add') ? rows[rows.length - 1] : null;
  }

  let wait = 0;
  part.addEventListener('input', (e) => {
    if (e.target instanceof HTMLTextAreaElement || (e.target instanceof HTMLInputElement && e.target.type === 'checkbox')) return;
    clearTimeout(wait);
    wait = setTimeout(drawCEL, 300);
  });
  part.addEventListener('change', (e) => {
    if (e.target instanceof HTMLSelectElement) draw('show');
    else if (e.target instanceof HTMLInputElement && e.target.type === 'checkbox') drawCEL();
  });
  part.addEventListener('click', (e) => {
    const b = e.target instanceof Element ? e.target.closest('button[name=act]') : null;
    if (!(b instanceof HTMLButtonElement)) return;
    e.preventDefault();
    draw(b.value);
  });

  /** Only the text below the rows: what is being typed stays as it is. */
  async function drawCEL() {
    const body = new URLSearchParams();
    for (const [k, v] of new FormData(form)) if (typeof v === 'string') body.append(k, v);
    body.set('act', 'preview');
    const res = await fetch(form.action, { method: 'POST', body, headers: { Accept: 'text/html' } });
    const html = new DOMParser().parseFromString(await res.text(), 'text/html');
    const now = html.querySelector('.celbox');
    if (res.ok && now) part?.querySelector('.celbox')?.replaceWith(now);
  }
}
