// SPDX-License-Identifier: Apache-2.0

extension HTMLReport {
    /// The script for filters and sorting; the page is complete without it.
    static let script = """
        "use strict";
        (() => {
          const table = document.getElementById("images");
          const search = document.getElementById("search");
          const matchCount = document.getElementById("matches");
          const chips = [...document.querySelectorAll("button[data-group]")];
          if (!table || !search || !matchCount) return;
          const bodies = [...table.tBodies];
          const texts = new Map(bodies.map((body) => [body, body.textContent.toLowerCase()]));
          let group = "all";
          const show = () => {
            const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
            let count = 0;
            for (const body of bodies) {
              const matches = body.dataset.groups.split(" ").includes(group)
                && words.every((word) => texts.get(body).includes(word));
              body.hidden = !matches;
              if (matches) count += 1;
            }
            for (const chip of chips) {
              chip.setAttribute("aria-pressed", String(chip.dataset.group === group));
            }
            matchCount.textContent = count === bodies.length ? "" : count + " of " + bodies.length;
          };
          for (const chip of chips) {
            chip.addEventListener("click", () => { group = chip.dataset.group; show(); });
          }
          search.addEventListener("input", show);
          const order = (key, direction) => (first, second) => {
            const a = first.dataset[key], b = second.dataset[key];
            if ((a === "") !== (b === "")) return a === "" ? 1 : -1;
            const number = Number(a) - Number(b);
            return direction * (Number.isNaN(number) ? a.localeCompare(b) : number);
          };
          for (const head of table.querySelectorAll("th[data-key]")) {
            const button = document.createElement("button");
            button.type = "button";
            button.append(...head.childNodes);
            head.append(button);
            button.addEventListener("click", () => {
              const ascending = head.getAttribute("aria-sort") !== "ascending";
              for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
              head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
              table.append(...bodies.sort(order(head.dataset.key, ascending ? 1 : -1)));
            });
          }
          document.getElementById("tools").hidden = false;
          show();
        })();
        """
}
