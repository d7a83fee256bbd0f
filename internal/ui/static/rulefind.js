// @ts-check
// Typing in the search of the rules leaves those whose name has it; Enter asks
// what the rules make of it as a question.

/** @param {HTMLElement} form */
export default function rulefind(form) {
  const input = form.querySelector('input[type=search]');
  if (!(input instanceof HTMLInputElement)) return;
  input.addEventListener('input', () => {
    const want = input.value.trim().toLowerCase();
    const rows = [...document.querySelectorAll('.rlist li[data-rule]')];
    const hits = rows.filter((r) => (r.querySelector('a')?.textContent ?? '').toLowerCase().includes(want));
    for (const r of rows) r.toggleAttribute('hidden', hits.length > 0 && !hits.includes(r));
  });
}
