// A fetch with the overflow before it: what OpenAI's and Anthropic's official clients (and those that
// speak the same) take as their option `fetch`. JSON and streams.

const MAX_TRANSCRIPT = 8 * 1024 * 1024;

/** Providers by host, where the host tells; `shapes.mjs` says which of them speak alike. */
const HOSTS = {
  "api.openai.com": "openai", "api.anthropic.com": "anthropic", "api.cohere.com": "cohere",
  "api.cohere.ai": "cohere", "api.together.xyz": "together", "api.together.ai": "together",
  "api.groq.com": "groq", "api.mistral.ai": "mistral", "api.deepseek.com": "deepseek",
  "api.fireworks.ai": "fireworks", "api.x.ai": "x-ai", "api.perplexity.ai": "perplexity",
  "api.cerebras.ai": "cerebras", "openrouter.ai": "openrouter",
};
/**
 * @type {[RegExp, string][]}
 * Endpoints whose answers are cached, and who is meant where the host is nobody's we know.
 */
const PATHS = [
  [/\/chat\/completions$/, "openai"], [/\/responses$/, "openai"], [/\/embeddings$/, "openai"],
  [/\/v1\/messages$/, "anthropic"], [/\/v[12]\/chat$/, "cohere"],
];
/** What such a header asks for is not in the request's identity. */
const BETA = /^(?:anthropic|openai)-beta$/i;

/**
 * @typedef {object} FetchOptions
 * @property {typeof fetch} [fetch] what asks the provider; the global one
 * @property {string} [provider] for hosts that tell none: a gateway, a server of one's own
 * @property {Record<string, any>} [metadata] sent with every lookup
 */

/**
 * @param {import("./client.mjs").AgentCacheOverflow} client
 * @param {FetchOptions} [options]
 * @returns {typeof fetch}
 */
export function fetchBehind(client, { fetch: ask = globalThis.fetch, provider, metadata } = {}) {
  return async function overflowFetch(input, init) {
    const known = await safely(client, () => look(client, input, init, provider, metadata));
    if (!known) return ask(input, init);
    init.signal?.throwIfAborted();
    if (known.response !== null) return known.response;
    const response = await ask(input, init);
    if (!response.ok || !response.body) return response;
    return recorded(client, known.request, known.format, response);
  };
}

/** What a model call asks of the cache: nothing of ours may stand in its way. */
async function safely(client, work) {
  try {
    return await work();
  } catch (error) {
    if (client.settings.strict) throw error;
    client.count("dropin_failures");
    return null;
  }
}

/** The cached response, or null, and what the request is; null for what is not ours to cache. */
async function look(client, input, init, provider, metadata) {
  const spoken = requestOf(input, init, provider);
  // Where requests stay at home, a stream could not be told from others by the edge.
  if (spoken === null || (spoken.stream && client.settings.privacy !== "plain")) return null;
  const format = spoken.stream === true ? "sse" : undefined;
  const { stream: _, ...whole } = spoken;
  const request = format === undefined ? whole : spoken;
  const answer = await client.get({ request, format, metadata });
  const isHit = answer.hit && isServable(answer, format);
  return { request, format, response: isHit ? responseOf(answer, format) : null };
}

/** The provider request in a fetch, or null for one that is not ours to cache. */
function requestOf(input, init, provider) {
  const method = init?.method ?? input?.method ?? "GET";
  if (method.toUpperCase() !== "POST" || typeof init?.body !== "string") return null;
  const url = urlOf(input);
  const [, assumed] = PATHS.find(([path]) => path.test(url?.pathname ?? "")) ?? [];
  if (assumed === undefined || url.search !== "" || hasBeta(init.headers)) return null;
  try {
    const body = JSON.parse(init.body);
    if (typeof body?.model !== "string") return null;
    return { ...body, provider: provider ?? HOSTS[url.hostname] ?? assumed };
  } catch {
    return null;
  }
}

function urlOf(input) {
  try {
    return new URL(typeof input === "string" ? input : (input.url ?? input.href));
  } catch {
    return undefined;
  }
}

function hasBeta(headers) {
  return [...new Headers(headers ?? {}).keys()].some((name) => BETA.test(name));
}

function isServable({ response }, format) {
  return format === "sse" ? typeof response === "string" : typeof response === "object";
}

function responseOf({ response, status, eventId }, format) {
  const isStream = format === "sse";
  return new Response(isStream ? response : JSON.stringify(response), {
    status: 200,
    headers: {
      "content-type": isStream ? "text/event-stream; charset=utf-8" : "application/json",
      "agentcache-status": status,
      ...(eventId === null ? {} : { "x-request-id": eventId, "request-id": eventId }),
    },
  });
}

/** The provider's response as it comes; what it said is stored once it is whole. */
function recorded(client, request, format, response) {
  const type = response.headers.get("content-type") ?? "";
  if (!type.includes(format === "sse" ? "event-stream" : "json")) return response;
  const [theirs, ours] = response.body.tee();
  client.background(keep(client, request, format, ours));
  const { status, statusText, headers, url } = response;
  const passed = new Response(theirs, { status, statusText, headers });
  return Object.defineProperty(passed, "url", { value: url });
}

async function keep(client, request, format, body) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_TRANSCRIPT) return body.cancel();
  }
  if (format === "sse") return client.put({ request, response: text, responseFormat: "sse" });
  const isPlain = client.settings.privacy === "plain";
  return client.put({ request, response: JSON.parse(text), responseText: isPlain ? text : undefined });
}
