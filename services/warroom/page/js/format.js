// @ts-check
// Figures, durations and moments as people read them. Units are called as in Grafana.

const MINUS = "−";
const GAP = " "; // no break between a figure and its unit

/** @type {Record<string, (value: number, decimals: number | undefined) => string>} */
const UNITS = {
  none: (value, decimals) => plain(value, decimals),
  short: (value, decimals) => scaled(value, 1000, ["", "k", "M", "G", "T"], decimals, ""),
  percent: (value, decimals) => `${plain(value, decimals)}${GAP}%`,
  percentunit: (value, decimals) => `${plain(value * 100, decimals)}${GAP}%`,
  s: seconds,
  ms: (value, decimals) => seconds(value / 1000, decimals),
  "µs": (value, decimals) => seconds(value / 1e6, decimals),
  bytes: (value, decimals) => scaled(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB"], decimals, GAP),
  decbytes: (value, decimals) => scaled(value, 1000, ["B", "kB", "MB", "GB", "TB"], decimals, GAP),
  reqps: (value, decimals) => `${UNITS.short(value, decimals)}${GAP}req/s`,
  ops: (value, decimals) => `${UNITS.short(value, decimals)}${GAP}ops/s`,
  cents: (value) => money(value),
};

/**
 * @param {number | null | undefined} value
 * @param {string} [unit] one of Grafana's, `suffix: …`, or cents
 * @param {number} [decimals] as many as the size of the figure asks for, if left out
 */
export function format(value, unit = "none", decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (unit.startsWith("suffix:")) return `${plain(value, decimals)}${GAP}${unit.slice(7).trim()}`;
  if (unit.startsWith("prefix:")) return `${unit.slice(7).trim()}${GAP}${plain(value, decimals)}`;
  return (UNITS[unit] ?? UNITS.none)(value, decimals);
}

/**
 * Seconds as m:ss or h:mm:ss, whole ones only.
 * @param {number} seconds
 */
export function clock(seconds) {
  const whole = Math.floor(Math.abs(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  return `${seconds < 0 && whole ? MINUS : ""}${h ? `${h}:${two(m)}` : two(m)}:${two(s)}`;
}

/**
 * A duration in words, such as 3 min 20 s.
 * @param {number | null | undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (Math.abs(seconds) < 60) return UNITS.s(seconds, undefined);
  const whole = Math.round(Math.abs(seconds));
  const parts = [
    [Math.floor(whole / 3600), "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const said = parts.filter(([count]) => count).slice(0, 2);
  return `${seconds < 0 ? MINUS : ""}${said.map(([count, name]) => `${count}${GAP}${name}`).join(" ")}`;
}

/**
 * The time of day in the viewer's zone; with the date where it is not today's.
 * @param {string | number | Date} moment ISO 8601, or milliseconds since the epoch
 * @param {{ms?: boolean}} [options]
 */
export function time(moment, options = {}) {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return "–";
  const clock = at.toLocaleTimeString("en-GB", { hour12: false });
  const said = options.ms ? `${clock}.${String(at.getMilliseconds()).padStart(3, "0")}` : clock;
  return at.toDateString() === new Date().toDateString() ? said : `${day(at)} ${said}`;
}

/** @param {string | number | Date} moment */
export function day(moment) {
  return new Date(moment).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
}

/** The viewer's zone, which every time on the page is in. */
export function zone() {
  const offset = -new Date().getTimezoneOffset();
  const sign = offset < 0 ? MINUS : "+";
  const [h, m] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const utc = offset ? `UTC${sign}${h}${m ? `:${String(m).padStart(2, "0")}` : ""}` : "UTC";
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return !name || name === "UTC" || name === "Etc/UTC" ? utc : `${name}, ${utc}`;
}

/** ISO 8601 in UTC, for titles. @param {string | number | Date} moment */
export function iso(moment) {
  return new Date(moment).toISOString();
}

/**
 * @param {number} cents
 * @returns {string} such as 1,234.56
 */
export function money(cents) {
  const [whole, rest] = [Math.floor(Math.abs(cents) / 100), Math.round(Math.abs(cents)) % 100];
  return `${cents < 0 ? MINUS : ""}${whole.toLocaleString("en")}.${String(rest).padStart(2, "0")}`;
}

/**
 * @param {number} value
 * @param {number} [decimals]
 */
function plain(value, decimals) {
  const size = Math.abs(value);
  const most = decimals ?? (size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
  const said = size.toLocaleString("en", { minimumFractionDigits: decimals ?? 0, maximumFractionDigits: most });
  return value < 0 && Number(said.replace(/,/g, "")) !== 0 ? MINUS + said : said;
}

/**
 * @param {number} value
 * @param {number} base
 * @param {string[]} names
 * @param {number | undefined} decimals
 * @param {string} gap
 */
function scaled(value, base, names, decimals, gap) {
  let at = 0;
  let size = value;
  while (Math.abs(size) >= base && at < names.length - 1) {
    size /= base;
    at += 1;
  }
  return `${plain(size, decimals)}${gap}${names[at]}`;
}

/** @param {number} value */
const tenths = (value) => Math.round(value * 10) / 10;

/**
 * @param {number} value
 * @param {number | undefined} decimals
 */
function seconds(value, decimals) {
  const size = Math.abs(value);
  if (size === 0) return `0${GAP}s`;
  if (size < 1e-3) return `${plain(value * 1e6, decimals ?? 0)}${GAP}µs`;
  if (size < 1) return `${plain(value * 1000, decimals)}${GAP}ms`;
  if (size < 120) return `${plain(value, decimals)}${GAP}s`;
  if (size < 7200) return `${plain(decimals === undefined ? tenths(value / 60) : value / 60, decimals)}${GAP}min`;
  return `${plain(decimals === undefined ? tenths(value / 3600) : value / 3600, decimals)}${GAP}h`;
}
