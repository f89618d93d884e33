"""The structure in the order it has to be made: identity, roles, expressions, channels; the closed doors last."""

from __future__ import annotations

from dataclasses import dataclass

from reaper_tui.engine.channels import build_channels, record_kind
from reaper_tui.engine.expressions import build_emojis, build_stickers
from reaper_tui.engine.plan import identity_mark
from reaper_tui.engine.roles import build_roles
from reaper_tui.engine.standing import Standing
from reaper_tui.model.community import Guild
from reaper_tui.model.names import clean_name
from reaper_tui.model.plan import ItemKind, Plan
from reaper_tui.profile.settings import CopySettings

IMAGE_BYTES = 10 * 1024 * 1024


@dataclass
class StructureBuilder:
    """Builds what a plan names; everything it does is on record before and after."""

    standing: Standing
    guild: Guild
    copy: CopySettings

    async def build(self, plan: Plan) -> None:
        """Make, adopt or change every item; items the target refuses are recorded as failed and the rest goes on."""
        standing, guild = self.standing, self.guild
        await standing.load()
        standing.progress.structure_total = len(plan.items)
        standing.progress.structure_done = 0
        items = {kind: [item for item in plan.items if item.kind is kind] for kind in ItemKind}
        if items[ItemKind.IDENTITY]:
            await self._identity()
        await build_roles(standing, guild, self.copy, items[ItemKind.ROLE])
        await build_emojis(standing, guild, items[ItemKind.EMOJI])
        await build_stickers(standing, guild, items[ItemKind.STICKER])
        places = [item for item in plan.items if item.kind in (ItemKind.CATEGORY, ItemKind.CHANNEL)]
        await build_channels(standing, guild, self.copy, places)
        await self._forget_failures(plan)

    async def close_doors(self) -> None:
        """Set what locks the bot out of its own work: age restriction."""
        standing = self.standing
        for channel in self.guild.channels:
            target_id = standing.target("channel", channel.id)
            if not channel.is_nsfw or target_id is None or standing.target("nsfw", channel.id) == target_id:
                continue
            await standing.control.boundary()
            if await standing.attempt(
                f"The age restriction of #{channel.name}",
                lambda target_id=target_id: standing.writer.edit_channel(target_id, "text", {"nsfw": True}),
            ):
                await standing.record("nsfw", channel.id, target_id, channel.name, "reused")
        await self._filter_content()

    async def _filter_content(self) -> None:
        """Look through media as strictly as the source does, once everything stands: before, it would refuse some."""
        standing, guild = self.standing, self.guild
        level = guild.content_filter
        is_known = standing.applied("content_filter", guild.id) == str(level)
        if not self.copy.identity or is_known or level <= standing.community.content_filter:
            return
        if await standing.attempt(
            "The filter of explicit media",
            lambda: standing.writer.set_content_filter(standing.community.id, level),
        ):
            await standing.record(
                "content_filter", guild.id, standing.community.id, guild.name, "reused", applied=str(level)
            )

    async def _forget_failures(self, plan: Plan) -> None:
        """What once failed and is no longer wanted does not make later runs incomplete."""
        places = (ItemKind.CATEGORY, ItemKind.CHANNEL)
        planned = {
            (record_kind(item) if item.kind in places else item.kind.value, item.source_id) for item in plan.items
        }
        for record in self.standing.failed():
            if (record.kind, record.source_id) not in planned:
                await self.standing.record(
                    record.kind, record.source_id, None, record.name, "excluded", reason="it is no longer wanted"
                )

    async def _identity(self) -> None:
        standing, guild = self.standing, self.guild
        wanted = identity_mark(guild)
        if standing.applied("identity", guild.id) != wanted:
            icon = await standing.image(guild.icon_url, IMAGE_BYTES, "the icon")
            banner = await standing.image(guild.banner_url, IMAGE_BYTES, "the banner")
            community_id = standing.community.id
            if await standing.attempt(
                "The community's name and pictures",
                lambda: standing.writer.edit_identity(
                    community_id, name=clean_name(guild.name), icon=icon, banner=banner
                ),
            ):
                await standing.record("identity", guild.id, community_id, guild.name, "reused", applied=wanted)
        standing.step()
