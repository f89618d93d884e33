"""Polls, and the notice that one has ended."""

from __future__ import annotations

from reaper_tui.model.message import Poll, PollAnswer
from reaper_tui.reader.wire import record, records, text, whole


def poll_from(value: object) -> Poll | None:
    """Return a message's poll with its counts, None without one."""
    raw = record(value)
    if not raw:
        return None
    results = record(raw.get("results"))
    votes = {whole(count.get("id")): whole(count.get("count")) for count in records(results.get("answer_counts"))}
    answers: list[PollAnswer] = []
    for answer in records(raw.get("answers")):
        media = record(answer.get("poll_media"))
        emoji = record(media.get("emoji"))
        name = text(emoji.get("name"))
        answers.append(
            PollAnswer(
                text=text(media.get("text")),
                votes=max(0, votes.get(whole(answer.get("answer_id")), 0)),
                emoji=f":{name}:" if name and emoji.get("id") else name,
            )
        )
    return Poll(
        question=text(record(raw.get("question")).get("text")),
        answers=tuple(answers),
        is_final=results.get("is_finalized") is True,
    )


def poll_result_text(embeds: object) -> str:
    """Return the notice of an ended poll as text, empty when the embeds hold none."""
    for embed in records(embeds):
        if embed.get("type") != "poll_result":
            continue
        said = {text(field.get("name")): text(field.get("value")) for field in records(embed.get("fields"))}
        question = said.get("poll_question_text", "")
        winner = " ".join(filter(None, [said.get("victor_answer_emoji_name", ""), said.get("victor_answer_text", "")]))
        total = said.get("total_votes", "0")
        if winner:
            outcome = f"{winner} ({said.get('victor_answer_votes', '0')} of {total} votes)"
        else:
            outcome = f"no winner ({total} votes)"
        return f"Poll closed: {question} — {outcome}" if question else f"Poll closed — {outcome}"
    return ""
