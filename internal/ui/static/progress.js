// @ts-check
// A job's page follows the job without loading anew; without script the
// browser asks for the page again by itself.

/** @param {HTMLElement} el */
export default function progress(el) {
  const over = () => !['waits', 'runs'].includes(el.dataset.state ?? '');
  if (over()) return;
  async function look() {
    const res = await fetch(location.href, { headers: { Accept: 'text/html' } });
    if (res.ok) {
      const html = new DOMParser().parseFromString(await res.text(), 'text/html');
      const now = html.querySelector('[data-balie=progress]');
      if (now instanceof HTMLElement) {
        if (now.dataset.state !== el.dataset.state && !['waits', 'runs'].includes(now.dataset.state ?? '')) return location.reload();
        const part = now.querySelector('[data-part=job]');
        if (part) el.querySelector('[data-part=job]')?.replaceWith(part);
      }
    }
    setTimeout(look, 700);
  }
  setTimeout(look, 700);
}
