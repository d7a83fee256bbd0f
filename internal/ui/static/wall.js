// @ts-check
// The board on a screen: it comes again by itself, and keeps what it shows when
// the server is away for a moment.

/** @param {HTMLElement} page */
export default function wall(page) {
  const again = page.dataset.again ?? location.pathname;
  setInterval(async () => {
    const res = await fetch(`${again}?lang=${document.documentElement.lang}`).catch(() => null);
    if (!res?.ok) {
      page.querySelector('.live')?.classList.add('off');
      if (res?.status === 404) location.reload(); // the link was revoked
      return;
    }
    const fresh = new DOMParser().parseFromString(await res.text(), 'text/html');
    const main = fresh.getElementById('main');
    if (main) document.getElementById('main')?.replaceWith(main);
  }, 20_000);
}
