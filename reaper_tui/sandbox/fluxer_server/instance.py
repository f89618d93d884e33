"""What the instance says about itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from .calls import Call, Reply, reply
from .errors import ApiError
from .generation import GENERATIONS

_PREMIUM = {
    "feature_animated_avatar": 1,
    "feature_animated_banner": 1,
    "feature_custom_discriminator": 1,
    "feature_early_access": 1,
    "feature_global_expressions": 1,
    "feature_higher_video_quality": 1,
    "feature_per_guild_profiles": 1,
    "feature_voice_entrance_sounds": 1,
    "max_bookmarks": 300,
    "max_created_packs": 50,
    "max_custom_backgrounds": 15,
    "max_favorite_memes": 500,
    "max_guilds": 200,
    "max_installed_packs": 50,
    "max_attachment_file_size": 524_288_000,
    "max_message_length": 4000,
}


async def well_known(call: Call) -> Reply:
    """GET /.well-known/fluxer"""
    if call.community.generation.build is not None:
        return reply(_newer(call))
    origin = call.context.origin
    api = f"{origin}/api"
    return reply(
        {
            "api_code_version": 1,
            "endpoints": {
                "api": api,
                "api_client": api,
                "api_public": api,
                "gateway": gateway_url(origin),
                "media": call.context.media,
                "static_cdn": f"{origin}/static",
                "marketing": f"{origin}/marketing",
                "admin": f"{origin}/admin",
                "invite": f"{origin}/invite",
                "gift": f"{origin}/gift",
                "webapp": origin,
            },
            "captcha": {"provider": "none", "hcaptcha_site_key": None, "turnstile_site_key": None},
            "features": {
                "sms_mfa_enabled": False,
                "voice_enabled": False,
                "stripe_enabled": False,
                "self_hosted": False,
                "manual_review_enabled": False,
            },
            "limits": {
                "version": 2,
                "traitDefinitions": ["premium"],
                "rules": [
                    {"id": "premium", "filters": {"traits": ["premium"]}, "overrides": _PREMIUM},
                    {"id": "default", "overrides": _overrides(call)},
                ],
                "defaultsHash": "2026-02",
            },
        }
    )


def _overrides(call: Call) -> dict[str, int]:
    """The limits that differ from the usual ones."""
    limits = asdict(call.community.generation.limits)
    usual = asdict(GENERATIONS[call.community.generation.name].limits)
    changed = {name: number for name, number in limits.items() if number != usual[name]}
    if "max_guild_emojis" in changed and not call.community.generation.is_emoji_pool_shared:
        most = changed.pop("max_guild_emojis")
        changed |= {"max_guild_emojis_static": most, "max_guild_emojis_animated": most}
    return changed


def _newer(call: Call) -> dict[str, Any]:
    origin, generation = call.context.origin, call.community.generation
    api = f"{origin}/api"
    places = ("marketing", "admin", "invite", "gift")
    endpoints = {"api": api, "api_client": api, "api_public": api, "gateway": gateway_url(origin)}
    endpoints |= {"media": call.context.media, "static_cdn": f"{origin}/static", "webapp": origin}
    features = {
        "voice_enabled": False,
        "stripe_enabled": False,
        "self_hosted": True,
        "presigned_attachment_uploads": generation.has_uploads,
        "emails_enabled": False,
        "premium_enabled": False,
        "stripe_serviceable": False,
        "account_identity": "email",
        "tag_style": "discriminator",
    }
    premium = _PREMIUM | {"max_guild_emojis": 500, "max_guild_stickers": 500}
    return {
        "api_code_version": 1,
        "endpoints": endpoints | {place: f"{origin}/{place}" for place in places},
        "captcha": {"provider": "none"},
        "features": features,
        "gif": {"provider": "none"},
        "sso": {"enabled": False},
        "registration": {"mode": "open"},
        "community": {
            "single_community": False,
            "single_community_guild_id": None,
            "direct_messages_disabled": False,
            "guild_create_access": "everyone",
        },
        "services": {},
        "limits": {
            "version": 2,
            "traitDefinitions": ["premium"],
            "rules": [
                {"id": "default", "overrides": _overrides(call)},
                {"id": "premium", "filters": {"traits": ["premium"]}, "overrides": premium},
            ],
            "defaultsHash": generation.name,
        },
        "push": {"public_vapid_key": None},
        "app_public": {},
    }


async def openapi(call: Call) -> Reply:
    """GET /openapi.json: the routes that are served"""
    paths: dict[str, dict[str, Any]] = {}
    for method, template in call.context.server.served_routes:
        if template.startswith("/.well-known"):
            continue
        path = "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in template.split("/"))
        paths.setdefault(path, {})[method.lower()] = {"responses": {"default": {"description": "The answer."}}}
    info = {"title": "Fluxer API", "version": "1"}
    servers = [{"url": f"{call.context.origin}/api/v1"}]
    return reply({"openapi": "3.1.0", "info": info, "servers": servers, "paths": paths})


async def gateway_bot(call: Call) -> Reply:
    """GET /gateway/bot: only the form of the token counts"""
    if not call.request.headers.get("Authorization", "").startswith("Bot "):
        raise ApiError(401, "MISSING_AUTHORIZATION", "Missing or invalid authorization header.")
    limits = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
    return reply({"url": gateway_url(call.context.origin), "shards": 1, "session_start_limit": limits})


def gateway_url(origin: str) -> str:
    """Where the WebSocket listens."""
    return f"ws{origin.removeprefix('http')}/gateway"
