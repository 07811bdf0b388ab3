"use strict";
(() => {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const holder = document.getElementById("rows");
  if (!holder) return;
  const { lang, columns, fields, rows, first: chosen } = JSON.parse(holder.textContent);
  const place = Object.fromEntries(fields.map((name, at) => [name, at]));
  const table = document.getElementById("table"), body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  const search = document.getElementById("search"), count = document.getElementById("count");
  const back = document.getElementById("back"), next = document.getElementById("next");
  const bands = new Set(), size = 50;
  const numbers = (digits) => new Intl.NumberFormat(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const whole = numbers(0), tenth = numbers(1), gap = lang === "en" ? " " : "";
  const percent = (share) => {
    const value = 100 * share;
    return (value > 0 && value < 9.95 ? tenth : whole).format(value) + gap + "%";
  };
  const folded = (text) => text.normalize("NFKC").toLowerCase();
  const texts = fields.map((name, at) => at).filter((at) => ["account_id", "name", "segment", "csm", "reason"].includes(fields[at]));
  const hay = rows.map((row) => folded(texts.map((at) => row[at] ?? "").join("\n")));
  const most = Object.fromEntries(["p_churn", "p_upsell"].filter((name) => name in place).map((name) =>
    [name, rows.reduce((top, row) => Math.max(top, row[place[name]] ?? 0), 0.01)]));
  let order = rows.map((row, at) => at), page = 0, found = order;

  const element = (name, text, style) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (style) made.className = style;
    return made;
  };
  const value = (row, name) => (name in place ? row[place[name]] : null);

  const cells = {
    account(row, cell) {
      const address = value(row, "link");
      if (!address) { cell.textContent = row[place.account_id]; return; }
      const link = element("a", row[place.account_id]);
      link.href = address;
      cell.append(link);
    },
    text(row, cell, name) {
      cell.append(element("span", value(row, name) ?? ""));
      cell.className = "text-" + name;
      cell.title = cell.textContent;
    },
    health(row, cell) {
      const score = value(row, "health"), band = value(row, "band");
      cell.classList.add("health");
      if (score === null) { cell.append(element("span", "–", "pill none")); cell.title = value(row, "health_reason") ?? ""; return; }
      const low = value(row, "health_low"), high = value(row, "health_high");
      if (low !== null && high !== null) cell.append(element("small", `${whole.format(low)}-${whole.format(high)}`));
      const pill = element("span", whole.format(score), band in table.dataset ? "pill " + band : "");
      if (band in table.dataset) pill.title = table.dataset[band];
      cell.append(pill);
    },
    change(row, cell, name) {
      const change = value(row, name);
      if (change === null) return;
      cell.textContent = (change > 0 ? "+" : "") + tenth.format(change);
      if (Math.abs(change) >= 3) cell.classList.add(change > 0 ? "up" : "down");
    },
    percent(row, cell, name) {
      const share = value(row, name);
      cell.textContent = share === null ? "–" : percent(share);
      if (share === null) return;
      cell.classList.add("share");
      cell.style.setProperty("--share", (100 * share / most[name]).toFixed(1) + "%");
    },
    money(row, cell, name) { const amount = value(row, name); cell.textContent = amount === null ? "–" : whole.format(amount); },
  };

  const draw = () => {
    const last = Math.max(Math.ceil(found.length / size) - 1, 0);
    page = Math.min(Math.max(page, 0), last);
    const shown = found.slice(page * size, page * size + size);
    body.replaceChildren(...shown.map((at) => {
      const line = document.createElement("tr");
      for (const { name, kind } of columns) {
        const cell = line.insertCell();
        cell.className = kind === "account" ? "account" : kind === "text" ? "" : "n";
        cells[kind](rows[at], cell, name);
      }
      return line;
    }));
    const from = found.length ? page * size + 1 : 0;
    count.textContent = found.length
      ? table.dataset.count.replace("[from]", whole.format(from)).replace("[to]", whole.format(page * size + shown.length)).replace("[all]", whole.format(found.length))
      : table.dataset.nothing;
    back.disabled = page === 0;
    next.disabled = page === last;
  };
  const filter = () => {
    const words = folded(search.value).split(/\s+/).filter(Boolean);
    found = order.filter((at) => (!bands.size || bands.has(value(rows[at], "band"))) && words.every((word) => hay[at].includes(word)));
    page = 0;
    draw();
  };
  const collator = new Intl.Collator(lang, { numeric: true });
  const sort = (name, rising) => {
    const at = place[name];
    const compare = (a, b) => (typeof a === "number" ? a - b : collator.compare(a, b));
    order = [...order].sort((one, two) => {
      const a = rows[one][at], b = rows[two][at];
      if (a === null || b === null) return (a === null) - (b === null) || one - two;
      return (rising ? compare(a, b) : compare(b, a)) || one - two;
    });
    columns.forEach((column, index) => {
      if (column.name === name) heads[index].setAttribute("aria-sort", rising ? "ascending" : "descending");
      else heads[index].removeAttribute("aria-sort");
    });
    filter();
  };

  heads.forEach((head, index) => head.firstElementChild.addEventListener("click", () => {
    const { name, kind } = columns[index], now = head.getAttribute("aria-sort");
    sort(name, now ? now === "descending" : kind === "account" || kind === "text" || kind === "health");
  }));
  search.addEventListener("input", filter);
  back.addEventListener("click", () => { page -= 1; draw(); });
  next.addEventListener("click", () => { page += 1; draw(); });
  for (const button of document.querySelectorAll("[data-band]")) button.addEventListener("click", () => {
    const { band } = button.dataset;
    if (!bands.delete(band)) bands.add(band);
    button.setAttribute("aria-pressed", String(bands.has(band)));
    filter();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) { event.preventDefault(); search.focus(); }
    if (event.key === "Escape" && document.activeElement === search) { search.value = ""; filter(); }
  });
  const first = [chosen, "expected_loss", "p_churn", "health"].find((name) => name in place);
  if (first) sort(first, first === "health"); else filter();
})();
