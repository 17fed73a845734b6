// Where `new Redis()` connects to by itself, for examples that name no address.
if (process.env.TEST_REDIS_PORT) {
  require("ioredis/built/redis/RedisOptions").DEFAULT_REDIS_OPTIONS.port = Number(process.env.TEST_REDIS_PORT);
}
