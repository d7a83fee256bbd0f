// @ts-check
// A file is read into the field that it would otherwise be pasted in: what is
// sent can be looked at first.

/** @param {HTMLElement} box */
export default function paste(box) {
  const area = box.querySelector('textarea');
  const line = box.querySelector('[data-file]');
  const file = box.querySelector('input[type="file"]');
  if (!area || !(line instanceof HTMLElement) || !(file instanceof HTMLInputElement)) return;
  line.hidden = false;
  file.addEventListener('change', async () => {
    const f = file.files?.[0];
    if (f) area.value = await f.text();
    area.focus();
  });
}
