"use strict";
// Escape closes a definition; a definition that hangs over the edge is moved back; printing opens what is folded.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (document.activeElement.closest(".term")) document.activeElement.blur();
  document.querySelectorAll(".term:hover").forEach((term) => term.classList.add("closed"));
});
for (const term of document.querySelectorAll(".term")) {
  const tip = term.querySelector(".tip");
  const place = () => {
    tip.style.marginLeft = "0";
    const over = tip.getBoundingClientRect().right - document.documentElement.clientWidth + 12;
    if (over > 0) tip.style.marginLeft = `${-over}px`;
  };
  term.addEventListener("mouseenter", place);
  term.addEventListener("focusin", place);
  term.addEventListener("mouseleave", () => term.classList.remove("closed"));
  // Where nothing hovers, a tap shows the definition and stays where it is.
  term.querySelector("a").addEventListener("click", (event) => {
    if (matchMedia("(hover: none)").matches) event.preventDefault();
  });
}
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => (one.open = true));
});
addEventListener("afterprint", () => folded.forEach((one) => (one.open = false)));
