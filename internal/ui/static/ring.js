// @ts-check
// A call that the telephone announced, on whatever page somebody is: who it is,
// and the way to writing it down. live.js fetches this when the first one rings.

const GONE = 30_000;

/** @param {{call: string, path: string, name?: string, number?: string}} news */
export default function ring(news) {
  const words = /** @type {HTMLElement | null} */ (document.querySelector('[data-ringing]'))?.dataset;
  if (!words || location.pathname + location.search === news.path) return;
  document.querySelector('.toast.ring')?.remove();
  const box = document.createElement('div');
  box.className = 'toast ring';
  box.setAttribute('role', 'status');
  const who = document.createElement('span');
  who.textContent = `${words.ringing} ${[news.name, news.number].filter(Boolean).join(' · ')}`;
  const take = document.createElement('a');
  take.className = 'btn sm';
  take.href = news.path;
  take.textContent = words.take ?? '';
  box.append(who, take);
  document.body.append(box);
  setTimeout(() => box.contains(document.activeElement) || box.remove(), GONE);
}
