// Small comforts for pages that work without any script. No page depends on this file; it writes no HTML.

/**
 * Shows how much of a bounded text is used, where the page has a counter for it.
 * @param {HTMLTextAreaElement} area
 */
function countCharacters(area) {
  const counter = area.closest(".field")?.querySelector(".counter");
  if (!counter || area.maxLength < 0) return;
  const show = () => {
    counter.textContent = `${area.value.length} / ${area.maxLength.toLocaleString(document.documentElement.lang)}`;
  };
  area.addEventListener("input", show);
  show();
}

/**
 * A form that was sent is not sent again by a second click.
 * @param {HTMLFormElement} form
 */
function sendOnce(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "true";
  });
}

/**
 * One open menu at a time; Escape closes it and gives the focus back.
 * @param {KeyboardEvent} event
 */
function closeMenu(event) {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open], details.act[open]")) {
    menu.removeAttribute("open");
    /** @type {HTMLElement | null} */ (menu.querySelector("summary"))?.focus();
  }
}

/**
 * "/" leads to the search field, unless somebody is typing or holds another key.
 * @param {KeyboardEvent} event
 */
function goToSearch(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = /** @type {HTMLElement} */ (event.target);
  if (at.closest("input, select, textarea, [contenteditable]")) return;
  /** @type {HTMLElement | null} */
  const search = document.querySelector(".search input");
  if (!search) return;
  event.preventDefault();
  search.focus();
}

for (const area of document.querySelectorAll("textarea")) countCharacters(area);
for (const form of document.querySelectorAll("form")) {
  if (form.method === "post") sendOnce(form);
}
document.addEventListener("keydown", closeMenu);
document.addEventListener("keydown", goToSearch);
// A page that comes back by the browser's "Back" may send its forms again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) delete form.dataset.sent;
});
/** @type {HTMLElement | null} */ (document.querySelector(".summary"))?.focus();
