/**
 * Gives unfold's templates what they look for on `window`, since Alpine's CSP build only reads its own scopes.
 *
 * Made for unfold 0.91.0 and its app.js, whose globals (`theme`, `searchForm`, …) are read here by name.
 */

/* global Alpine, theme, searchForm, searchDropdown, searchCommand, sortRecords, moveRecords, getCurrentTab */

const SIDEBAR_KEY = "sidebarDesktopOpen";

/** What expressions in unfold's templates name without owning it: change_form.html and the inline templates. */
const templateGlobals = {
  sortRecords,
  moveRecords,
  window: {
    location: {
      get pathname() {
        return window.location.pathname;
      },
      get search() {
        return window.location.search;
      },
    },
  },
};

/** State of <body>: the open tab and the sidebar, which is remembered on wide screens. */
function shell(primaryTab) {
  return {
    activeTab: primaryTab,
    sidebarMobileOpen: false,
    sidebarDesktopOpen: localStorage.getItem(SIDEBAR_KEY) !== "0",
    init() {
      this.activeTab = getCurrentTab() || primaryTab;
      this.$watch("sidebarDesktopOpen", (open) => localStorage.setItem(SIDEBAR_KEY, open ? "1" : "0"));
    },
  };
}

/** unfold's command palette with Enter as one call; without a chosen item it opens the first one. */
function commandPalette() {
  return Object.assign(searchCommand(), {
    openItem(event, addHistory) {
      if (!this.totalItems) return;
      this.currentIndex = this.currentIndex || 1;
      this.selectItem(addHistory, event.metaKey || event.ctrlKey);
    },
  });
}

document.addEventListener("alpine:init", () => {
  Alpine.data("theme", (preset) => Object.assign(theme(preset), templateGlobals));
  Alpine.data("shell", shell);
  Alpine.data("searchForm", searchForm);
  Alpine.data("searchDropdown", searchDropdown);
  Alpine.data("searchCommand", commandPalette);
});
