// Servers that speak what the vector databases document of their HTTP APIs, each with a memory of its
// own. They are not those databases: what is tested against them is that our side keeps to the documents.

import http from "node:http";

/** The vector of a text: letters counted, so that near texts are near. */
export function embed(text) {
  const vector = Array.from({ length: 26 }, () => 0);
  for (const letter of text.toLowerCase()) {
    const at = letter.charCodeAt(0) - 97;
    if (at >= 0 && at < 26) vector[at] += 1;
  }
  return vector;
}

function cosine(left, right) {
  const dot = (a, b) => a.reduce((sum, each, at) => sum + each * b[at], 0);
  return dot(left, right) / (Math.sqrt(dot(left, left) * dot(right, right)) || 1);
}

/** Per database: routes of [method, path, answer(body, memory)]. `memory`: {id, vector, fields}. */
const ROUTES = {
  pinecone: [
    ["POST", /^\/query$/, ({ vector, topK, includeMetadata }, memory) => ({
      matches: memory.nearest(vector, topK).map(({ id, similarity, fields }) => ({
        id, score: similarity, ...(includeMetadata ? { metadata: fields } : {}),
      })),
    })],
    ["POST", /^\/vectors\/upsert$/, ({ vectors }, memory) => {
      for (const { id, values, metadata } of vectors) memory.put(id, values, metadata);
      return { upsertedCount: vectors.length };
    }],
    ["POST", /^\/records\/namespaces\/[^/]+\/search$/, ({ query, fields }, memory) => ({
      result: {
        hits: memory.nearest(embed(query.inputs.text), query.top_k).map(({ id, similarity, fields: all }) => ({
          _id: id, _score: similarity,
          fields: Object.fromEntries(fields.map((name) => [name, all[name]])),
        })),
      },
    })],
    ["POST", /^\/records\/namespaces\/[^/]+\/upsert$/, (record, memory) => {
      const { _id, ...fields } = record;
      memory.put(_id, embed(fields.text), fields);
      return undefined; // 201, no body
    }],
  ],
  weaviate: [
    ["POST", /^\/v1\/graphql$/, ({ query }, memory) => {
      const [, name, limit, vector] = /^\{Get\{(\w+)\(limit:(\d+),nearVector:\{vector:(\[.*?\])\}\)/.exec(query);
      return {
        data: { Get: { [name]: memory.nearest(JSON.parse(vector), Number(limit)).map(({ similarity, fields }) => ({
          response: fields.response, _additional: { distance: 1 - similarity },
        })) } },
      };
    }],
    ["POST", /^\/v1\/batch\/objects$/, ({ objects }, memory) => {
      for (const { id, vector, properties } of objects) memory.put(id, vector, properties);
      return objects.map(({ id }) => ({ id, result: { status: "SUCCESS" } }));
    }],
  ],
  chroma: [
    ["POST", /^\/api\/v2\/tenants\/\w+\/databases\/\w+\/collections\/[\w-]+\/query$/, (body, memory) => {
      const near = memory.nearest(body.query_embeddings[0], body.n_results);
      return {
        ids: [near.map(({ id }) => id)], distances: [near.map(({ similarity }) => 1 - similarity)],
        metadatas: [near.map(({ fields }) => fields)],
      };
    }],
    ["POST", /^\/api\/v2\/tenants\/\w+\/databases\/\w+\/collections\/[\w-]+\/upsert$/, (body, memory) => {
      body.ids.forEach((id, at) => memory.put(id, body.embeddings[at], body.metadatas[at]));
      return {};
    }],
  ],
  milvus: [
    ["POST", /^\/v2\/vectordb\/entities\/search$/, ({ data, limit }, memory) => ({
      code: 0, data: memory.nearest(data[0], limit).map(({ id, similarity, fields }) => ({
        id, distance: similarity, response: fields.response,
      })),
    })],
    ["POST", /^\/v2\/vectordb\/entities\/upsert$/, ({ data }, memory) => {
      for (const { id, vector, ...fields } of data) memory.put(id, vector, fields);
      return { code: 0, data: { upsertCount: data.length } };
    }],
  ],
  qdrant: [
    ["POST", /^\/collections\/\w+\/points\/query$/, ({ query, limit }, memory) => ({
      status: "ok", result: { points: memory.nearest(query, limit).map(({ id, similarity, fields }) => ({
        id, score: similarity, payload: fields,
      })) },
    })],
    ["PUT", /^\/collections\/\w+\/points$/, ({ points }, memory) => {
      for (const { id, vector, payload } of points) memory.put(id, vector, payload);
      return { status: "ok", result: { status: "completed" } };
    }],
  ],
};

class Memory {
  constructor() {
    this.entries = new Map();
  }

  put(id, vector, fields) {
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/.test(id)) throw new Error(`no UUID: ${id}`);
    if (!Array.isArray(vector)) throw new Error("no vector");
    this.entries.set(id, { id, vector, fields });
  }

  nearest(vector, limit) {
    return [...this.entries.values()]
      .map((entry) => ({ ...entry, similarity: cosine(entry.vector, vector) }))
      .sort((left, right) => right.similarity - left.similarity).slice(0, limit);
  }
}

/** A server for one database; `seen` holds the headers of its requests. */
export async function vectorServer(database) {
  const memory = new Memory();
  const seen = [];
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    seen.push(request.headers);
    const path = new URL(request.url, "http://x").pathname;
    const route = ROUTES[database].find(([method, pattern]) => method === request.method && pattern.test(path));
    try {
      if (route === undefined) throw new Error(`no such route: ${request.method} ${path}`);
      const answer = route[2](JSON.parse(Buffer.concat(parts).toString()), memory);
      response.writeHead(answer === undefined ? 201 : 200, { "content-type": "application/json" });
      response.end(answer === undefined ? "" : JSON.stringify(answer));
    } catch (error) {
      response.writeHead(400).end(String(error.message));
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, seen, memory, stop };
}
