// The one file that talks to the edge: JSON over HTTP/1.1 on kept connections, node's own client.

import http from "node:http";
import https from "node:https";

import { after } from "./timers.mjs";

const MAX_ANSWER = 12 * 1024 * 1024; // 8 MiB of response are 10.7 MiB in base64
const KEEP_MS = 4_000; // the edge closes what is silent for five seconds

/** Why an answer never came. `reason` is one of the words of the behaviour table. */
export class Unanswered extends Error {
  /**
   * @param {string} reason
   * @param {unknown} [cause]
   */
  constructor(reason, cause) {
    super(`The overflow cache gave no answer: ${reason}.`, { cause });
    this.reason = reason;
  }
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {import("node:http").IncomingHttpHeaders} headers
 * @property {any} body parsed JSON
 */

export class Wire {
  /**
   * @param {{url: string, apiKey: string, agent: string, connectMs: number,
   *   maxConnections: number}} settings
   */
  constructor({ url, apiKey, agent, connectMs, maxConnections }) {
    const base = new URL(url);
    // Node does not resolve these names by itself, as browsers do (RFC 6761 §6.3).
    const isLocal = /(^|\.)localhost$/.test(base.hostname);
    this.isSecure = base.protocol === "https:";
    this.client = this.isSecure ? https : http;
    this.pool = new this.client.Agent({
      keepAlive: true, maxSockets: maxConnections, maxFreeSockets: maxConnections, scheduling: "lifo",
      timeout: KEEP_MS,
    });
    this.connectMs = connectMs;
    this.base = {
      protocol: base.protocol, port: base.port, agent: this.pool,
      hostname: isLocal ? "127.0.0.1" : base.hostname.replace(/^\[|\]$/g, ""),
    };
    if (isLocal && this.isSecure) this.base.servername = base.hostname;
    this.path = base.pathname.replace(/\/$/, "");
    this.headers = {
      host: base.host, authorization: `Bearer ${apiKey}`, accept: "application/json",
      "user-agent": agent,
    };
  }

  /**
   * One exchange. Rejects with Unanswered.
   * @param {string} method
   * @param {string} path
   * @param {string | undefined} body JSON
   * @param {{limitMs: number, headers?: Record<string, string>, mayRepeat?: boolean}} how
   *   `mayRepeat`: once more where a kept connection had been closed meanwhile
   * @returns {Promise<Answer>}
   */
  async call(method, path, body, how) {
    try {
      return await this.once(method, path, body, how);
    } catch (error) {
      if (error.reason !== "stale_connection" || !how.mayRepeat) throw error;
      return await this.once(method, path, body, how);
    }
  }

  /** @returns {Promise<Answer>} */
  once(method, path, body, /** @type {any} */ { limitMs, headers }) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : bodyHeaders(body);
      const request = this.client.request({
        ...this.base, method, path: this.path + path, headers: { ...this.headers, ...headers, ...length },
      });
      const timers = [after(limitMs, () => give("timeout"))];
      const done = () => timers.forEach((timer) => timer.clear());
      const give = (reason, cause) => {
        done();
        reject(new Unanswered(reason, cause));
        request.destroy();
      };
      request.on("socket", (socket) => {
        if (!socket.connecting) return;
        const connecting = after(this.connectMs, () => give("connect_timeout"));
        timers.push(connecting);
        socket.once(this.isSecure ? "secureConnect" : "connect", () => connecting.clear());
      });
      request.on("error", (/** @type {any} */ error) => {
        const isStale = request.reusedSocket && error.code === "ECONNRESET";
        give(isStale ? "stale_connection" : reasonOf(error), error);
      });
      request.on("response", (response) => {
        collect(response, give, (answer) => {
          done();
          resolve(answer);
        });
      });
      request.end(body);
    });
  }

  close() {
    this.pool.destroy();
  }
}

const bodyHeaders = (body) => ({ "content-type": "application/json", "content-length": Buffer.byteLength(body) });

/** A response read to its end: `take` gets the answer, or `give` why there is none. */
function collect(response, give, take) {
  const parts = [];
  let length = 0;
  response.on("data", (part) => {
    length += part.length;
    if (length > MAX_ANSWER) return give("garbage");
    parts.push(part);
  });
  response.on("error", (error) => give("reset", error));
  response.on("aborted", () => give("reset"));
  response.on("end", () => {
    if (!response.complete) return give("reset");
    const answer = read(response, parts);
    return answer === undefined ? give("garbage") : take(answer);
  });
}

/** @returns {Answer | undefined} nothing where the body is no JSON */
function read(response, parts) {
  const text = (parts.length === 1 ? parts[0] : Buffer.concat(parts)).toString("utf8");
  try {
    const body = text === "" ? null : JSON.parse(text);
    return { status: response.statusCode, headers: response.headers, body };
  } catch {
    return undefined;
  }
}

function reasonOf(error) {
  const code = String(error.code ?? "");
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "dns";
  if (code === "ECONNREFUSED" || code === "EHOSTUNREACH" || code === "ENETUNREACH") return "refused";
  if (code.startsWith("HPE_")) return "garbage";
  if (code.includes("CERT") || code.includes("SSL") || code.includes("TLS")) return "tls";
  if (code === "DEPTH_ZERO_SELF_SIGNED_CERT" || code === "EPROTO") return "tls";
  return "reset";
}
