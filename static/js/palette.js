// To a page by its name: Ctrl-K, ⌘K or the button. Made from the menu, so it has what the role may
// open; what is no page's name can be searched for. No single-letter shortcuts (WCAG 2.1.4).
(function () {
  "use strict";
  var box = document.getElementById("palette");
  if (!box || !box.showPopover) { return; }
  var field = box.querySelector("input"), list = box.querySelector("ul"), told = box.querySelector("[role=status]");
  var search = null;
  function entry(from, text, href) {
    var item = document.createElement("li"), link = document.createElement("a");
    link.className = "nav__item";
    link.href = href;
    if (from) { link.append(from.cloneNode(true)); }
    link.append(Object.assign(document.createElement("span"), { textContent: text }));
    item.append(link);
    list.append(item);
    return item;
  }
  function fill() {
    document.querySelectorAll(".sidebar .nav .nav__item").forEach(function (link) {
      entry(link.querySelector("svg"), link.textContent.trim(), link.href);
    });
    if (box.dataset.search) { search = entry(null, "", box.dataset.search); }
  }
  function shown() {
    return Array.prototype.filter.call(list.querySelectorAll("a"), function (link) { return !link.parentNode.hidden; });
  }
  function narrow() {
    var word = field.value.trim().toLowerCase();
    list.querySelectorAll("li").forEach(function (item) {
      item.hidden = item === search ? !word : item.textContent.toLowerCase().indexOf(word) < 0;
    });
    if (search) {
      search.firstChild.href = box.dataset.search + "?q=" + encodeURIComponent(field.value.trim());
      search.querySelector("span").textContent = box.dataset.searchLabel + ": " + field.value.trim();
    }
    told.textContent = box.dataset.found + ": " + shown().length;
  }
  // Before it opens, so that no letter is lost that is typed at once; `autofocus` moves the focus.
  box.addEventListener("beforetoggle", function (event) {
    if (event.newState !== "open") { return; }
    if (!list.children.length) { fill(); }
    field.value = "";
    narrow();
  });
  field.addEventListener("input", narrow);
  box.addEventListener("keydown", function (event) {
    var links = shown(), at = links.indexOf(document.activeElement);
    if (event.key === "Enter" && event.target === field && links.length) { links[0].click(); }
    else if (event.key === "ArrowDown") { (links[at + 1] || links[0] || field).focus(); event.preventDefault(); }
    else if (event.key === "ArrowUp") { (at > 0 ? links[at - 1] : field).focus(); event.preventDefault(); }
  });
  document.addEventListener("keydown", function (event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      box.togglePopover();
    }
  });
})();
