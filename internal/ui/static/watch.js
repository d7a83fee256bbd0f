// @ts-check
// Watches one request: who else has it open, and whether something was said.
// What is new is announced; it is shown when somebody asks for it, so that
// nothing moves under the cursor.

/** @param {HTMLElement} main */
export default function watch(main) {
  const { path, request, version } = main.dataset;
  const bar = document.getElementById('newbar');
  const there = document.getElementById('presence');

  const viewers = async () => {
    const res = await fetch(`${path}/viewers?lang=${document.documentElement.lang}`);
    const html = res.ok ? await res.text() : '';
    if (there && there.innerHTML !== html) there.innerHTML = html; // our own template
  };
  const news = async () => {
    const res = await fetch(`${path}/news?after=${version}&lang=${document.documentElement.lang}`);
    if (!bar || res.status !== 200) return;
    bar.textContent = await res.text();
    bar.hidden = false;
  };
  const quietly = (/** @type {() => Promise<void>} */ f) => f().catch(() => {});

  document.addEventListener('balie:news', (e) => {
    const d = /** @type {CustomEvent} */ (e).detail ?? {};
    if (d.again || d.changed?.includes(request) || d.opened?.includes(request)) quietly(news);
    if (d.here?.includes(request)) quietly(viewers);
  });
  document.addEventListener('balie:poll', () => { quietly(news); quietly(viewers); });
  bar?.addEventListener('click', async () => {
    const leave = new CustomEvent('balie:leave', { detail: { /** @type {Promise<void>[]} */ wait: [] } });
    document.dispatchEvent(leave); // what is being typed is kept first
    await Promise.all(leave.detail.wait);
    location.replace(`${path}?tab=${document.querySelector('.composer form')?.getAttribute('data-tab') ?? ''}&seen=${version}`);
  });
}
