// @ts-check
// Rules are dragged to their place; the buttons of a rule's page do the same.

/** @param {HTMLElement} list */
export default function order(list) {
  const rows = () => [...list.querySelectorAll('li[data-rule]')];
  /** @type {Element | null} */
  let held = null;
  for (const row of rows()) {
    row.setAttribute('draggable', 'true');
    row.addEventListener('dragstart', (e) => {
      held = row;
      if (e instanceof DragEvent && e.dataTransfer) {
        e.dataTransfer.effectAllowed = 'move';
        e.dataTransfer.setData('text/plain', row.getAttribute('data-rule') ?? '');
      }
    });
    row.addEventListener('dragover', (e) => {
      if (!held || held === row) return;
      e.preventDefault();
      const box = row.getBoundingClientRect();
      const below = /** @type {DragEvent} */ (e).clientY > box.top + box.height / 2;
      row[below ? 'after' : 'before'](held);
    });
    row.addEventListener('drop', (e) => e.preventDefault());
    row.addEventListener('dragend', () => {
      if (!held) return;
      send(held.getAttribute('data-rule') ?? '', rows().indexOf(held) + 1);
      held = null;
    });
  }

  /** @param {string} rule @param {number} to */
  function send(rule, to) {
    const form = Object.assign(document.createElement('form'), { method: 'post', action: '/rules/move', hidden: true });
    const fields = { csrf: list.dataset.csrf, base: list.dataset.base, draft: list.dataset.draft, rule, to: String(to), from: 'list' };
    for (const [name, value] of Object.entries(fields)) {
      form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value: value ?? '' }));
    }
    document.body.append(form);
    form.submit();
  }
}
