// @ts-check
// Binds behaviours to elements: data-balie="once files" loads once.js and
// files.js from beside this file and gives each the element. Every page works
// without any of them.
/** @type {Promise<void>[]} */
const binding = [];
for (const el of document.querySelectorAll('[data-balie]')) {
  for (const name of (el.getAttribute('data-balie') ?? '').split(' ')) {
    if (/^[a-z]+$/.test(name)) binding.push(import(`./${name}.js`).then((m) => m.default(el)));
  }
}
// From here on keys do what they say; a test waits for it.
Promise.allSettled(binding).then(() => (document.documentElement.dataset.bound = ''));
