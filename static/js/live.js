// Pages work without this file. With it, a part that refreshes itself rests while nobody looks, says politely what
// changed, and says so when the network is gone.
(() => {
  "use strict";

  const announce = (words) => {
    const announcer = document.getElementById("announcer");
    if (announcer && words && announcer.textContent !== words) announcer.textContent = words;
  };
  const isPolling = (element) => element.hasAttribute("data-live");
  const tellOffline = (offline) => {
    for (const note of document.querySelectorAll("[data-offline]")) note.hidden = !offline;
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPolling(event.target)) return;
    const reading = event.target.contains(document.activeElement) || !window.getSelection().isCollapsed;
    if (document.hidden || reading) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const fresh = event.target;
    const words = fresh.matches("[data-announce]") ? fresh : fresh.querySelector("[data-announce]");
    if (words) announce(words.dataset.announce);
  });
  // An answer from another page than the one asked for is the sign-in: show that page as a whole.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (!xhr.responseURL || new URL(xhr.responseURL).pathname === pathInfo.requestPath.split("?")[0]) return;
    event.detail.shouldSwap = false;
    window.location.reload();
  });
  // What was refused on the way is sent once more as a plain form, so that the reader sees why.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.target.matches("form")) HTMLFormElement.prototype.submit.call(event.target);
  });
  document.addEventListener("htmx:sendError", () => tellOffline(true));
  document.addEventListener("htmx:afterOnLoad", () => tellOffline(false));
  window.addEventListener("offline", () => tellOffline(true));
  window.addEventListener("online", () => tellOffline(false));

  // A menu closes when the reader goes elsewhere.
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.languages[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.languages[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
})();
