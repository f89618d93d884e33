"use strict";
// Everything that comes from the stream is shown through textContent: it is never markup.

const KEPT_ROWS = 3000;
const PAGE = 100;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 30000;
const LONGEST_NAME = 80;

const at = (id) => document.getElementById(id);
const log = at("log");
const rows = new Map();
const places = new Map();
const waiting = [];

let cursor = null;
let socket = null;
let failures = 0;
let silence = 0;
let beat = 15000;
let shown = "";
let isFollowing = true;
let unread = 0;
let isLoadingOlder = false;
let hasOlder = true;
let words = [];
let isDrawing = false;
let generation = 0;

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function text(value, limit) {
  if (value === null || value === undefined) return "";
  // Characters that turn the direction of a line have no business in a name.
  const plain = String(value).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  return limit && plain.length > limit ? plain.slice(0, limit - 1) + "…" : plain;
}

function list(value) {
  return Array.isArray(value) ? value : [];
}

function record(value) {
  return value && typeof value === "object" && !Array.isArray(value) ? value : {};
}

// --- what a message says

function authorOf(message) {
  const author = record(message.author);
  const member = record(message.member);
  return text(member.nick || author.global_name || author.username || "somebody", LONGEST_NAME);
}

function* piecesOf(content, message) {
  const names = new Map(list(message.mentions).map((person) => [String(record(person).id), record(person)]));
  const pattern = /<@!?(\d{1,20})>|<#(\d{1,20})>|<a?:(\w{1,64}):\d{1,20}>|<t:(-?\d{1,12})(?::\w)?>|(https?:\/\/[^\s<>"]{1,2000})/g;
  let done = 0;
  for (const found of content.matchAll(pattern)) {
    if (found.index > done) yield ["", content.slice(done, found.index)];
    done = found.index + found[0].length;
    if (found[1]) {
      const person = names.get(found[1]);
      yield ["name", "@" + (person ? text(person.global_name || person.username, LONGEST_NAME) : found[1])];
    } else if (found[2]) yield ["name", "#" + placeName(found[2])];
    else if (found[3]) yield ["", ":" + found[3] + ":"];
    else if (found[4]) yield ["", new Date(Number(found[4]) * 1000).toLocaleString()];
    else yield ["link", found[5]];
  }
  if (done < content.length) yield ["", content.slice(done)];
}

function link(address, label) {
  const made = element("a", "", label);
  made.href = address;
  made.target = "_blank";
  made.rel = "noopener noreferrer nofollow";
  return made;
}

function marked(into, content) {
  if (!words.length) {
    into.append(content);
    return;
  }
  const lower = content.toLowerCase();
  let done = 0;
  while (done < content.length) {
    let next = -1;
    let length = 0;
    for (const word of words) {
      const place = lower.indexOf(word, done);
      if (place >= 0 && (next < 0 || place < next)) [next, length] = [place, word.length];
    }
    if (next < 0) break;
    into.append(content.slice(done, next), element("mark", "", content.slice(next, next + length)));
    done = next + length;
  }
  into.append(content.slice(done));
}

function size(bytes) {
  if (!Number.isFinite(bytes)) return "";
  return bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function fillWords(into, row) {
  const message = row.message;
  into.replaceChildren();
  const replied = record(message.referenced_message);
  if (replied.id) into.append(element("span", "quote", `↪ ${authorOf(replied)}: ${text(replied.content, 120)}`));
  for (const [kind, piece] of piecesOf(text(message.content), message)) {
    if (kind === "link") into.append(link(piece, piece));
    else if (kind) {
      const made = element("span", kind);
      marked(made, piece);
      into.append(made);
    } else marked(into, piece);
  }
  for (const snapshot of list(message.message_snapshots)) {
    into.append(element("span", "quote", `⤳ ${text(record(record(snapshot).message).content, 2000)}`));
  }
  for (const embed of list(message.embeds)) {
    const body = [record(embed).title, record(embed).description].filter(Boolean).map((part) => text(part, 600));
    if (body.length) into.append(element("span", "quote", body.join("\n")));
  }
  const poll = record(message.poll);
  if (poll.question) into.append(element("span", "quote", `▤ ${text(record(poll.question).text, 300)}`));
  const tags = element("div", "tags");
  for (const file of list(message.attachments)) {
    const tag = element("span", "tag");
    const label = `${text(record(file).filename, LONGEST_NAME)} ${size(record(file).size)}`;
    if (/^https?:\/\//.test(String(record(file).url))) tag.append(link(record(file).url, label));
    else tag.append(label);
    tags.append(tag);
  }
  for (const sticker of list(message.sticker_items)) tags.append(element("span", "tag", `✦ ${text(record(sticker).name, LONGEST_NAME)}`));
  for (const reaction of list(message.reactions)) {
    const count = Number(record(reaction).count);
    if (count > 0) tags.append(element("span", "tag", `${text(record(record(reaction).emoji).name, 32)} ${count}`));
  }
  if (tags.childNodes.length) into.append(tags);
  if (row.isEdited) into.append(element("span", "aside", "edited"));
  if (!into.childNodes.length) into.append(element("span", "aside", "no text"));
}

function searchable(row) {
  const message = row.message;
  const files = list(message.attachments).map((file) => text(record(file).filename));
  return [authorOf(message), text(message.content), ...files].join("\n").toLowerCase();
}

function draw(row, isFresh) {
  const { message } = row;
  const author = authorOf(message);
  const item = row.item || element("li");
  item.className = isFresh ? "fresh" : "";
  item.dataset.id = row.id;
  let hash = 0;
  for (const letter of String(record(message.author).id || author)) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  const face = element("span", `face f${hash % 8}`, [...author.trim()][0] || "?");
  face.setAttribute("aria-hidden", "true");
  const who = element("div", "who");
  const name = element("bdi");
  marked(name, author);
  const when = element("time", "", clock(row.ts));
  when.dateTime = new Date(row.ts).toISOString();
  who.append(name, element("span", "place", "#" + placeName(row.ch)), when);
  const said = element("div", "words");
  said.dir = "auto";
  fillWords(said, row);
  item.replaceChildren(face, who, said);
  row.item = item;
  row.text = searchable(row);
  classify(row);
  return item;
}

function clock(milliseconds) {
  const then = new Date(milliseconds);
  const time = then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return then.toDateString() === new Date().toDateString() ? time : `${then.toLocaleDateString()} ${time}`;
}

function sentAt(message, otherwise) {
  const told = Date.parse(message.timestamp);
  return Number.isFinite(told) ? told : otherwise;
}

function classify(row) {
  row.item.classList.toggle("gone", row.isGone);
  row.item.classList.toggle("out", Boolean(shown) && row.ch !== shown);
  row.item.classList.toggle("mute", words.length > 0 && !words.every((word) => row.text.includes(word)));
}

// --- places

function placeName(id) {
  const place = places.get(String(id));
  return place && place.name ? place.name : String(id);
}

function placeOf(id) {
  let place = places.get(id);
  if (!place) {
    place = { id, name: "", parent: "", unread: 0, button: null };
    places.set(id, place);
    drawPlaces();
  }
  return place;
}

function drawPlaces() {
  const all = element("li");
  all.append(placeButton(null));
  const made = [all];
  const groups = new Map();
  for (const place of places.values()) {
    if (!groups.has(place.parent)) groups.set(place.parent, []);
    groups.get(place.parent).push(place);
  }
  for (const [parent, members] of groups) {
    if (parent) made.push(element("li", "group", parent));
    for (const place of members) {
      const item = element("li");
      item.append(placeButton(place));
      made.push(item);
    }
  }
  at("channels").replaceChildren(...made);
}

function placeButton(place) {
  const button = element("button");
  button.type = "button";
  const name = element("bdi", "", place ? "# " + placeName(place.id) : "All channels");
  const count = element("span", "count", place && place.unread ? String(place.unread) : "");
  button.append(name, count);
  button.setAttribute("aria-current", String(shown === (place ? place.id : "")));
  button.addEventListener("click", () => show(place ? place.id : ""));
  if (place) {
    place.button = button;
    button.dataset.channel = place.id;
  }
  return button;
}

function show(id) {
  shown = id;
  if (id) placeOf(id).unread = 0;
  at("title").textContent = id ? "# " + placeName(id) : "Live messages";
  document.title = at("title").textContent;
  document.body.classList.remove("open");
  at("menu").setAttribute("aria-expanded", "false");
  drawPlaces();
  for (const row of rows.values()) classify(row);
  hasOlder = true;
  toEnd();
  loadOlder();
  tellEmpty();
}

// --- rows, kept by message and in order of their ids

function isOlder(one, other) {
  return one.length === other.length ? one < other : one.length < other.length;
}

function place(row) {
  const last = log.lastElementChild;
  if (!last || !last.dataset.id || isOlder(last.dataset.id, row.id)) {
    log.append(row.item);
    return;
  }
  let before = last;
  while (before.previousElementSibling) {
    const previous = before.previousElementSibling;
    if (previous.dataset.id && isOlder(previous.dataset.id, row.id)) break;
    before = previous;
  }
  before.before(row.item);
}

function add(id, ch, ts, message, isFresh, isEdited) {
  if (rows.has(id)) return;
  placeOf(ch);
  const row = { id, ch, message, ts: sentAt(message, ts), isGone: false, isEdited, item: null, text: "" };
  rows.set(id, row);
  draw(row, isFresh);
  place(row);
}

function take(event) {
  const row = rows.get(event.id);
  const message = record(event.d);
  if (event.t === "create") {
    add(event.id, event.ch, event.ts, message, true, false);
    if (event.ch !== shown && shown) placeOf(event.ch).unread += 1;
    else if (!isFollowing) unread += 1;
  } else if (!row) return;
  else if (event.t === "delete") row.isGone = true;
  else if (event.t === "update") {
    row.message = { ...row.message, ...message };
    row.isEdited = true;
  } else if (event.t === "reactions") {
    row.message.reactions = list(message.reactions);
  }
  if (row && row.item) draw(row, false);
}

function schedule() {
  if (isDrawing) return;
  isDrawing = true;
  // A hidden tab gets no frames; what waits must not grow there for ever.
  if (document.hidden) setTimeout(drawWaiting, 500);
  else requestAnimationFrame(drawWaiting);
}

function drawWaiting() {
  isDrawing = false;
  const events = waiting.splice(0, 400);
  for (const event of events) take(event);
  if (isFollowing) {
    while (rows.size > KEPT_ROWS) {
      const [id, row] = rows.entries().next().value;
      rows.delete(id);
      row.item.remove();
      hasOlder = true;
    }
    toEnd();
  }
  const button = at("follow");
  button.hidden = isFollowing;
  button.firstElementChild.textContent = unread ? `${unread} new` : "newest";
  for (const one of places.values()) {
    if (one.button) one.button.lastElementChild.textContent = one.unread && one.id !== shown ? String(one.unread) : "";
  }
  tellFound();
  tellEmpty();
  if (waiting.length) schedule();
}

function notice(told) {
  const item = element("li", "notice", told);
  log.append(item);
  if (isFollowing) toEnd();
}

function toEnd() {
  log.scrollTop = log.scrollHeight;
  isFollowing = true;
  unread = 0;
  at("follow").hidden = true;
}

function tellEmpty() {
  const any = [...rows.values()].some((row) => !row.item.classList.contains("out") && !row.item.classList.contains("mute"));
  at("empty").hidden = any;
  at("empty").textContent = words.length ? "Nothing that is loaded matches." : "Nothing was said yet. It will show here at once.";
}

function tellFound() {
  if (!words.length) {
    at("found").textContent = "";
    return;
  }
  let number = 0;
  for (const row of rows.values()) number += !row.item.classList.contains("mute") && !row.item.classList.contains("out");
  at("found").textContent = `${number} found`;
}

function search() {
  words = at("search").value.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 8);
  for (const row of rows.values()) draw(row, false);
  tellFound();
  tellEmpty();
  if (isFollowing) toEnd();
}

// --- the service

function headers() {
  const key = sessionStorage.getItem("key");
  return key ? { "X-API-Key": key } : {};
}

async function ask(path) {
  const reply = await fetch(path, { headers: headers(), cache: "no-store" });
  if (reply.status === 401) {
    const wasWrong = Boolean(sessionStorage.getItem("key"));
    sessionStorage.removeItem("key");
    await askForKey(wasWrong);
    return ask(path);
  }
  if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
  return reply.json();
}

function askForKey(wasWrong) {
  tell("lost", "key needed");
  at("wrong").hidden = !wasWrong;
  at("key").value = "";
  if (!at("door").open) at("door").showModal();
  return new Promise((resolve) => {
    at("door").addEventListener("close", () => {
      sessionStorage.setItem("key", at("key").value);
      resolve();
    }, { once: true });
  });
}

function tell(state, note) {
  at("state").dataset.state = state;
  at("state").lastElementChild.textContent = note;
}

async function loadOlder() {
  if (isLoadingOlder || !hasOlder) return;
  isLoadingOlder = true;
  const wanted = shown;
  try {
    let oldest = "";
    for (const row of rows.values()) if ((!wanted || row.ch === wanted) && (!oldest || isOlder(row.id, oldest))) oldest = row.id;
    const query = new URLSearchParams({ limit: String(PAGE) });
    if (oldest) query.set("before", oldest);
    if (wanted) query.set("channel", wanted);
    const page = await ask(`messages?${query}`);
    if (wanted !== shown) return;
    const from = log.scrollHeight - log.scrollTop;
    for (const found of page.messages.reverse()) add(found.id, found.ch, found.ts, record(found.d), false, found.edited);
    hasOlder = page.has_more;
    if (isFollowing) toEnd();
    else log.scrollTop = log.scrollHeight - from;
    tellFound();
    tellEmpty();
  } catch (error) {
    hasOlder = true;
  } finally {
    isLoadingOlder = false;
  }
}

async function loadPlaces() {
  for (const found of (await ask("channels")).channels) {
    const known = placeOf(found.id);
    known.name = text(found.name, LONGEST_NAME);
    known.parent = text(found.parent, LONGEST_NAME);
  }
  drawPlaces();
}

async function begin() {
  try {
    await loadPlaces();
    const page = await ask(`messages?limit=${PAGE}`);
    for (const found of page.messages) add(found.id, found.ch, found.ts, record(found.d), false, found.edited);
    hasOlder = page.has_more;
    cursor = page.cursor;
    failures = 0;
    toEnd();
    tellEmpty();
    connect();
  } catch (error) {
    retry(begin, 0);
  }
}

function connect() {
  const mine = ++generation;
  const address = new URL("ws", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.search = new URLSearchParams({ after: cursor || "live", client: "page" });
  const key = sessionStorage.getItem("key");
  const offered = ["reaper.v1"];
  if (key) {
    const bytes = String.fromCharCode(...new TextEncoder().encode(key));
    offered.push("key." + btoa(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""));
  }
  let asked = 0;
  let epoch = "";
  socket = new WebSocket(address, offered);
  listenFor(mine);
  socket.onmessage = (message) => {
    listenFor(mine);
    const frame = JSON.parse(message.data);
    if (frame.op === "hello") {
      epoch = frame.epoch;
      beat = frame.hb * 1000;
      failures = 0;
      cursor = `${epoch}:${frame.from}`;
      tell("wait", "catching up");
    } else if (frame.op === "event") {
      cursor = `${epoch}:${frame.seq}`;
      waiting.push(frame);
      schedule();
    } else if (frame.op === "hb") cursor = `${epoch}:${frame.seq}`;
    else if (frame.op === "live") tell("live", "live");
    else if (frame.op === "gap") notice(`Some messages cannot be had any more (${text(frame.reason, 20)}).`);
    else if (frame.op === "reconnect") asked = frame.after_ms;
  };
  socket.onclose = (closed) => {
    if (mine !== generation) return;
    clearTimeout(silence);
    if (closed.code >= 4500 && closed.code < 5000) tell("lost", "ended");
    else retry(connect, asked);
  };
}

function listenFor(mine) {
  clearTimeout(silence);
  silence = setTimeout(() => {
    if (mine === generation) socket.close();
  }, 3 * beat);
}

function retry(again, asked) {
  const pause = asked || Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(failures, 10));
  failures += 1;
  tell("lost", pause < 1500 ? "reconnecting" : `reconnecting in ${Math.round(pause / 1000)} s`);
  setTimeout(again, pause);
}

// --- hands

at("search").addEventListener("input", search);
at("follow").addEventListener("click", toEnd);
at("menu").addEventListener("click", () => {
  at("menu").setAttribute("aria-expanded", String(document.body.classList.toggle("open")));
});
log.addEventListener("scroll", () => {
  isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (isFollowing) unread = 0;
  at("follow").hidden = isFollowing;
  if (!isFollowing && !unread) at("follow").firstElementChild.textContent = "newest";
  if (log.scrollTop < 400) loadOlder();
});
new ResizeObserver(() => {
  if (isFollowing) toEnd();
}).observe(log);
document.addEventListener("keydown", (press) => {
  if (press.key === "/" && document.activeElement !== at("search") && !at("door").open) {
    press.preventDefault();
    at("search").focus();
  } else if (press.key === "Escape" && document.activeElement === at("search")) {
    at("search").value = "";
    search();
    log.focus();
  } else if (press.key === "End" && document.activeElement !== at("search")) toEnd();
});
drawPlaces();
begin();
