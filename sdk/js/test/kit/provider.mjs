// A local provider that gives recorded answers, and the recordings (shared data, read in place).

import { existsSync, readFileSync } from "node:fs";
import http from "node:http";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../../../../../shared/data/llm_exchanges/exchanges.jsonl", import.meta.url));

/** Why recordings cannot be used, or false. */
export const absent = existsSync(FILE) ? false : "shared data absent";

/** Recorded exchanges of one API that went well. */
export function exchanges(api) {
  if (absent) return [];
  return readFileSync(FILE, "utf8").trim().split("\n").map((line) => JSON.parse(line))
    .filter((each) => each.api === api && each.response.status === 200);
}

export class Provider {
  constructor() {
    this.asked = 0;
    this.exchange = undefined;
    this.server = http.createServer(async (request, response) => {
      for await (const _ of request);
      this.asked += 1;
      const { status, body } = this.exchange.response;
      const isStream = /^(?:event|data|:)/.test(body.trimStart());
      response.writeHead(status, { "content-type": isStream ? "text/event-stream" : "application/json" });
      // In pieces, as a provider sends it.
      for (let at = 0; at < body.length; at += 700) response.write(body.slice(at, at + 700));
      response.end();
    });
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
}
