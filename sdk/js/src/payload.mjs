// What travels: keys as the wire has them, values as JSON, and both under the privacy modes.
// The rules are those of sdk/BEHAVIOUR.md, "On the wire".

import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";

const PLAIN_KEY = /^(?!sha256:|hmac:)[\x20-\x7e]{1,1024}$/;
const BYTES = "application/octet-stream";
const SEALED = "application/vnd.agentcache.encrypted";
const NONCE = 12;
const TAG = 16;

/** What came back cannot be opened, or is not what this caller stores. */
export class Garbage extends Error {}

/**
 * The `cache_key` that stands for a caller's own key.
 * @param {string | Uint8Array} key
 * @param {{privacy: string, encryptionKey?: Buffer}} settings
 */
export function wireKey(key, { privacy, encryptionKey }) {
  if (privacy === "encrypt") return hmac(encryptionKey, key);
  if (privacy === "plain") {
    const text = typeof key === "string" ? key : Buffer.from(key).toString("latin1");
    if (PLAIN_KEY.test(text)) return text;
  }
  return `sha256:${createHash("sha256").update(key).digest("hex")}`;
}

/** The `cache_key` that stands for a request whose digest this is, where the request stays here. */
export function wireDigest(digest, { privacy, encryptionKey }) {
  return privacy === "encrypt" ? hmac(encryptionKey, digest) : digest;
}

function hmac(secret, text) {
  return `hmac:${createHmac("sha256", secret).update(text).digest("hex")}`;
}

/**
 * The JSON text of the store's member `response`.
 * @param {unknown} value bytes (Uint8Array), or anything JSON can say
 * @param {string} key the wire key
 * @param {{privacy: string, encryptionKey?: Buffer}} settings
 */
export function pack(value, key, { privacy, encryptionKey }) {
  const isBytes = value instanceof Uint8Array;
  if (privacy === "encrypt") {
    const content = isBytes ? Buffer.from(value) : Buffer.from(json(value));
    const plain = Buffer.concat([Buffer.from(isBytes ? "B" : "J"), content]);
    return json(wrapped(SEALED, seal(plain, key, encryptionKey)));
  }
  return json(isBytes ? wrapped(BYTES, Buffer.from(value)) : value);
}

/** The value of a hit's `response`. Throws Garbage. */
export function unpack(response, key, { privacy, encryptionKey }) {
  if (privacy === "encrypt") {
    const plain = unseal(bytesOf(response, SEALED), key, encryptionKey);
    const content = plain.subarray(1);
    if (plain[0] === 0x42) return content;
    if (plain[0] === 0x4a) return parsed(content);
    throw new Garbage("The plain text is neither JSON nor bytes.");
  }
  return response?.content_type === BYTES && response.encoding === "base64"
    ? bytesOf(response, BYTES)
    : response;
}

function wrapped(contentType, bytes) {
  return { content_type: contentType, encoding: "base64", data: bytes.toString("base64") };
}

function bytesOf(response, contentType) {
  const isOne = response?.content_type === contentType && response.encoding === "base64";
  if (!isOne || typeof response.data !== "string") throw new Garbage(`This is no ${contentType}.`);
  return Buffer.from(response.data, "base64");
}

function seal(plain, key, secret) {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(Buffer.from(key));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function unseal(sealed, key, secret) {
  if (sealed.length <= NONCE + TAG) throw new Garbage("It is too short.");
  const decipher = createDecipheriv("aes-256-gcm", secret, sealed.subarray(0, NONCE));
  decipher.setAAD(Buffer.from(key)).setAuthTag(sealed.subarray(-TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
  } catch {
    throw new Garbage("It was sealed with another key.");
  }
}

function json(value) {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("The response must be bytes or a JSON value.");
  return text;
}

function parsed(bytes) {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Garbage("The plain text is no JSON.");
  }
}
