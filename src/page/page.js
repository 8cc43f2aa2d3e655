// page.js: the status page of pearpd. Reads /api/stats, /metrics and /api/status every few seconds, and draws what they say.
// Everything that comes from the network is put into the page as text, never as HTML.
"use strict";

const PORTS = 65536, EDGE = 256, PAUSE_MS = 2000, ROWS_AT_MOST = 500, OWNERS_AT_MOST = 500;
const $ = id => document.getElementById(id);
const maps = new Map(); // by address
let before = null;      // the last answers, for rates
let filter = "";

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Numbers as people read them.
const count = n => n.toLocaleString("en").replace(/,/g, "\u202f");
function scaled(n, unit) {
  const steps = ["", "k", "M", "G", "T"];
  let i = 0;
  for (; n >= 1000 && i < steps.length - 1; i++) n /= 1000;
  return (n >= 100 || i === 0 ? Math.round(n) : n.toFixed(1)) + "\u202f" + steps[i] + unit;
}
function lasting(seconds) {
  if (seconds === null) return "no end";
  const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60;
  return d ? `${d} d ${h} h` : h ? `${h} h ${m} min` : m ? `${m} min ${seconds % 60} s` : `${seconds} s`;
}

// The Prometheus text: {name: [{labels, value}]}.
function parseMetrics(text) {
  const all = {};
  for (const line of text.split("\n")) {
    const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, key, value] of (match[2] || "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[key] = value;
    (all[match[1]] = all[match[1]] || []).push({labels, value: Number(match[3])});
  }
  return all;
}
const metric = (metrics, name, labels = {}) =>
  ((metrics[name] || []).find(s => Object.keys(labels).every(k => s.labels[k] === labels[k])) || {value: 0}).value;

// Owners. A colour for each MAC address, in the order of their addresses: hues by the golden angle, so that neighbours differ
// most, in three shades. It stays while the page does.
const colours = new Map();
const isDark = matchMedia("(prefers-color-scheme: dark)");
function colourOf(mac) {
  let rgb = colours.get(mac);
  if (!rgb) {
    const hue = (200 + colours.size * 137.508) % 360, shade = Math.floor(colours.size / 8) % 3;
    const light = (isDark.matches ? [0.62, 0.5, 0.74] : [0.5, 0.38, 0.64])[shade], chroma = 0.55 - 0.1 * shade;
    const a = chroma * Math.min(light, 1 - light);
    const part = n => { const k = (n + hue / 30) % 12; return Math.round(255 * (light - a * Math.max(-1, Math.min(k - 3, 9 - k, 1)))); };
    colours.set(mac, rgb = [part(0), part(8), part(4)]);
  }
  return rgb;
}
const takeColours = entries => entries.map(e => e.mac).filter(Boolean).sort().forEach(colourOf);
const css = rgb => `rgb(${rgb.join(" ")})`;

// The ports of an entry of the table, as [first, last] pairs.
function spans(entry) {
  if (!entry.psid) return [[entry.first_port, entry.last_port]];
  const [offset, length, id] = entry.psid.split("/").map(Number), free = 16 - offset - length, found = [];
  for (let i = offset ? 1 : 0; i < 1 << offset; i++) {
    const first = (i << length + free) + (id << free);
    found.push([first, first + (1 << free) - 1]);
  }
  return found;
}
const sizeOf = entry => spans(entry).reduce((sum, [first, last]) => sum + last - first + 1, 0);
const rangeOf = entry => entry.psid ? `${entry.first_port}\u2013${entry.last_port}, set ${entry.psid}`
  : entry.first_port === entry.last_port ? `${entry.first_port}` : `${entry.first_port}\u2013${entry.last_port}`;
const nameOf = entry => entry.name || entry.mac || "being asked for";
const stateClass = state => state === "incomplete" || state === "probe" ? "asked" : state === "stale" ? "quiet" : "";
const rateOf = (entry, way) => entry.rates ? scaled(entry.rates[way] * 8, "bit/s") : "";

// One shared address.
class PortMap {
  constructor(address) {
    this.address = address;
    this.port = 0; // until one is selected, the first that has an owner
    this.chosen = null; // the owner that is shown alone
    this.owners = new Uint32Array(PORTS); // index into entries, and 1
    this.build();
    this.seen = false;
    new IntersectionObserver(found => { this.seen = found[0].isIntersecting; this.draw(); }).observe(this.canvas);
  }

  build() {
    const id = "a" + this.address.replace(/\./g, "-");
    this.section = element("section", undefined, "address");
    this.section.setAttribute("aria-labelledby", id);
    const title = element("div", undefined, "title"), heading = element("h2", this.address);
    heading.id = id;
    this.about = element("p");
    title.append(heading, this.about);
    const map = element("div", undefined, "map"), axis = element("ol"), frame = element("div", undefined, "frame");
    axis.setAttribute("aria-hidden", "true");
    for (let i = 0; i <= 8; i++) axis.append(element("li", String(Math.min(i * 8192, PORTS - 1))));
    this.canvas = element("canvas");
    this.canvas.width = this.canvas.height = EDGE;
    this.canvas.tabIndex = 0;
    for (const [name, value] of [["role", "slider"], ["aria-label", `Ports of ${this.address}, 256 in a row`],
      ["aria-valuemin", 0], ["aria-valuemax", PORTS - 1]]) this.canvas.setAttribute(name, value);
    this.cross = element("div", undefined, "cross");
    this.cross.hidden = true;
    frame.append(this.canvas, this.cross);
    map.append(axis, frame);
    const side = element("div", undefined, "side");
    this.detail = element("dl", undefined, "port");
    this.list = element("ul", undefined, "owners");
    this.list.setAttribute("aria-label", `Owners of ${this.address}`);
    side.append(this.detail, this.list);
    this.section.append(title, map, side);
    for (const kind of ["pointermove", "pointerdown"]) this.canvas.addEventListener(kind, e => this.pointed(e));
    this.canvas.addEventListener("keydown", e => this.pressed(e));
  }

  pointed(event) {
    const box = this.canvas.getBoundingClientRect();
    const at = (v, size) => Math.max(0, Math.min(EDGE - 1, Math.floor(v / size * EDGE)));
    this.select(at(event.clientY - box.top, box.height) * EDGE + at(event.clientX - box.left, box.width));
  }

  pressed(event) {
    const entry = this.entryAt(this.port);
    const steps = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -EDGE, ArrowDown: EDGE, PageUp: -4096, PageDown: 4096, Home: -PORTS, End: PORTS};
    if (event.key === "Enter" && entry && entry.mac) this.choose(this.chosen === entry.mac ? null : entry.mac);
    else if (event.key in steps) this.select(Math.max(0, Math.min(PORTS - 1, this.port + steps[event.key])));
    else return;
    event.preventDefault();
  }

  entryAt(port) { return this.entries[this.owners[port] - 1]; }

  select(port) {
    this.port = port;
    this.cross.hidden = false;
    this.cross.style.left = ((port % EDGE + 0.5) / EDGE * 100) + "%";
    this.cross.style.top = ((Math.floor(port / EDGE) + 0.5) / EDGE * 100) + "%";
    this.describe();
  }

  describe() {
    const entry = this.entryAt(this.port), rows = [["Port", `${this.port}`]];
    if (!entry) rows.push(["Owner", "nobody"]);
    else rows.push(["Range", rangeOf(entry)], ["Host", nameOf(entry)], ["MAC", entry.mac || "\u2013"], ["State", entry.state],
      ["Origin", entry.origin], ["Held for", lasting(entry.age_s)], ["Expires", entry.expires_s === null ? "never" : "in " + lasting(entry.expires_s)],
      ["To host", rateOf(entry, "rx") || "\u2013"], ["From host", rateOf(entry, "tx") || "\u2013"]);
    this.detail.replaceChildren(...rows.flatMap(([name, value]) =>
      [element("dt", name), element("dd", value, name === "State" ? stateClass(value) : "")]));
    const dd = element("dd");
    dd.append(element("code", `pearpctl whois ${this.address}:${this.port}`));
    this.detail.append(element("dt", "History"), dd);
    this.canvas.setAttribute("aria-valuenow", this.port);
    this.canvas.setAttribute("aria-valuetext", entry ? `port ${this.port}, range ${rangeOf(entry)}, ${nameOf(entry)}, ${entry.state}, from ${entry.origin}` : `port ${this.port}, no owner`);
  }

  choose(mac) {
    this.chosen = mac;
    for (const button of this.list.querySelectorAll("button")) button.setAttribute("aria-pressed", button.dataset.mac === mac);
    this.draw();
  }

  update(entries) {
    this.entries = entries;
    this.owners.fill(0);
    const ports = new Map();
    let owned = 0;
    entries.forEach((entry, i) => {
      const size = sizeOf(entry);
      for (const [first, last] of spans(entry)) this.owners.fill(i + 1, first, last + 1);
      if (!entry.mac) return;
      owned += size;
      const sum = ports.get(entry.mac) || {mac: entry.mac, name: "", ports: 0, rate: 0};
      sum.ports += size;
      sum.name = sum.name || entry.name;
      sum.rate += entry.rates ? entry.rates.rx + entry.rates.tx : 0;
      ports.set(entry.mac, sum);
    });
    const text = this.managed ? `${count(owned)} of ${count(this.managed)} ports owned` : `${count(owned)} ports owned`;
    this.about.textContent = `${text} by ${count(ports.size)} host${ports.size === 1 ? "" : "s"}`;
    if (this.chosen && !ports.has(this.chosen)) this.chosen = null;
    if (this.cross.hidden) this.port = Math.max(0, this.owners.findIndex(owner => owner > 0));
    this.legend([...ports.values()].sort((a, b) => b.rate - a.rate || b.ports - a.ports || (a.mac < b.mac ? -1 : 1)));
    this.describe();
    this.draw();
  }

  // The list stays as it is under a keyboard's focus: only its texts change.
  legend(owners) {
    const shown = owners.slice(0, OWNERS_AT_MOST), wanted = shown.map(o => o.mac).join();
    const hasFocus = this.list.contains(document.activeElement);
    if (wanted !== this.order && !(hasFocus && this.order)) {
      this.order = wanted;
      this.buttons = new Map();
      this.list.replaceChildren(...shown.map(owner => {
        const item = element("li"), button = element("button"), swatch = element("span", undefined, "swatch");
        swatch.style.background = css(colourOf(owner.mac));
        button.type = "button";
        button.dataset.mac = owner.mac;
        button.setAttribute("aria-pressed", owner.mac === this.chosen);
        button.append(swatch, element("span", owner.name || owner.mac, "name"), element("span", "", "count"));
        button.addEventListener("click", () => this.choose(this.chosen === owner.mac ? null : owner.mac));
        this.buttons.set(owner.mac, button);
        item.append(button);
        return item;
      }));
      if (owners.length > shown.length)
        this.list.append(element("li", `and ${count(owners.length - shown.length)} more, all of them in the table`, "quiet"));
    }
    for (const owner of owners) {
      const button = this.buttons.get(owner.mac);
      if (button) button.lastChild.textContent = `${count(owner.ports)} port${owner.ports === 1 ? "" : "s"}` + (owner.rate ? `, ${scaled(owner.rate * 8, "bit/s")}` : "");
    }
  }

  draw() {
    if (!this.seen || !this.entries) return;
    const context = this.canvas.getContext("2d"), image = context.createImageData(EDGE, EDGE), pixels = new Uint32Array(image.data.buffer);
    const asked = isDark.matches ? [240, 179, 90] : [154, 91, 0];
    const shades = this.entries.map(entry => {
      const rgb = entry.mac ? colourOf(entry.mac) : asked;
      let alpha = entry.state === "stale" ? 150 : 255;
      if (this.chosen && entry.mac !== this.chosen) alpha = 36;
      return (alpha << 24 | rgb[2] << 16 | rgb[1] << 8 | rgb[0]) >>> 0;
    });
    for (let port = 0; port < PORTS; port++) if (this.owners[port]) pixels[port] = shades[this.owners[port] - 1];
    context.putImageData(image, 0, 0);
  }
}

// The rest of the page.
function tile(name, value, small, className) {
  const made = [element("dt", name), element("dd", value, className)];
  if (small) made[1].append(element("small", small));
  const box = element("div");
  box.append(...made);
  return box;
}

function showSummary(stats, metrics, seconds) {
  const rate = (side, way) => before ? scaled(Math.max(0, stats.frames[side][way] - before.stats.frames[side][way]) / seconds, "/s") : "\u2013";
  const tiles = (metrics.pearpd_link_up || []).map(link => {
    const {side, interface: name} = link.labels, mtu = metric(metrics, "pearpd_link_mtu_bytes", {side});
    return tile(side, `${name} ${link.value ? "up" : "down"}`, `in ${rate(side, "in")}, out ${rate(side, "out")}, MTU\u00a0${mtu}`, link.value ? "good" : "bad");
  });
  const fast = stats.fast_path;
  if (fast) tiles.push(tile("Fast path", fast.active ? "active" : "off", fast.active ? `${count(fast.bindings)} bindings` : fast.why_not || ""));
  const dropped = sum(stats.drops);
  tiles.push(tile("Drops", before ? scaled(Math.max(0, dropped - sum(before.stats.drops)) / seconds, "/s") : "\u2013", `${count(dropped)} since the start`));
  tiles.push(tile("Held", `${count(stats.frames.held)} frame${stats.frames.held === 1 ? "" : "s"}`, `${count(metric(metrics, "pearpd_questions_open"))} questions open`));
  if (stats.state) tiles.push(tile("State file", stats.state.last_error ? "failed" : "saved", stats.state.last_error ||
    (stats.state.last_save_age_s === null ? "not yet" : `${lasting(stats.state.last_save_age_s)} ago`), stats.state.last_error ? "bad" : ""));
  $("summary").replaceChildren(...tiles);
  const info = (metrics.pearpd_info || [])[0], started = metric(metrics, "pearpd_start_time_seconds");
  $("about").textContent = (info ? info.labels.version : "") + (started ? `, up for ${lasting(Math.max(0, Math.floor(Date.now() / 1000 - started)))}` : "");
}
const sum = group => Object.values(group).reduce((a, b) => a + b, 0);

function row(...cells) {
  const made = element("tr");
  for (const [text, className] of cells) made.append(element("td", text, className));
  return made;
}

function showDrops(stats, seconds) {
  const rows = Object.entries(stats.drops).filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]).map(([reason, n]) =>
    row([reason], [count(n), "number"], [before ? scaled(Math.max(0, n - (before.stats.drops[reason] || 0)) / seconds, "") : "", "number"]));
  $("drops").replaceChildren(...rows.length ? rows : [row(["none"], ["0", "number"], ["", "number"])]);
}

function showEvents(status, metrics) {
  const table = element("table"), body = element("tbody");
  table.append(body);
  if (status && status.events) {
    for (const e of status.events) body.append(row([new Date(e.time).toLocaleTimeString("en-GB"), "quiet"],
      [[e.event, e.range, e.mac, e.detail && `(${e.detail})`].filter(Boolean).join(" ") + (e.count > 1 ? `, ${count(e.count)} times` : "")]));
  } else {
    for (const {labels, value} of (metrics.pearpd_events_total || []).filter(e => e.value > 0).sort((a, b) => b.value - a.value))
      body.append(row([labels.event], [count(value), "number"]));
  }
  $("events").replaceChildren(body.children.length ? table : element("p", "none yet", "quiet"));
}

function matches(entry) {
  const wanted = filter.toLowerCase().replace(/^.*:(\d+)$/, (all, port) => /^[\d.]+:\d+$/.test(all) ? port : all);
  if (!wanted) return true;
  if (/^\d+$/.test(wanted) && Number(wanted) < PORTS) return spans(entry).some(([first, last]) => first <= wanted && wanted <= last);
  return [entry.name, entry.mac || "", entry.address, entry.state, entry.origin].some(text => text.toLowerCase().includes(wanted));
}

function showTable(entries) {
  const found = entries.filter(matches), shown = found.slice(0, ROWS_AT_MOST);
  $("table").replaceChildren(...shown.map(e => row([`${e.address}:${rangeOf(e)}`], [e.name || "\u2013"], [e.mac || "\u2013"],
    [e.state, stateClass(e.state)], [e.origin], [rateOf(e, "rx"), "number"], [rateOf(e, "tx"), "number"])));
  $("more").textContent = found.length > shown.length ? `${count(shown.length)} of ${count(found.length)} ranges are listed; pearpctl table has all.`
    : found.length ? "" : entries.length ? "Nothing matches the filter." : "There are no ranges yet.";
}

function addRates(entries, seconds) {
  const last = new Map(before ? before.entries.map(e => [`${e.address} ${e.first_port} ${e.mac}`, e]) : []);
  for (const entry of entries) {
    const was = last.get(`${entry.address} ${entry.first_port} ${entry.mac}`);
    if (was && seconds > 0) entry.rates = {rx: Math.max(0, entry.rx_bytes - was.rx_bytes) / seconds, tx: Math.max(0, entry.tx_bytes - was.tx_bytes) / seconds};
  }
}

function show(answers) {
  const {stats, metrics, status} = answers, seconds = before ? (answers.at - before.at) / 1000 : 0;
  const entries = answers.entries = stats.table.filter(e => e.state !== "published");
  addRates(entries, seconds);
  takeColours(entries);
  const byAddress = new Map(stats.table.map(e => [e.address, []]));
  for (const entry of entries) byAddress.get(entry.address).push(entry);
  for (const [address, map] of maps) if (!byAddress.has(address)) { map.section.remove(); maps.delete(address); }
  for (const [address, list] of byAddress) {
    if (!maps.has(address)) { maps.set(address, new PortMap(address)); $("addresses").append(maps.get(address).section); }
    const map = maps.get(address);
    map.managed = metric(metrics, "pearpd_ports_managed", {address});
    map.update(list);
  }
  $("nothing").hidden = byAddress.size > 0;
  showSummary(stats, metrics, seconds);
  showDrops(stats, seconds);
  showEvents(status, metrics);
  showTable(entries);
  before = answers;
}

async function ask(path, read, isOptional) {
  const answer = await fetch(path, {cache: "no-store", signal: AbortSignal.timeout(65000)});
  if (!answer.ok && isOptional) return null;
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return read(answer);
}

// A large table is asked for less often: the page takes no more than a tenth of the server's time.
async function refresh() {
  const began = performance.now();
  try {
    const stats = await ask("api/stats", a => a.json());
    const metrics = parseMetrics(await ask("metrics", a => a.text()));
    const status = await ask("api/status", a => a.json(), true);
    show({stats, metrics, status, at: began});
    live(true, "live");
  } catch (error) {
    live(false, before ? "no answer: what is shown is old" : "no answer");
  }
  setTimeout(whenVisible, Math.max(PAUSE_MS, 9 * (performance.now() - began)));
}
function live(isLive, text) {
  if ($("live").textContent !== text) $("live").textContent = text;
  $("live").classList.toggle("lost", !isLive);
}
function whenVisible() {
  if (!document.hidden) refresh();
  else document.addEventListener("visibilitychange", whenVisible, {once: true});
}

$("filter").addEventListener("input", event => { filter = event.target.value.trim(); if (before) showTable(before.entries); });
isDark.addEventListener("change", () => { colours.clear(); if (before) takeColours(before.entries); for (const map of maps.values()) { map.order = ""; if (map.entries) map.update(map.entries); } });
refresh();
