// @ts-check
// Server-sent events from an address that wants a token, which EventSource cannot give.

import { credentials } from "./api.js";

const AGAIN_MS = 2000;

/**
 * @param {string} path
 * @param {(name: string, data: any) => void} heard
 * @param {(problem: string) => void} [state] called with "" when it flows, and with a sentence when it does not
 * @returns {() => void} which ends it
 */
export function stream(path, heard, state = () => {}) {
  const leaving = new AbortController();
  (async () => {
    while (!leaving.signal.aborted) {
      try {
        const response = await fetch(path, { headers: credentials(), signal: leaving.signal, cache: "no-store" });
        if (!response.ok || !response.body) throw new Error(`The war room refused it with ${response.status}.`);
        state("");
        await read(response.body, heard);
      } catch (error) {
        if (leaving.signal.aborted) return;
        state(error instanceof TypeError ? "The war room does not answer." : String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  })();
  return () => leaving.abort();
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {(name: string, data: any) => void} heard
 */
async function read(body, heard) {
  const decoder = /** @type {ReadableWritablePair<string, Uint8Array>} */ (/** @type {unknown} */ (new TextDecoderStream()));
  const reader = body.pipeThrough(decoder).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop() ?? "";
    for (const event of events) {
      const lines = event.split("\n");
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
      if (name && data) heard(name, JSON.parse(data));
    }
  }
}
