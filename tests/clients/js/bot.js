// What the bot that judges can do: one command for each way of answering.
'use strict';

const {
  ActionRowBuilder,
  ApplicationCommandOptionType: Type,
  ButtonBuilder,
  ButtonStyle,
  ChannelType,
  EmbedBuilder,
  LabelBuilder,
  MessageFlags,
  ModalBuilder,
  SlashCommandBuilder,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} = require('discord.js');

const plain = (name, description) => new SlashCommandBuilder().setName(name).setDescription(description);

const commands = [
  plain('greet', 'Greets somebody')
    .addUserOption((o) => o.setName('name').setDescription('Whom').setRequired(true))
    .addIntegerOption((o) =>
      o.setName('times').setDescription('How often').setRequired(true).setMinValue(1).setMaxValue(5),
    )
    .addBooleanOption((o) => o.setName('loud').setDescription('How'))
    .addChannelOption((o) =>
      o.setName('in').setDescription('Where').addChannelTypes(ChannelType.GuildText),
    ),
  plain('slow', 'Answers later'),
  plain('ask', 'Asks with buttons'),
  plain('pick', 'Asks with a list'),
  plain('form', 'Opens a form'),
  plain('find', 'Completes what is typed').addStringOption((o) =>
    o.setName('what').setDescription('What').setRequired(true).setAutocomplete(true),
  ),
].map((command) => command.toJSON());

const FRUIT = ['apple', 'banana', 'pear'];
const TIMES = ['never', 'once', 'twice', 'three times', 'four times', 'five times'];

async function greet(interaction, assert) {
  const { options } = interaction;
  assert.equal(options.get('name').type, Type.User);
  const user = options.getUser('name', true);
  assert.equal(options.getMember('name').user.id, user.id);
  assert.equal(typeof options.getInteger('times'), 'number');
  assert.equal(interaction.member.user.username, 'maren');
  assert.ok(interaction.memberPermissions.has('SendMessages'));
  assert.ok(interaction.appPermissions.has('ManageRoles'));
  assert.equal(interaction.channel.name, 'general');
  assert.ok(interaction.locale && interaction.guildLocale);
  const voice = options.getBoolean('loud') ? 'LOUD' : 'quiet';
  const times = TIMES[options.getInteger('times')];
  const answered = await interaction.reply({
    content: `Hello ${user} ${times}, ${voice}, in ${options.getChannel('in')}`,
    embeds: [new EmbedBuilder().setTitle('From an embed').setColor(0x3498db)],
    allowedMentions: { parse: [] },
    withResponse: true,
  });
  assert.equal(answered.resource.message.author.id, interaction.client.user.id);
}

async function slow(interaction, assert) {
  await interaction.deferReply({ flags: MessageFlags.Ephemeral });
  const edited = await interaction.editReply('It took a while.');
  assert.ok(edited.flags.has(MessageFlags.Ephemeral));
  const more = await interaction.followUp({ content: 'More.', flags: MessageFlags.Ephemeral });
  assert.notEqual(more.id, edited.id);
  await assert.rejects(interaction.client.rest.post(
    `/interactions/${interaction.id}/${interaction.token}/callback`,
    { body: { type: 4, data: { content: 'twice' } }, auth: false },
  ), { code: 40060 });
}

const button = (id, label, style) =>
  new ButtonBuilder().setCustomId(id).setLabel(label).setStyle(style);

async function ask(interaction) {
  const row = new ActionRowBuilder().addComponents(
    button('yes', 'Yes', ButtonStyle.Success),
    button('no', 'No', ButtonStyle.Danger),
  );
  await interaction.reply({ content: 'Well?', components: [row] });
}

async function pick(interaction) {
  const menu = new StringSelectMenuBuilder()
    .setCustomId('fruit')
    .setMinValues(1)
    .setMaxValues(3)
    .addOptions(FRUIT.map((f) => ({ label: f[0].toUpperCase() + f.slice(1), value: f })));
  await interaction.reply({ components: [new ActionRowBuilder().addComponents(menu)] });
}

async function form(interaction) {
  const field = new TextInputBuilder().setCustomId('what').setStyle(TextInputStyle.Short);
  const label = new LabelBuilder().setLabel('What happened?').setTextInputComponent(field);
  const modal = new ModalBuilder().setCustomId('told').setTitle('Tell us').addLabelComponents(label);
  await interaction.showModal(modal);
}

const answers = { greet, slow, ask, pick, form };

async function answer(interaction, assert) {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused();
    const fits = FRUIT.filter((fruit) => fruit.startsWith(typed));
    await interaction.respond(fits.map((fruit) => ({ name: fruit, value: fruit })));
  } else if (interaction.isChatInputCommand()) {
    await answers[interaction.commandName](interaction, assert);
  } else if (interaction.isButton()) {
    assert.equal(interaction.message.content, 'Well?');
    const content = `${interaction.user.username} said ${interaction.customId}`;
    await interaction.update({ content, components: [] });
  } else if (interaction.isStringSelectMenu()) {
    const content = [...interaction.values].sort().join(' and ');
    await interaction.update({ content, components: [] });
  } else if (interaction.isModalSubmit()) {
    await interaction.reply(`Noted: ${interaction.fields.getTextInputValue('what')}`);
  } else {
    throw new Error(`an interaction of an unknown kind: ${interaction.type}`);
  }
}

module.exports = { commands, answer };
