// @ts-check
// The slider of a product's threshold tells at once what it would do: figures
// and marks come from the rows of the table beside it.

/** @param {HTMLElement} section */
export default function threshold(section) {
  const slider = section.querySelector('input[type="range"]');
  const rows = [...section.querySelectorAll('tr[data-t]')];
  if (!(slider instanceof HTMLInputElement) || rows.length === 0) return;
  /** @param {string} name @param {string} text */
  const say = (name, text) => {
    const out = section.querySelector(`[data-o="${name}"]`);
    if (out) out.textContent = text || '–';
  }
  /** @param {string} name @param {string} x @param {string} y */
  const move = (name, x, y) => {
    const dot = section.querySelector(`[data-dot="${name}"]`);
    if (!dot) return;
    dot.setAttribute('cx', x);
    if (y) dot.setAttribute('cy', y);
  }
  const show = () => {
    const at = Number(slider.value);
    const row = rows.filter((r) => r instanceof HTMLElement && Number(r.dataset.t) <= at + 1e-9).at(-1);
    if (!(row instanceof HTMLTableRowElement)) return;
    const cells = [...row.cells].map((c) => c.textContent ?? '');
    const d = row.dataset;
    say('t', at.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 2 }));
    say('p', cells[1]);
    say('r', cells[2]);
    say('c', cells[4]);
    say('a', d.a ?? '');
    say('w', d.w ?? '');
    move('p', d.x ?? '', d.y ?? '');
    move('c', d.x ?? '', d.z ?? '');
    section.querySelector('[data-mark]')?.setAttribute('d', `M${d.x} 10V128`);
  }
  slider.addEventListener('input', show);
}
