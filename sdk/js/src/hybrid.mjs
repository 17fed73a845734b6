// Exact matches first, then near ones out of a vector database, then the model.

import { createHash } from "node:crypto";

import { found, miss } from "./answer.mjs";
import { digest } from "./digest.mjs";
import { clientOf } from "./owned.mjs";
import { DATABASES, overHttp, pgvector } from "./vectors.mjs";

const THRESHOLD = 0.95;

/**
 * @typedef {import("./answer.mjs").Answer} Answer
 * @typedef {string | Record<string, any>} Prompt a text, or a provider request
 *
 * @typedef {object} Neighbours a vector database of one's own
 * @property {(asked: {vector?: number[], prompt: string}) => Promise<{similarity: number, response: string}[]>} search
 *   the nearest first; `response` is the JSON that `add` was given
 * @property {(entry: {id: string, prompt: string, response: string, vector?: number[]}) => Promise<void>} add
 * @property {boolean} [embeds] whether it needs no vector
 *
 * @typedef {object} SemanticOptions
 * @property {"pinecone" | "weaviate" | "chroma" | "milvus" | "qdrant" | "pgvector"} provider
 * @property {string} [url] its address; Pinecone: the index' host
 * @property {string} [apiKey]
 * @property {string} [collection]
 * @property {string} [namespace]
 * @property {string} [text] Pinecone: the text field of an index with integrated embedding
 * @property {string} [table] pgvector
 * @property {any} [client] pgvector: a client of `pg`
 * @property {number} [timeout] milliseconds
 * @property {typeof fetch} [fetch]
 *
 * @typedef {object} HybridOptions
 * @property {"agentcache" | import("./owned.mjs").OverflowOption} [exact]
 * @property {SemanticOptions["provider"] | SemanticOptions | Neighbours} [semantic]
 * @property {(prompt: string) => Promise<number[]> | number[]} [embed] the vector of a text; not needed
 *   where the database embeds
 * @property {number} [threshold] similarity from which a near answer is given; 0.95
 */

export class HybridCache {
  /** @param {HybridOptions} [options] Throws TypeError for wrong ones. */
  constructor({ exact = "agentcache", semantic = "pinecone", embed, threshold = THRESHOLD } = {}) {
    const neighbours = neighboursOf(semantic, embed);
    if (!neighbours.embeds && embed === undefined) {
      throw new TypeError("This vector database needs the option embed: a function from text to vector.");
    }
    this.overflow = clientOf(exact === "agentcache" ? {} : exact);
    this.threshold = threshold;
    this.exact = new Exact(this);
    this.semantic = new Semantic(this, neighbours, embed);
  }

  /**
   * The exact answer, else a near one, else a miss.
   * @param {Prompt} prompt
   * @param {number} [threshold]
   * @returns {Promise<Answer>}
   */
  async get(prompt, threshold) {
    const exact = await this.exact.get(prompt);
    return exact.hit ? exact : this.semantic.search(prompt, threshold);
  }

  /**
   * The answer from either cache, or the model's, which is then stored in both.
   * @param {Prompt} prompt
   * @param {(prompt: Prompt) => Promise<any>} call asks the model
   * @param {{threshold?: number, ttl?: number}} [how]
   */
  async ask(prompt, call, { threshold, ttl } = {}) {
    const known = await this.get(prompt, threshold);
    if (known.hit) return known.response;
    const response = await call(prompt);
    this.exact.set(prompt, response, { ttl });
    return response;
  }

  /** Sends what is queued, then drops what holds resources. */
  close() {
    return this.overflow.close();
  }
}

/** A prompt that has no text to compare by meaning: always a miss, never put in. */
class NotComparable extends Error {}

class Exact {
  constructor(cache) {
    this.cache = cache;
  }

  /** @param {Prompt} prompt @returns {Promise<Answer>} */
  get(prompt) {
    return this.cache.overflow.get({ request: requestOf(prompt) });
  }

  /**
   * Stores an answer, in the background: here, and among the near ones.
   * @param {Prompt} prompt
   * @param {any} response
   * @param {{ttl?: number}} [how] `ttl` in seconds
   * @returns {boolean} whether it was taken
   */
  set(prompt, response, { ttl } = {}) {
    const isTaken = this.cache.overflow.put({ request: requestOf(prompt), response, ttl });
    if (isTaken) this.cache.overflow.background(this.cache.semantic.add(prompt, response));
    return isTaken;
  }

  /** @param {Prompt} prompt */
  delete(prompt) {
    return this.cache.overflow.delete({ request: requestOf(prompt) });
  }
}

class Semantic {
  constructor(cache, neighbours, embed) {
    this.cache = cache;
    this.neighbours = neighbours;
    this.embed = embed;
  }

  /**
   * The nearest answer from `threshold` on.
   * @param {Prompt} prompt
   * @param {number} [threshold]
   * @returns {Promise<Answer>} rejects only in strict mode
   */
  async search(prompt, threshold = this.cache.threshold) {
    const started = performance.now();
    try {
      const asked = await this.asked(prompt);
      const [nearest] = await this.neighbours.search(asked);
      const more = { similarity: nearest?.similarity ?? null, latencyMs: performance.now() - started };
      if (nearest === undefined || typeof nearest.response !== "string") return miss("not_found", more);
      if (!(nearest.similarity >= threshold)) return miss("below_threshold", more);
      const { partition, response } = unpacked(nearest.response);
      if (partition !== partitionOf(prompt)) return miss("guarded", more);
      return found(response, "semantic", { ...more, status: "semantic_hit" });
    } catch (error) {
      if (error instanceof NotComparable) return miss("guarded", { latencyMs: performance.now() - started });
      return miss(this.failed(error), { latencyMs: performance.now() - started });
    }
  }

  /**
   * Puts an answer among the near ones.
   * @param {Prompt} prompt
   * @param {any} response
   * @returns {Promise<boolean>} whether it was put in
   */
  async add(prompt, response) {
    try {
      const asked = await this.asked(prompt);
      const partition = partitionOf(prompt);
      const id = idOf(partition + asked.prompt);
      await this.neighbours.add({ ...asked, id, response: packed(partition, response) });
      return true;
    } catch (error) {
      if (!(error instanceof NotComparable)) this.failed(error);
      return false;
    }
  }

  async asked(prompt) {
    const text = textOf(prompt);
    if (this.neighbours.embeds) return { prompt: text };
    return { prompt: text, vector: [...(await this.embed(text))] };
  }

  failed(error) {
    const { notices, settings } = this.cache.overflow;
    notices.count("semantic_unreachable");
    notices.warn("semantic", `The vector database was not of use: ${error.name}.`);
    if (settings.strict) throw error;
    return "unreachable";
  }
}

function neighboursOf(semantic, embed) {
  if (typeof semantic === "object" && typeof semantic?.search === "function") return semantic;
  const options = typeof semantic === "string" ? { provider: semantic } : { ...semantic };
  // Without vectors of one's own it must be an index that embeds by itself.
  if (options.provider === "pinecone" && embed === undefined) {
    options.text ??= process.env.PINECONE_TEXT_FIELD ?? "text";
  }
  if (options?.provider === "pgvector") {
    if (typeof options.client?.query !== "function") throw new TypeError("pgvector needs a client of pg.");
    return pgvector(options);
  }
  const database = Object.hasOwn(DATABASES, options?.provider ?? "") ? DATABASES[options.provider] : undefined;
  if (database === undefined) {
    throw new TypeError(`semantic must be one of ${Object.keys(DATABASES).join(", ")}, pgvector.`);
  }
  return overHttp(database, options);
}

/** A plain text is a request of no provider's: nothing but that text is in it. */
function requestOf(prompt) {
  return typeof prompt === "string" ? { provider: "hybrid", model: "prompt", prompt } : prompt;
}

/** What is compared by meaning: the text, or a request's last turn, which must be the user's. */
function textOf(prompt) {
  if (typeof prompt === "string") return prompt;
  const last = prompt.messages?.at(-1);
  if (last?.role !== "user" || typeof last.content !== "string") {
    throw new NotComparable("Only a last turn that is the user's plain text can be compared by meaning.");
  }
  return last.content;
}

/** All that must be the same besides: the digest of a request without that turn; "" for a text. */
function partitionOf(prompt) {
  if (typeof prompt === "string") return "";
  return digest({ ...prompt, messages: prompt.messages.slice(0, -1) });
}

function packed(partition, response) {
  return JSON.stringify(partition === "" ? response : { agentcache_partition: partition, response });
}

function unpacked(text) {
  const value = JSON.parse(text);
  if (typeof value?.agentcache_partition !== "string") return { partition: "", response: value };
  return { partition: value.agentcache_partition, response: value.response };
}

function idOf(text) {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
