"""What the bot that judges can do: one command for each way of answering."""

import discord
from discord import app_commands, ui

FRUIT = ["apple", "banana", "pear"]
TIMES = ["never", "once", "twice", "three times", "four times", "five times"]


class YesNo(ui.View):
    @ui.button(label="Yes", style=discord.ButtonStyle.success)
    async def yes(self, interaction: discord.Interaction, button: ui.Button):
        await interaction.response.edit_message(content=f"{interaction.user.name} said yes", view=None)

    @ui.button(label="No", style=discord.ButtonStyle.danger)
    async def no(self, interaction: discord.Interaction, button: ui.Button):
        await interaction.response.edit_message(content=f"{interaction.user.name} said no", view=None)


class Fruit(ui.View):
    @ui.select(
        custom_id="fruit",
        min_values=1,
        max_values=3,
        options=[discord.SelectOption(label=fruit.capitalize(), value=fruit) for fruit in FRUIT],
    )
    async def pick(self, interaction: discord.Interaction, select: ui.Select):
        content = " and ".join(sorted(select.values))
        await interaction.response.edit_message(content=content, view=None)


class Tell(ui.Modal, title="Tell us"):
    what = ui.TextInput(label="What happened?", custom_id="what")

    async def on_submit(self, interaction: discord.Interaction):
        await interaction.response.send_message(f"Noted: {self.what.value}")


def commands(tree: app_commands.CommandTree) -> None:
    @tree.command(description="Greets somebody")
    @app_commands.describe(name="Whom", times="How often", loud="How", place="Where")
    @app_commands.rename(place="in")
    async def greet(
        interaction: discord.Interaction,
        name: discord.Member,
        times: app_commands.Range[int, 1, 5],
        loud: bool = False,
        place: discord.TextChannel | None = None,
    ):
        assert isinstance(name, discord.Member) and isinstance(times, int)
        assert isinstance(interaction.user, discord.Member)
        assert interaction.user.name == "maren"
        assert interaction.permissions.send_messages
        assert interaction.app_permissions.manage_roles
        assert interaction.channel.name == "general"
        assert interaction.guild is not None and interaction.locale and interaction.guild_locale
        voice = "LOUD" if loud else "quiet"
        answered = await interaction.response.send_message(
            f"Hello {name.mention} {TIMES[times]}, {voice}, in {place.mention}",
            embed=discord.Embed(title="From an embed", color=0x3498DB),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        assert answered.resource.author.id == interaction.client.user.id

    @tree.command(description="Answers later")
    async def slow(interaction: discord.Interaction):
        await interaction.response.defer(ephemeral=True, thinking=True)
        edited = await interaction.edit_original_response(content="It took a while.")
        assert edited.flags.ephemeral
        more = await interaction.followup.send("More.", ephemeral=True, wait=True)
        assert more.id != edited.id

    @tree.command(description="Asks with buttons")
    async def ask(interaction: discord.Interaction):
        await interaction.response.send_message("Well?", view=YesNo())

    @tree.command(description="Asks with a list")
    async def pick(interaction: discord.Interaction):
        await interaction.response.send_message(view=Fruit())

    @tree.command(description="Opens a form")
    async def form(interaction: discord.Interaction):
        await interaction.response.send_modal(Tell())

    @tree.command(description="Completes what is typed")
    @app_commands.describe(what="What")
    async def find(interaction: discord.Interaction, what: str):
        await interaction.response.send_message(what)

    @find.autocomplete("what")
    async def complete(_: discord.Interaction, typed: str):
        fits = [fruit for fruit in FRUIT if fruit.startswith(typed)]
        return [app_commands.Choice(name=fruit, value=fruit) for fruit in fits]
