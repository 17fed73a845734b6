// The official clients of OpenAI and Anthropic with our fetch: recorded exchanges through a local
// provider. The first call reaches it, the second does not, and both give equal objects.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

import { AgentCacheOverflow } from "../src/index.mjs";
import { Provider, absent, exchanges } from "./kit/provider.mjs";
import { options, realServers } from "./kit/servers.mjs";

const servers = realServers();
const COUNTS = { json: 0, streams: 0, uncacheable: 0 };

const APIS = {
  openai_chat: (fetch, url) => {
    const client = new OpenAI({ apiKey: "sk", baseURL: `${url}/v1`, fetch, maxRetries: 0 });
    return (body) => client.chat.completions.create(body);
  },
  openai_responses: (fetch, url) => {
    const client = new OpenAI({ apiKey: "sk", baseURL: `${url}/v1`, fetch, maxRetries: 0 });
    return (body) => client.responses.create(body);
  },
  anthropic_messages: (fetch, url) => {
    const client = new Anthropic({ apiKey: "sk", baseURL: url, fetch, maxRetries: 0 });
    return (body) => client.messages.create(body);
  },
};

/** What an answer says, whole: a stream's pieces put together by where they belong. */
async function said(asked, isStream) {
  const answer = await asked;
  if (!isStream) return answer;
  const texts = {};
  const inputs = {};
  const endings = {};
  const add = (to, where, text) => {
    if (typeof text === "string") to[where] = (to[where] ?? "") + text;
  };
  for await (const event of answer) {
    for (const { index, delta, finish_reason: ending } of event.choices ?? []) {
      add(texts, index, delta?.content);
      for (const call of delta?.tool_calls ?? []) {
        add(texts, `${index} ${call.index} name`, call.function?.name);
        add(inputs, `${index} ${call.index}`, call.function?.arguments);
      }
      if (ending) endings[index] = ending;
    }
    if (event.type === "content_block_start") texts[`${event.index} start`] = event.content_block;
    if (event.type === "content_block_delta") {
      add(texts, event.index, event.delta.text ?? event.delta.thinking ?? event.delta.signature);
      add(inputs, event.index, event.delta.partial_json);
    }
    // Older recordings name only the output here; the edge names all counts, as the API does today.
    if (event.type === "message_delta") endings.message = [event.delta, event.usage.output_tokens];
    if (event.type === "response.output_text.delta") add(texts, event.item_id, event.delta);
    if (event.type === "response.completed") endings.response = event.response;
  }
  // A tool's input is JSON: how it is spelt means nothing.
  for (const [where, text] of Object.entries(inputs)) inputs[where] = text === "" ? "" : JSON.parse(text);
  return { texts, inputs, endings };
}

describe("official clients", { skip: absent }, () => {
  let provider;
  before(async () => {
    provider = await new Provider().start();
  });
  after(() => provider.stop());
  const quiet = { warn: console.warn };
  before(() => {
    console.warn = () => {}; // the clients say that recorded models are old
  });
  after(() => {
    console.warn = quiet.warn;
  });

  for (const [api, open] of Object.entries(APIS)) {
    for (const exchange of exchanges(api)) {
      it(exchange.id, async (context) => {
        const body = JSON.parse(exchange.request.body);
        const isStream = body.stream === true;
        const overflow = new AgentCacheOverflow(options(servers, { l1Bytes: 0 }));
        provider.exchange = exchange;
        provider.asked = 0;
        const create = open(overflow.fetch(), provider.url);
        const first = await said(create(body), isStream);
        await overflow.flush(5_000);
        const second = await said(create(body), isStream);
        const counts = overflow.counts();
        await overflow.close();
        if (counts.stores_failed) {
          // The edge's own rules refuse it (cut off, filtered, unfinished): the provider goes on.
          COUNTS.uncacheable += 1;
          assert.equal(provider.asked, 2);
          context.diagnostic("refused by the edge");
        } else {
          COUNTS[isStream ? "streams" : "json"] += 1;
          assert.equal(provider.asked, 1, JSON.stringify(counts));
        }
        assert.deepEqual(second, first);
      });
    }
  }

  it("enough of each were cached", () => {
    assert.ok(COUNTS.json >= 20 && COUNTS.streams >= 8, JSON.stringify(COUNTS));
    console.log(`    ${JSON.stringify(COUNTS)}`);
  });
});
