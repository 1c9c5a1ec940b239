// What scrolls by itself is reached with the keyboard: blocks of code, and tables that are wider than their place.
function letKeysScroll() {
  for (const box of document.querySelectorAll("article pre, article .table-wrapper")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
// Two lists stand beside the text: each says which it is.
function nameLists() {
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "Pages");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "On this page");
}
document.addEventListener("DOMContentLoaded", letKeysScroll);
document.addEventListener("DOMContentLoaded", nameLists);
window.addEventListener("resize", letKeysScroll);
