// @ts-check
// Counts down until a reply goes out. The server decides: this only shows it.

/** @param {HTMLFormElement} toast */
export default function undo(toast) {
  const until = Date.now() + Number(toast.dataset.seconds) * 1000;
  const whole = Number(toast.dataset.whole) * 1000;
  const ring = toast.querySelector('.v');
  const out = toast.querySelector('output');
  const id = setInterval(() => {
    const left = until - Date.now();
    if (left <= 0) {
      clearInterval(id);
      const had = toast.contains(document.activeElement);
      toast.remove();
      for (const m of document.querySelectorAll('.msg.pending')) m.classList.remove('pending');
      if (had) document.getElementById('msg')?.focus();
      return;
    }
    ring?.setAttribute('stroke-dasharray', `${(left / whole) * 100} 100`);
    const s = String(Math.ceil(left / 1000));
    if (out && out.textContent !== s) out.textContent = s;
  }, 200);
}
