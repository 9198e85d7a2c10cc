// A bot of discord.js that listens to messages and does nothing: the baseline of
// `reeve bench gateway --client`. Told to stop, it says how many it heard.
'use strict';

const { connect, required } = require('./connect.js');

const GUILDS = 1 << 0;
const GUILD_MESSAGES = 1 << 9;

const client = connect([GUILDS, GUILD_MESSAGES], process.env.COMPRESS ?? 'none');
let messages = 0;
client.on('messageCreate', () => {
  messages += 1;
});
client.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ messages, guilds: client.guilds.cache.size }));
  process.exit(0);
});
client.login(required('DISCORD_TOKEN'));
