// @ts-check
// A team's workspace, as a browser is given it, packed as a deploy takes it: a gzipped tar (ustar).

export const SERVICES = ["billing", "checkout", "inventory", "promotions", "orders"];
const BESIDES = ["guardrails", "tests", "team-spec.md"];
const LARGEST_FILE = 512 * 1024; // bytes
const LARGEST = 1024 * 1024; // bytes, packed
const BLOCK = 512;

/** @typedef {{path: string, file: Blob}} Entry */
/** @typedef {{webkitRelativePath?: string, name: string} & Blob} Chosen */

/** What is wrong with a folder, in a sentence. */
export class NoWorkspace extends Error {}

/**
 * What of a chosen folder is a workspace, by its names there. It may be the workspace, or a folder around it.
 * @param {Iterable<Chosen>} files
 * @returns {Entry[]} sorted by path
 */
export function workspace(files) {
  const all = [...files].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  const marks = all
    .map((one) => one.path)
    .filter((path) => path === "billing/app.py" || path.endsWith("/billing/app.py"));
  const mark = marks.sort((one, other) => one.length - other.length)[0];
  if (mark === undefined) {
    throw new NoWorkspace(
      "There is no billing/app.py in that folder; choose the one that labctl drill workspace names.",
    );
  }
  const root = mark.slice(0, -"billing/app.py".length);
  const found = all
    .filter((one) => one.path.startsWith(root))
    .map((one) => ({ path: one.path.slice(root.length), file: one.file }))
    .filter((one) => belongs(one.path.split("/")));
  const gone = SERVICES.find((name) => !found.some((one) => one.path === `${name}/app.py`));
  if (gone)
    throw new NoWorkspace(`${gone}/app.py is gone; bring it back with git checkout refs/lab/baseline -- ${gone}.`);
  const large = found.find((one) => one.file.size > LARGEST_FILE);
  if (large)
    throw new NoWorkspace(`${large.path} has more than ${LARGEST_FILE / 1024} kB; a release is code, leave it out.`);
  return found.sort((one, other) => (one.path < other.path ? -1 : 1));
}

/**
 * @param {Entry[]} entries
 * @returns {Promise<Blob>}
 */
export async function pack(entries) {
  if (typeof CompressionStream === "undefined") {
    throw new NoWorkspace("This browser cannot pack files; labctl drill deploy can.");
  }
  /** @type {BlobPart[]} */
  const parts = [];
  for (const { path, file } of entries) {
    let data;
    try {
      data = new Uint8Array(await file.arrayBuffer());
    } catch {
      throw new NoWorkspace(`${path} is no longer what it was when the folder was chosen; choose it again.`);
    }
    parts.push(header(path, data.length), data, new Uint8Array(-data.length & (BLOCK - 1)));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  const packed = await new Response(new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"))).blob();
  if (packed.size > LARGEST) {
    throw new NoWorkspace(
      `The release has ${Math.ceil(packed.size / 1024)} kB packed, and the war room takes 1024; leave data out.`,
    );
  }
  return packed;
}

/** @param {string[]} parts of a path */
function belongs(parts) {
  if (parts.some((part) => part === "__pycache__" || part.startsWith("."))) return false;
  return parts.length === 1 ? parts[0] === "team-spec.md" : [...SERVICES, ...BESIDES].includes(parts[0]);
}

/** @param {string} path @param {number} size bytes */
function header(path, size) {
  const block = new Uint8Array(BLOCK);
  const encoder = new TextEncoder();
  const [prefix, name] = split(path, encoder);
  /** @param {number} at @param {string | Uint8Array} value */
  const write = (at, value) => block.set(typeof value === "string" ? encoder.encode(value) : value, at);
  write(0, name);
  write(100, "0000644\0");
  write(108, "0000000\0");
  write(116, "0000000\0");
  write(124, `${size.toString(8).padStart(11, "0")}\0`);
  write(136, "00000000000\0"); // the same bytes for the same files
  write(148, "        ");
  write(156, "0");
  write(257, "ustar\0" + "00");
  write(345, prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/**
 * A name of 100 bytes, and before it a folder of 155.
 * @param {string} path
 * @param {TextEncoder} encoder
 * @returns {[Uint8Array, Uint8Array]}
 */
function split(path, encoder) {
  const whole = encoder.encode(path);
  if (whole.length <= 100) return [new Uint8Array(), whole];
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [encoder.encode(path.slice(0, at)), encoder.encode(path.slice(at + 1))];
    if (prefix.length <= 155 && name.length <= 100) return [prefix, name];
  }
  throw new NoWorkspace(`${path.slice(0, 60)}… is too long a name for a release.`);
}
