// discord.js, pointed at the server that DISCORD_API_URL names.
'use strict';

const Module = require('node:module');

// discord.js compresses wherever zlib-sync is installed; there is no option for it.
function withoutCompression() {
  const load = Module._load;
  Module._load = function (name, ...rest) {
    if (name === 'zlib-sync') throw new Error('not to be used in this run');
    return load.call(this, name, ...rest);
  };
}

/** A client with these intents; `compress` is "none" or "zlib-stream". */
function connect(intents, compress) {
  if (compress === 'none') withoutCompression();
  else require('zlib-sync');
  const { Client, Partials } = require('discord.js');
  const api = required('DISCORD_API_URL').replace(/\/$/, '');
  return new Client({
    intents,
    partials: [Partials.Message, Partials.Channel, Partials.Reaction],
    rest: { api, retries: 0 },
  });
}

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(2);
  }
  return value;
}

module.exports = { connect, required };
