// discord.js judges the simulator: it connects, receives, is asked, answers, and is reconnected.
// Usage: node judge.js none|zlib-stream, with DISCORD_TOKEN, DISCORD_API_URL, GUILD_ID.
'use strict';

const assert = require('node:assert/strict');
const { connect, required } = require('./connect.js');

const compress = process.argv[2] ?? 'none';
const client = connect(
  // Guilds, members, voice states, messages, reactions, direct messages, content.
  [1 << 0, 1 << 1, 1 << 7, 1 << 9, 1 << 10, 1 << 12, 1 << 15],
  compress,
);
const { ask, act, uses } = require('./member.js');
const { commands, answer } = require('./bot.js');

const PATIENCE_MS = 20_000;
const GUILD = required('GUILD_ID');
let doing = 'starting';

function fail(error) {
  console.error(`discord.js (${compress}) failed while ${doing}:`);
  console.error(error);
  process.exit(1);
}
process.on('unhandledRejection', fail);
process.on('uncaughtException', fail);
client.on('error', fail);
client.on('warn', (text) => fail(new Error(text)));

const debug = [];
client.on('debug', (line) => debug.push(line));
const raw = [];
client.on('raw', (packet) => raw.push(packet.t));

/** The next event of a kind that fits. */
function next(event, fits = () => true) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${event} never came`)), PATIENCE_MS);
    const listener = (...values) => {
      if (!fits(...values)) return;
      clearTimeout(late);
      client.off(event, listener);
      resolve(values);
    };
    client.on(event, listener);
  });
}

async function step(what, work) {
  doing = what;
  await work();
  console.log(`  ${what}`);
}

async function main() {
  const ready = next('clientReady');
  await client.login(required('DISCORD_TOKEN'));
  await ready;
  let guild;
  let general;

  await step('it is ready, and sees the guild as it is', async () => {
    assert.equal(client.user.bot, true);
    assert.equal(client.application.id, client.user.id);
    const compressed = debug.some((line) => line.includes('compression: zlib-stream'));
    assert.equal(compressed, compress === 'zlib-stream');
    guild = client.guilds.cache.get(GUILD);
    assert.ok(guild && guild.available);
    const truth = await ask('GET', `/sim/guilds/${GUILD}`);
    assert.equal(guild.name, truth.name);
    assert.equal(guild.ownerId, truth.owner_id);
    assert.equal(guild.memberCount, truth.members.length);
    const sorted = (list) => [...list].sort();
    assert.deepEqual(sorted(guild.channels.cache.keys()), sorted(truth.channels.map((c) => c.id)));
    assert.deepEqual(sorted(guild.roles.cache.keys()), sorted(truth.roles.map((r) => r.id)));
    for (const role of truth.roles) {
      const seen = guild.roles.cache.get(role.id);
      assert.equal(seen.name, role.name);
      assert.equal(seen.rawPosition, role.position);
      assert.equal(typeof seen.colors.primaryColor, 'number');
    }
    assert.ok(guild.members.me.permissions.has('ManageRoles'));
    assert.ok(guild.members.me.roles.botRole);
    general = guild.channels.cache.find((channel) => channel.name === 'general');
    assert.ok(general.isTextBased() && general.viewable);
    assert.ok(Math.abs(guild.createdTimestamp - Date.now()) < 3_600_000);
  });

  await step('it fetches all members in chunks', async () => {
    const truth = await ask('GET', `/sim/guilds/${GUILD}`);
    const members = await guild.members.fetch();
    assert.equal(members.size, truth.members.length);
    for (const { id, username, bot, roles } of truth.members) {
      const member = members.get(id);
      assert.equal(member.user.username, username);
      assert.equal(member.user.bot, bot);
      assert.ok(member.joinedTimestamp > 1_420_070_400_000);
      const names = member.roles.cache.map((role) => role.name).filter((n) => n !== '@everyone');
      assert.deepEqual(names.sort(), roles.filter((n) => n !== '@everyone').sort());
    }
  });

  await step('it registers commands, and again with nothing changed', async () => {
    const first = await guild.commands.set(commands);
    assert.equal(first.size, commands.length);
    const again = await guild.commands.set(commands);
    for (const [id, command] of again) assert.equal(command.version, first.get(id).version);
    client.on('interactionCreate', (interaction) => answer(interaction, assert).catch(fail));
  });

  await step('a command with typed options is answered', async () => {
    const seen = await uses('maren', '/greet', { name: '@tobi', times: 3, loud: true, in: '#general' });
    assert.equal(seen.kind, 'message');
    assert.equal(seen.ephemeral, false);
    assert.match(seen.text, /^Hello <@\d+> three times, LOUD, in <#\d+>/);
    assert.match(seen.text, /From an embed/);
  });

  await step('a deferred answer is edited, and followed up', async () => {
    const seen = await uses('maren', '/slow');
    assert.equal(seen.deferred, true);
    assert.equal(seen.ephemeral, true);
    assert.equal(seen.text, 'It took a while.');
  });

  await step('buttons and lists change their message', async () => {
    const asked = await uses('tobi', '/ask');
    assert.deepEqual(asked.buttons, ['Yes', 'No']);
    const pressed = (await act('maren', 'presses', { message: asked.message, button: 'Yes' })).answer;
    assert.equal(pressed.kind, 'update');
    assert.match(pressed.text, /maren said yes/);
    const list = await uses('tobi', '/pick');
    const picked = (
      await act('tobi', 'selects', { message: list.message, list: 'fruit', values: ['Pear', 'Apple'] })
    ).answer;
    assert.equal(picked.text, 'apple and pear');
  });

  await step('a form is filled in and answered', async () => {
    const opened = await uses('maren', '/form');
    assert.equal(opened.kind, 'form');
    assert.equal(opened.form.title, 'Tell us');
    const sent = await act('maren', 'submits', {
      interaction: opened.interaction,
      fields: { what: 'the chair is broken' },
    });
    assert.equal(sent.answer.text, 'Noted: the chair is broken');
  });

  await step('an option is completed while it is typed', async () => {
    const typed = { command: '/find', options: { what: 'app' }, option: 'what' };
    const { choices } = await act('maren', 'autocompletes', typed);
    assert.deepEqual(choices, [{ name: 'apple', value: 'apple' }]);
  });

  await step('messages come, are answered, edited, deleted, reacted to', async () => {
    const heard = next('messageCreate', (message) => message.content === 'good morning');
    const said = await act('maren', 'says', { text: 'good morning' });
    const [message] = await heard;
    assert.equal(message.id, said.message);
    assert.equal(message.member.user.username, 'maren');
    assert.equal(message.channel.name, 'general');
    const reply = await message.reply({ content: 'and to you', allowedMentions: { parse: [] } });
    assert.equal(reply.reference.messageId, message.id);
    const edited = next('messageUpdate', (_, now) => now.id === message.id);
    await act('maren', 'edits', { message: message.id, text: 'good evening' });
    const [, now] = await edited;
    assert.equal(now.content, 'good evening');
    assert.ok(now.editedTimestamp);
    const reacted = next('messageReactionAdd', (reaction) => reaction.message.id === reply.id);
    await act('maren', 'reacts', { message: reply.id, emoji: '👋' });
    const [reaction, who] = await reacted;
    assert.equal(reaction.emoji.name, '👋');
    assert.equal(who.username, 'maren');
    const deleted = next('messageDelete', (gone) => gone.id === message.id);
    await act('maren', 'deletes', { message: message.id });
    await deleted;
    const page = await general.messages.fetch({ limit: 10 });
    assert.ok(page.has(reply.id) && !page.has(message.id));
  });

  await step('members come, get roles, talk, are timed out, are banned', async () => {
    const came = next('guildMemberAdd', (member) => member.user.username === 'newcomer');
    await act('newcomer', 'joins');
    const [member] = await came;
    const regular = guild.roles.cache.find((role) => role.name === 'Regular');
    const given = next('guildMemberUpdate', (_, after) => after.id === member.id);
    await member.roles.add(regular, 'because: ä');
    const [, after] = await given;
    assert.ok(after.roles.cache.has(regular.id));
    const quiet = await member.timeout(60_000, 'a minute');
    assert.ok(quiet.communicationDisabledUntilTimestamp > Date.now());
    const log = await guild.fetchAuditLogs({ limit: 5 });
    assert.ok(log.entries.some((entry) => entry.reason === 'because: ä'));
    const voice = guild.channels.cache.find((channel) => channel.isVoiceBased());
    const talks = next('voiceStateUpdate', (_, state) => state.channelId === voice.id);
    await act('maren', 'joins_voice', { channel: voice.id });
    await talks;
    const gone = next('guildMemberRemove', (left) => left.id === member.id);
    await guild.bans.create(member.id, { deleteMessageSeconds: 60, reason: 'judged' });
    await gone;
    const ban = await guild.bans.fetch(member.id);
    assert.equal(ban.reason, 'judged');
    await guild.bans.remove(member.id);
  });

  await step('errors have the codes of Discord', async () => {
    await assert.rejects(general.send({ content: '' }), { code: 50006, status: 400 });
    await assert.rejects(client.channels.fetch('1'), { code: 10003, status: 404 });
    await assert.rejects(general.send({ content: 'x'.repeat(2_001) }), { code: 50035 });
    const owner = await guild.members.fetch(guild.ownerId);
    await assert.rejects(owner.timeout(60_000), { code: 50013, status: 403 });
  });

  await step('a connection that is lost is resumed, and what was missed comes', async () => {
    for (const order of ['cut', 'reconnect']) {
      const resumed = next('shardResume');
      await ask('POST', '/sim/gateway', { order });
      const missed = next('messageCreate', (message) => message.content === `during ${order}`);
      await act('maren', 'says', { text: `during ${order}` });
      await missed;
      await resumed;
    }
    const again = next('shardReady');
    await ask('POST', '/sim/gateway', { order: 'invalidate', resumable: false });
    await again;
  });

  await client.destroy();
}

const watchdog = setTimeout(() => fail(new Error('it hangs')), 120_000);
main().then(() => {
  clearTimeout(watchdog);
  console.log(`discord.js ${require('discord.js').version} (${compress}): all as it should be`);
  process.exit(0);
}, fail);
