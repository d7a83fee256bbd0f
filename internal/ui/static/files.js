// @ts-check
// Says which files are chosen and whether together they are too large, before
// they are sent for nothing. data-most is in bytes, data-over the words.

/** @param {HTMLElement} el */
export default function files(el) {
  const input = el.querySelector('input[type=file]');
  const out = el.querySelector('output');
  if (!(input instanceof HTMLInputElement) || !out) return;
  const size = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
  input.addEventListener('change', () => {
    const list = [...(input.files ?? [])];
    const total = list.reduce((n, f) => n + f.size, 0);
    const over = total > Number(el.dataset.most);
    const lines = list.length > 1 || over ? list.map((f) => `${f.name} (${size.format(f.size / 1048576)} MB)`) : [];
    if (over) lines.push(el.dataset.over ?? '');
    out.replaceChildren(...lines.map((l) => Object.assign(document.createElement('div'), { textContent: l })));
    input.setCustomValidity(over ? el.dataset.over ?? '' : '');
  });
}
