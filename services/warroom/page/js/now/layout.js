// @ts-check
// Where the services of the map stand: in layers from who asks to who is asked, with few crossings.
// Layered as by Sugiyama: calls that lead back are turned round, long ones go through places between, and each layer
// is put in the order of its neighbours.

/** @typedef {{caller: string, callee: string}} Call */
/** @typedef {{name: string, x: number, y: number}} Place in layers and rows, from 0 */
/** @typedef {{call: Call, back: boolean, through: {x: number, y: number}[]}} Way from caller to callee */

const SWEEPS = 6;

/**
 * @param {Call[]} calls
 * @param {string} first who is to stand first, if there
 * @returns {{places: Place[], ways: Way[], width: number, height: number}} width and height in layers and rows
 */
export function layout(calls, first) {
  const names = [...new Set(calls.flatMap((call) => [call.caller, call.callee]))].sort();
  if (names.includes(first)) names.unshift(...names.splice(names.indexOf(first), 1));
  const back = leadingBack(names, calls);
  const layer = layers(names, calls, back);

  // Every way as a chain of stations, one a layer.
  /** @type {string[][]} */
  const stations = [];
  for (const name of names) (stations[layer.get(name) ?? 0] ??= []).push(name);
  const chains = calls.map((call, at) => {
    const [from, to] = back.has(call) ? [call.callee, call.caller] : [call.caller, call.callee];
    const [begin, end] = [layer.get(from) ?? 0, layer.get(to) ?? 0];
    const chain = [from];
    for (let between = begin + 1; between < end; between += 1) {
      const station = `\u0000${at} ${between}`;
      (stations[between] ??= []).push(station);
      chain.push(station);
    }
    return [...chain, to];
  });
  order(stations, chains);

  const height = Math.max(1, ...stations.map((those) => those.length));
  /** @type {Map<string, {x: number, y: number}>} */
  const where = new Map();
  stations.forEach((those, x) => {
    those.forEach((name, at) => where.set(name, { x, y: at + (height - those.length) / 2 }));
  });
  const spot = (/** @type {string} */ name) => /** @type {{x: number, y: number}} */ (where.get(name));
  return {
    places: names.map((name) => ({ name, ...spot(name) })),
    ways: calls.map((call, at) => {
      const through = chains[at].map(spot);
      return { call, back: back.has(call), through: back.has(call) ? through.reverse() : through };
    }),
    width: stations.length,
    height,
  };
}

/**
 * The calls that close a circle, found by walking from each name as deep as it goes.
 * @param {string[]} names
 * @param {Call[]} calls
 */
function leadingBack(names, calls) {
  /** @type {Set<Call>} */
  const found = new Set();
  const on = new Set();
  const done = new Set();
  const walk = (/** @type {string} */ name) => {
    on.add(name);
    for (const call of calls) {
      if (call.caller !== name) continue;
      if (on.has(call.callee)) found.add(call);
      else if (!done.has(call.callee)) walk(call.callee);
    }
    on.delete(name);
    done.add(name);
  };
  for (const name of names) if (!done.has(name)) walk(name);
  return found;
}

/**
 * Each as far down as its longest way from the top.
 * @param {string[]} names
 * @param {Call[]} calls
 * @param {Set<Call>} back
 */
function layers(names, calls, back) {
  const layer = new Map(names.map((name) => [name, 0]));
  for (let round = 0; round < names.length; round += 1) {
    for (const call of calls) {
      if (back.has(call)) continue;
      layer.set(call.callee, Math.max(layer.get(call.callee) ?? 0, (layer.get(call.caller) ?? 0) + 1));
    }
  }
  return layer;
}

/**
 * Puts each layer in the order of the middle of its neighbours', down and up again.
 * @param {string[][]} stations
 * @param {string[][]} chains
 */
function order(stations, chains) {
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    const range = down ? stations.keys() : [...stations.keys()].reverse();
    for (const at of range) {
      const those = stations[at];
      const beside = stations[down ? at - 1 : at + 1];
      if (!beside) continue;
      const middle = new Map(
        those.map((name, index) => {
          const near = chains.flatMap((chain) =>
            chain.flatMap((station, place) => (station === name ? [chain[down ? place - 1 : place + 1]] : [])),
          );
          const rows = near.map((other) => beside.indexOf(other)).filter((row) => row >= 0);
          const own = (index / those.length) * beside.length;
          return [name, rows.length ? rows.reduce((sum, row) => sum + row, 0) / rows.length : own];
        }),
      );
      those.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
    }
  }
}
