// Vector databases over their documented HTTP APIs, as data: for each, how nearest neighbours are
// asked for and how one is put in. Similarities are cosine, 1 for the same direction.

/**
 * @typedef {object} Neighbour
 * @property {number} similarity
 * @property {string} response JSON, as it was put in
 *
 * @typedef {object} Call
 * @property {string} path
 * @property {any} body JSON, or a text that goes out as it is
 * @property {string} [method] POST
 * @property {string} [type] content type, where it is not application/json
 *
 * @typedef {object} Entry
 * @property {string} id a UUID made from the prompt
 * @property {string} prompt
 * @property {string} response JSON
 * @property {number[]} [vector]
 *
 * @typedef {object} Database
 * @property {string} url default address; "" where there is none
 * @property {[string, string]} env names of the variables that hold address and key
 * @property {(key: string) => Record<string, string>} headers
 * @property {(where: any, asked: {vector?: number[], prompt: string}) => Call} search
 * @property {(answer: any) => Neighbour[]} found
 * @property {(where: any, entry: Entry) => Call} add
 * @property {(where: any) => boolean} [embeds] whether the database makes the vector itself
 */

const bearer = (key) => (key ? { authorization: `Bearer ${key}` } : {});

/** @type {Record<string, Database>} */
export const DATABASES = {
  // docs.pinecone.io, API 2025-04: /query and /vectors/upsert; with `text`, an index with integrated
  // embedding: /records/namespaces/{namespace}/search and …/upsert.
  pinecone: {
    url: "", env: ["PINECONE_INDEX_HOST", "PINECONE_API_KEY"],
    headers: (key) => ({ "api-key": key, "x-pinecone-api-version": "2025-04" }),
    embeds: ({ text }) => text !== undefined,
    search: ({ namespace = "__default__", text }, { vector, prompt }) =>
      text === undefined
        ? { path: "/query", body: { vector, topK: 1, namespace, includeMetadata: true } }
        : {
            path: `/records/namespaces/${encodeURIComponent(namespace)}/search`,
            body: { query: { inputs: { text: prompt }, top_k: 1 }, fields: ["response"] },
          },
    found: ({ matches, result }) =>
      result === undefined
        ? (matches ?? []).map(({ score, metadata }) => ({ similarity: score, response: metadata?.response }))
        : (result.hits ?? []).map(({ _score, fields }) => ({ similarity: _score, response: fields?.response })),
    add: ({ namespace = "__default__", text }, { id, vector, prompt, response }) =>
      text === undefined
        ? {
            path: "/vectors/upsert",
            body: { namespace, vectors: [{ id, values: vector, metadata: { prompt, response } }] },
          }
        : {
            path: `/records/namespaces/${encodeURIComponent(namespace)}/upsert`,
            type: "application/x-ndjson",
            body: JSON.stringify({ _id: id, [text]: prompt, response }),
          },
  },
  // docs.weaviate.io: GraphQL Get with nearVector, and PUT/POST /v1/objects.
  weaviate: {
    url: "http://127.0.0.1:8080", env: ["WEAVIATE_URL", "WEAVIATE_API_KEY"], headers: bearer,
    search: ({ collection = "AgentCache" }, { vector }) => ({
      path: "/v1/graphql",
      body: {
        query: `{Get{${collection}(limit:1,nearVector:{vector:${JSON.stringify(vector)}})` +
          "{response _additional{distance}}}}",
      },
    }),
    found: ({ data }) =>
      Object.values(data?.Get ?? {}).flat().map(({ response, _additional }) => ({
        similarity: 1 - _additional.distance, response,
      })),
    add: ({ collection = "AgentCache" }, { id, vector, prompt, response }) => ({
      path: "/v1/batch/objects",
      body: { objects: [{ class: collection, id, vector, properties: { prompt, response } }] },
    }),
  },
  // docs.trychroma.com, HTTP API v2. `collection` is the collection's id; its space must be cosine.
  chroma: {
    url: "http://127.0.0.1:8000", env: ["CHROMA_URL", "CHROMA_API_KEY"],
    headers: (key) => (key ? { "x-chroma-token": key } : {}),
    search: (where, { vector }) => ({
      path: `${chromaPath(where)}/query`,
      body: { query_embeddings: [vector], n_results: 1, include: ["metadatas", "distances"] },
    }),
    found: ({ distances, metadatas }) =>
      (distances?.[0] ?? []).map((distance, at) => ({
        similarity: 1 - distance, response: metadatas[0][at]?.response,
      })),
    add: (where, { id, vector, prompt, response }) => ({
      path: `${chromaPath(where)}/upsert`,
      body: { ids: [id], embeddings: [vector], documents: [prompt], metadatas: [{ response }] },
    }),
  },
  // milvus.io, RESTful API v2. The collection's metric must be COSINE, its fields id (VARCHAR), vector
  // and response (or dynamic).
  milvus: {
    url: "http://127.0.0.1:19530", env: ["MILVUS_URL", "MILVUS_TOKEN"], headers: bearer,
    search: ({ collection = "agentcache" }, { vector }) => ({
      path: "/v2/vectordb/entities/search",
      body: { collectionName: collection, data: [vector], annsField: "vector", limit: 1, outputFields: ["response"] },
    }),
    found: ({ data }) =>
      (Array.isArray(data) ? data : []).map(({ distance, response }) => ({ similarity: distance, response })),
    add: ({ collection = "agentcache" }, { id, vector, response }) => ({
      path: "/v2/vectordb/entities/upsert",
      body: { collectionName: collection, data: [{ id, vector, response }] },
    }),
  },
  // api.qdrant.tech: points/query and points. The collection's distance must be Cosine.
  qdrant: {
    url: "http://127.0.0.1:6333", env: ["QDRANT_URL", "QDRANT_API_KEY"],
    headers: (key) => (key ? { "api-key": key } : {}),
    search: ({ collection = "agentcache" }, { vector }) => ({
      path: `/collections/${encodeURIComponent(collection)}/points/query`,
      body: { query: vector, limit: 1, with_payload: true },
    }),
    found: ({ result }) =>
      (result?.points ?? []).map(({ score, payload }) => ({ similarity: score, response: payload?.response })),
    add: ({ collection = "agentcache" }, { id, vector, prompt, response }) => ({
      method: "PUT",
      path: `/collections/${encodeURIComponent(collection)}/points?wait=true`,
      body: { points: [{ id, vector, payload: { prompt, response } }] },
    }),
  },
};

function chromaPath({ tenant = "default_tenant", database = "default_database", collection }) {
  const parts = [tenant, database, collection].map(encodeURIComponent);
  return `/api/v2/tenants/${parts[0]}/databases/${parts[1]}/collections/${parts[2]}`;
}

/**
 * A database as two functions. Both reject where it does not answer as documented.
 * @param {Database} database
 * @param {any} where `url`, `apiKey`, and what names the place inside: collection, namespace, …
 */
export function overHttp(database, where) {
  const [urlName, keyName] = database.env;
  const base = where.url ?? process.env[urlName] ?? database.url;
  if (!base) throw new TypeError(`The vector database needs url, or ${urlName}.`);
  const url = (/^https?:/.test(base) ? base : `https://${base}`).replace(/\/$/, "");
  const headers = database.headers(where.apiKey ?? process.env[keyName] ?? "");
  const ask = where.fetch ?? globalThis.fetch;
  const call = async ({ method = "POST", path, body, type = "application/json" }) => {
    const response = await ask(`${url}${path}`, {
      method, headers: { ...headers, "content-type": type },
      body: typeof body === "string" ? body : JSON.stringify(body),
      signal: AbortSignal.timeout(where.timeout ?? 2_000),
    });
    if (!response.ok) throw new Error(`The vector database answered ${response.status}.`);
    const text = await response.text();
    return text === "" ? {} : JSON.parse(text);
  };
  return {
    search: async (asked) => database.found(await call(database.search(where, asked))),
    add: async (entry) => {
      await call(database.add(where, entry));
    },
    embeds: database.embeds?.(where) ?? false,
  };
}

/**
 * pgvector through a client of `pg` (anything with `query(text, values)`). The table has `id uuid
 * primary key, prompt text, response text, embedding vector(n)`.
 * @param {{client: {query: (text: string, values: any[]) => Promise<{rows: any[]}>}, table?: string}} where
 */
export function pgvector({ client, table = "agentcache" }) {
  const name = table.split(".").map((part) => `"${part.replaceAll('"', '""')}"`).join(".");
  return {
    embeds: false,
    search: async ({ vector }) => {
      const text = `SELECT response, 1 - (embedding <=> $1::vector) AS similarity FROM ${name}` +
        " ORDER BY embedding <=> $1::vector LIMIT 1";
      const { rows } = await client.query(text, [JSON.stringify(vector)]);
      return rows.map(({ response, similarity }) => ({ response, similarity: Number(similarity) }));
    },
    add: async ({ id, prompt, response, vector }) => {
      const text = `INSERT INTO ${name} (id, prompt, response, embedding) VALUES ($1, $2, $3, $4::vector)` +
        " ON CONFLICT (id) DO UPDATE SET response = EXCLUDED.response, embedding = EXCLUDED.embedding";
      await client.query(text, [id, prompt, response, JSON.stringify(vector)]);
    },
  };
}
