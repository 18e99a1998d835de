"use strict";
// What browsers tell of a mark only after a while, and never on touch, is told at once.
(() => {
  const box = document.getElementById("tip");
  for (const title of document.querySelectorAll("svg title")) {
    const mark = title.parentNode;
    mark.dataset.tip = title.textContent;
    mark.setAttribute("aria-label", title.textContent);
    title.remove();
  }
  for (const mark of document.querySelectorAll("[title]")) {
    mark.dataset.tip = mark.title;
    mark.setAttribute("aria-label", mark.title);
    mark.removeAttribute("title");
  }
  const tell = (event) => {
    const mark = event.target.closest && event.target.closest("[data-tip]");
    box.hidden = !mark;
    if (!mark) return;
    box.textContent = mark.dataset.tip;
    const { width, height } = box.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, window.innerWidth - width - 8);
    const under = event.clientY + 18 + height < window.innerHeight;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${under ? event.clientY + 18 : event.clientY - height - 12}px`;
  };
  for (const kind of ["pointermove", "pointerdown"]) document.addEventListener(kind, tell);
  document.addEventListener("scroll", () => { box.hidden = true; }, true);
})();
