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

for (const area of document.querySelectorAll("textarea")) countCharacters(area);
for (const form of document.querySelectorAll("form")) {
  if (form.method === "post") sendOnce(form);
}
document.addEventListener("keydown", closeMenu);
// A page that comes back by the browser's "Back" may send its forms again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) delete form.dataset.sent;
});
/** @type {HTMLElement | null} */ (document.querySelector(".summary"))?.focus();
