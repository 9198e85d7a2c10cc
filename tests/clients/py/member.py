"""What members of the simulator do, over its own routes (docs/simulator.md)."""

import os

import aiohttp

ORIGIN = os.environ["DISCORD_API_URL"].rstrip("/").removesuffix("/api")


class Members:
    def __init__(self, session: aiohttp.ClientSession):
        self.session = session

    async def ask(self, method: str, path: str, body: dict | None = None) -> dict:
        async with self.session.request(method, ORIGIN + path, json=body) as response:
            answer = await response.json()
            assert response.status == 200, f"{method} {path}: {response.status} {answer.get('error')}"
            return answer

    async def act(self, member: str, verb: str, **more) -> dict:
        """Somebody does something; what they see."""
        return await self.ask("POST", "/sim/act", {"member": member, "verb": verb, **more})

    async def uses(self, member: str, command: str, **options) -> dict:
        """A command, and the answer that its user sees."""
        return (await self.act(member, "uses", command=command, options=options))["answer"]
