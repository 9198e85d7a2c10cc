"""discord.py judges the simulator: it connects, receives, is asked, answers, and is reconnected.

Usage: python judge.py none|zlib-stream|zstd-stream, with DISCORD_TOKEN, DISCORD_API_URL, GUILD_ID.
"""

import asyncio
import json
import os
import sys
import traceback
import urllib.request

COMPRESS = sys.argv[1] if len(sys.argv) > 1 else "zlib-stream"
if COMPRESS != "zstd-stream":
    # discord.py takes zstd wherever zstandard is installed; there is no option for it.
    sys.modules["zstandard"] = None

import aiohttp
import discord
import yarl
from discord import app_commands, gateway, http, utils

from bot import commands
from member import Members

# The libraries' own points where another server than Discord is named.
http.Route.BASE = os.environ["DISCORD_API_URL"].rstrip("/") + "/v10"
with urllib.request.urlopen(http.Route.BASE + "/gateway") as found:
    gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(json.load(found)["url"])
GUILD = int(os.environ["GUILD_ID"])
PATIENCE_SECS = 20
EVERYTHING_SECS = 120


def without_compression():
    connect = gateway.DiscordWebSocket.from_client.__func__

    async def plain(cls, client, **options):
        options["compress"] = False
        return await connect(cls, client, **options)

    send = gateway.DiscordWebSocket.send_as_json

    async def without_asking_for_it(self, data):
        # It asks for compressed payloads in any case, and cannot read them outside of a stream.
        if data.get("op") == self.IDENTIFY:
            data["d"]["compress"] = False
        await send(self, data)

    gateway.DiscordWebSocket.from_client = classmethod(plain)
    gateway.DiscordWebSocket.send_as_json = without_asking_for_it


class Judge(discord.Client):
    def __init__(self):
        intents = discord.Intents.all()
        super().__init__(intents=intents, chunk_guilds_at_startup=False)
        self.tree = app_commands.CommandTree(self)
        self.wrong: list[BaseException] = []
        self.doing = "starting"
        self.tree.error(self.on_wrong)

    async def on_wrong(self, _interaction, error):
        self.wrong.append(error)

    async def on_error(self, event, *_args, **_kwargs):
        self.wrong.append(sys.exc_info()[1])

    async def setup_hook(self):
        asyncio.get_running_loop().create_task(self.work())

    async def work(self):
        try:
            await asyncio.wait_for(self.judge(), EVERYTHING_SECS)
        except BaseException as error:
            self.wrong.append(error)
        await self.close()

    def step(self, what: str):
        """The step before went well, or this says that it did not."""
        if self.wrong:
            raise AssertionError(f"an error while {self.doing}") from self.wrong[0]
        if self.doing != "starting":
            print(f"  {self.doing}")
        self.doing = what

    async def next(self, event, check=None):
        return await self.wait_for(event, check=check, timeout=PATIENCE_SECS)

    async def judge(self):
        await self.next("ready")
        async with aiohttp.ClientSession() as session:
            self.members_of = Members(session)
            for part in (self.sees, self.is_asked, self.hears, self.is_refused, self.comes_back):
                await part(self.members_of)
            self.step("")

    async def sees(self, members: Members):
        self.step("it is ready, and sees the guild as it is")
        assert self.user.bot and self.application_id == self.user.id
        assert str(self.ws.gateway).startswith("ws://")
        guild = self.get_guild(GUILD)
        truth = await members.ask("GET", f"/sim/guilds/{GUILD}")
        assert guild.name == truth["name"] and guild.owner_id == int(truth["owner_id"])
        assert guild.member_count == len(truth["members"])
        assert {channel.id for channel in guild.channels} == {int(c["id"]) for c in truth["channels"]}
        roles = {role.id: role for role in guild.roles}
        assert set(roles) == {int(role["id"]) for role in truth["roles"]}
        for role in truth["roles"]:
            seen = roles[int(role["id"])]
            assert (seen.name, seen.position) == (role["name"], role["position"])
        assert guild.me.guild_permissions.manage_roles and guild.self_role is not None

        self.step("it asks for all members in chunks")
        seen = {member.id: member for member in await guild.chunk()}
        assert len(seen) == len(truth["members"])
        for member in truth["members"]:
            found = seen[int(member["id"])]
            assert (found.name, found.bot) == (member["username"], member["bot"])
            assert found.joined_at is not None
            assert {r.name for r in found.roles} - {"@everyone"} == set(member["roles"]) - {"@everyone"}
        assert [m.name for m in await guild.query_members("mare")] == ["maren"]

    async def is_asked(self, members: Members):
        self.step("it registers commands, and again with nothing changed")
        commands(self.tree)
        guild = discord.Object(GUILD)
        self.tree.copy_global_to(guild=guild)
        first = {command.id: command for command in await self.tree.sync(guild=guild)}
        again = {command.id for command in await self.tree.sync(guild=guild)}
        assert set(first) == again and len(first) == 6

        self.step("a command with typed options is answered")
        options = {"name": "@tobi", "times": 3, "loud": True, "in": "#general"}
        seen = await members.uses("maren", "/greet", **options)
        assert seen["kind"] == "message" and not seen["ephemeral"], seen
        assert "three times, LOUD, in <#" in seen["text"] and "From an embed" in seen["text"], seen

        self.step("a deferred answer is edited, and followed up")
        seen = await members.uses("maren", "/slow")
        assert seen["deferred"] and seen["ephemeral"], seen
        assert seen["text"] == "It took a while.", seen

        self.step("buttons and lists change their message")
        asked = await members.uses("tobi", "/ask")
        assert asked["buttons"] == ["Yes", "No"], asked
        pressed = await members.act("maren", "presses", message=asked["message"], button="Yes")
        assert pressed["answer"]["text"] == "maren said yes", pressed
        listed = await members.uses("tobi", "/pick")
        picked = await members.act(
            "tobi", "selects", message=listed["message"], list="fruit", values=["Pear", "Apple"]
        )
        assert picked["answer"]["text"] == "apple and pear", picked

        self.step("a form is filled in and answered")
        opened = await members.uses("maren", "/form")
        assert opened["kind"] == "form" and opened["form"]["title"] == "Tell us", opened
        fields = {"what": "the chair is broken"}
        sent = await members.act("maren", "submits", interaction=opened["interaction"], fields=fields)
        assert sent["answer"]["text"] == "Noted: the chair is broken", sent

        self.step("an option is completed while it is typed")
        typed = await members.act(
            "maren", "autocompletes", command="/find", options={"what": "app"}, option="what"
        )
        assert typed["choices"] == [{"name": "apple", "value": "apple"}], typed

    async def hears(self, members: Members):
        self.step("messages come, are answered, edited, deleted, reacted to")
        guild = self.get_guild(GUILD)
        heard = asyncio.create_task(self.next("message", lambda m: m.content == "good morning"))
        await asyncio.sleep(0)
        said = await members.act("maren", "says", text="good morning")
        message = await heard
        assert message.id == int(said["message"]) and message.author.name == "maren"
        assert message.channel.name == "general" and isinstance(message.author, discord.Member)
        reply = await message.reply("and to you", mention_author=False)
        assert reply.reference.message_id == message.id
        edited = asyncio.create_task(self.next("message_edit", lambda _, now: now.id == message.id))
        await asyncio.sleep(0)
        await members.act("maren", "edits", message=str(message.id), text="good evening")
        _, now = await edited
        assert now.content == "good evening" and now.edited_at is not None
        reacted = asyncio.create_task(self.next("reaction_add", lambda r, _: r.message.id == reply.id))
        await asyncio.sleep(0)
        await members.act("maren", "reacts", message=str(reply.id), emoji="👋")
        reaction, who = await reacted
        assert str(reaction.emoji) == "👋" and who.name == "maren"
        deleted = asyncio.create_task(self.next("message_delete", lambda m: m.id == message.id))
        await asyncio.sleep(0)
        await members.act("maren", "deletes", message=str(message.id))
        await deleted
        page = [message.id async for message in reply.channel.history(limit=10)]
        assert reply.id in page and message.id not in page

        self.step("members come, get roles, talk, are timed out, are banned")
        came = asyncio.create_task(self.next("member_join", lambda m: m.name == "newcomer"))
        await asyncio.sleep(0)
        await members.act("newcomer", "joins")
        member = await came
        regular = discord.utils.get(guild.roles, name="Regular")
        given = asyncio.create_task(self.next("member_update", lambda _, now: now.id == member.id))
        await asyncio.sleep(0)
        await member.add_roles(regular, reason="because: ä")
        _, after = await given
        assert regular in after.roles
        quiet = await member.edit(timed_out_until=utils.utcnow() + utils.datetime.timedelta(minutes=1))
        assert quiet.is_timed_out()
        reasons = [entry.reason async for entry in guild.audit_logs(limit=5)]
        assert "because: ä" in reasons, reasons
        voice = guild.voice_channels[0]
        talks = asyncio.create_task(self.next("voice_state_update"))
        await asyncio.sleep(0)
        await members.act("maren", "joins_voice", channel=str(voice.id))
        who, _, state = await talks
        assert who.name == "maren" and state.channel == voice
        gone = asyncio.create_task(self.next("member_remove", lambda m: m.id == member.id))
        await asyncio.sleep(0)
        await guild.ban(member, delete_message_seconds=60, reason="judged")
        await gone
        assert (await guild.fetch_ban(member)).reason == "judged"
        await guild.unban(member)

    async def is_refused(self, members: Members):
        self.step("errors have the codes of Discord")
        guild = self.get_guild(GUILD)
        general = discord.utils.get(guild.text_channels, name="general")
        for what, code in [
            (general.send(""), 50006),
            (self.fetch_channel(1), 10003),
            (general.send("x" * 2_001), 50035),
            (guild.owner.edit(timed_out_until=utils.utcnow() + utils.datetime.timedelta(60)), 50035),
            (guild.owner.edit(nick="x"), 50013),
        ]:
            try:
                await what
            except discord.HTTPException as error:
                assert error.code == code, error
            else:
                raise AssertionError(f"{code} was not answered")

    async def comes_back(self, members: Members):
        self.step("a connection that is lost is resumed, and what was missed comes")
        for order in ("cut", "reconnect"):
            resumed = asyncio.create_task(self.next("resumed"))
            text = f"during {order}"
            missed = asyncio.create_task(self.next("message", lambda m, text=text: m.content == text))
            await asyncio.sleep(0)
            await members.ask("POST", "/sim/gateway", {"order": order})
            await members.act("maren", "says", text=text)
            await missed
            await resumed
        compressed = self.ws._decompressor.COMPRESSION_TYPE
        assert COMPRESS in ("none", compressed), compressed


def main():
    if COMPRESS == "none":
        without_compression()
    judge = Judge()
    judge.run(os.environ["DISCORD_TOKEN"], log_level=30)
    if judge.wrong:
        print(f"discord.py ({COMPRESS}) failed while {judge.doing}:", file=sys.stderr)
        traceback.print_exception(judge.wrong[0])
        sys.exit(1)
    print(f"discord.py {discord.__version__} ({COMPRESS}): all as it should be")


main()
