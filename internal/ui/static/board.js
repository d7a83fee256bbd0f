// @ts-check
// The board as it is now. Numbers change at once; the lists wait while somebody
// points at them or has the focus in them, so that nothing moves under the
// cursor.

/** @param {HTMLElement} main */
export default function board(main) {
  const body = document.getElementById('board');
  const at = document.getElementById('board-at');
  let late = false; // something changed while somebody was at it
  let asked = 0;

  const busy = () => !!body?.matches(':hover') || !!body?.contains(document.activeElement) && document.activeElement !== body;
  const fetchNow = async () => {
    const res = await fetch(`/board/now?lang=${document.documentElement.lang}`);
    if (!res.ok || !body) return;
    const html = await res.text();
    if (busy()) {
      late = true;
      const fresh = new DOMParser().parseFromString(html, 'text/html');
      const tiles = fresh.querySelector('.kpis');
      if (tiles) body.querySelector('.kpis')?.replaceWith(tiles);
      return;
    }
    late = false;
    body.innerHTML = html; // our own template
    if (at) at.textContent = body.querySelector('[data-at]')?.getAttribute('data-at') ?? at.textContent;
  };
  const soon = () => {
    if (asked) return;
    asked = setTimeout(() => { asked = 0; fetchNow().catch(() => {}); }, 1000);
  };
  document.addEventListener('balie:news', soon);
  document.addEventListener('balie:poll', soon);
  body?.addEventListener('mouseleave', () => { if (late) soon(); });
  setInterval(() => { if (!document.hidden) soon(); }, 60_000);
  void main;
}
