// @ts-check
// A conversation is opened at its end, where the newest words are, unless the
// address names a place in it.

/** @param {HTMLElement} el */
export default function bottom(el) {
  const named = location.hash && el.querySelector(location.hash);
  if (named instanceof HTMLElement) return named.scrollIntoView({ block: 'center' });
  const news = el.querySelector('.msg.new');
  if (news) return news.scrollIntoView({ block: 'nearest' });
  el.scrollTop = el.scrollHeight;
}
