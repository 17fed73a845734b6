// A scripted HTTP server in the overflow's place.

import { randomUUID } from "node:crypto";
import http from "node:http";

import { paced, player } from "./scripts.mjs";

const KINDS = {
  "/api/overflow": "lookup", "/api/overflow/batch": "batch", "/api/overflow/store": "store",
  "/api/overflow/purge": "purge", "/api/overflow/feedback": "feedback", "/api/overflow/explain": "explain",
};

const STATUSES = { hit: "hit", semantic: "semantic_hit", stale: "stale" };

export class ScriptedOverflow {
  constructor({ holds, ...lists } = {}) {
    this.holds = new Map(Object.entries(holds ?? {}));
    this.asked = { lookup: 0, store: 0, purge: 0, check: 0, feedback: 0, explain: 0 };
    this.bodies = [];
    this.said = new Map(); // key → the entry that a lookup was answered with
    this.next = player(lists);
    this.server = http.createServer((request, response) => this.serve(request, response));
  }

  async start() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  async serve(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    const body = text && JSON.parse(text);
    this.deadline = request.headers["agentcache-deadline-ms"] ?? this.deadline;
    const kind = body.dry_run ? "check" : KINDS[request.url];
    const say = (status, told, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof told === "string" ? told : JSON.stringify(told));
    };
    if (kind === "batch") {
      const items = [];
      // One step for a batch: they go out together.
      for (const item of body.items) items.push(await this.act(item.op, item));
      const broken = items.find((item) => item.broken || item.status >= 500);
      if (broken?.broken === "dead") return request.socket.destroy();
      if (broken) return say(broken.status ?? 200, broken.broken ?? {});
      return say(200, { items: items.map(({ status, told }) => ({ status, body: told })) });
    }
    const done = await this.act(kind, body);
    if (done.broken === "dead") return request.socket.destroy();
    if (done.broken) return say(200, "<html>not ours</html>");
    return say(done.status, done.told, done.headers);
  }

  async act(kind, body) {
    this.asked[kind] += 1;
    this.bodies.push({ kind, body });
    const step = await paced(this.next(kind));
    if (step === "dead") return { broken: "dead" };
    if (step === "garbage") return { broken: "garbage" };
    if (/^\d{3}$/.test(step)) return { status: Number(step), told: { code: `code-${step}` }, headers: { "retry-after": "1" } };
    if (kind === "lookup") return { status: 200, told: this.lookup(step, body) };
    if (kind === "check") return { status: 200, told: this.check(step, body) };
    if (step === "do") this[kind]?.(body);
    return { status: kind === "store" ? 201 : 202, told: { purge_id: "p", accepted: true, stored: true } };
  }

  lookup(step, { cache_key: key }) {
    const billing = { event_id: randomUUID(), partner_id: "redis-labs", revenue_share: 0.3 };
    const [, kind, said] = /^(\w+):?(.*)$/s.exec(step) ?? [];
    const status = step === "do" ? "hit" : STATUSES[kind];
    const value = step === "do" ? this.holds.get(key) : said;
    if (status === undefined || value === undefined) {
      const lease = kind === "lease" ? { id: said, role: "leader" } : null;
      return { hit: false, response: null, reason: "not_found", cost_saved: 0, billing, lease };
    }
    return {
      hit: true, response: value, status, source: "edge-cache", cost_saved: 0, latency: 1, billing,
      entry: this.named(key),
    };
  }

  named(key) {
    const expires_at = new Date(Date.now() + 600_000).toISOString();
    if (!this.said.has(key)) this.said.set(key, { id: "e", created_at: "2026-01-01T00:00:00Z", expires_at });
    return this.said.get(key);
  }

  check(step, { cache_keys: [key] }) {
    const entries = this.said.has(key) && step !== "miss" ? [this.said.get(key)] : [];
    return { dry_run: true, matches: entries.length, entries };
  }

  store({ cache_key: key, response }) {
    this.holds.set(key, response);
  }

  purge({ cache_keys: keys }) {
    if (keys === undefined) this.holds.clear();
    for (const key of keys ?? []) {
      this.holds.delete(key);
      this.said.delete(key);
    }
  }

  /** The last body of a kind. */
  last(kind) {
    return this.bodies.findLast((each) => each.kind === kind)?.body;
  }
}
