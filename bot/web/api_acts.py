"""What the API does: each call becomes one Reply to the inbox, which alone decides."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response

from bot.ports import Reply
from bot.web.api_gate import caller_of
from bot.web.api_models import AnswerIn, CommandIn, DecisionIn, Launch, OutcomeOut, Said, Why
from bot.web.api_reads import IncidentId, ProposalId
from bot.web.codes import OUTCOME_STATUS
from bot.web.doors import Doors
from bot.web.session import digest_of

CHANNEL = "api"
ANSWERS: dict[int | str, dict[str, object]] = {
    403: {"model": OutcomeOut, "description": "Refused; the text names the rule."},
    404: {"model": OutcomeOut, "description": "Not understood, or there is no such thing."},
    503: {"model": OutcomeOut, "description": "Nothing was done; try again."},
}
NO_REASON = Why()


class ApiActs:
    """Endpoints that change something; each answers with the words a human would be told."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(responses=ANSWERS)
        for path, act in {
            "/incidents": self.launch,
            "/incidents/{incident}/pause": self.pause_one,
            "/incidents/{incident}/resume": self.resume_one,
            "/incidents/{incident}/close": self.close,
            "/incidents/{incident}/messages": self.message,
            "/incidents/{incident}/questions": self.ask,
            "/incidents/{incident}/answer": self.answer,
            "/proposals/{proposal}/decision": self.decide,
            "/commands": self.command,
            "/pause": self.pause,
            "/resume": self.resume,
        }.items():
            router.add_api_route(path, act, methods=["POST"])
        return router

    async def launch(self, request: Request, response: Response, body: Launch) -> OutcomeOut:
        """Start an incident by hand."""
        words = f"start {body.service} {body.text}"
        return await self._send(request, response, _command(words))

    async def pause_one(
        self, request: Request, response: Response, incident: IncidentId
    ) -> OutcomeOut:
        """Pause one investigation."""
        return await self._send(request, response, _command(f"pause {incident}"))

    async def resume_one(
        self, request: Request, response: Response, incident: IncidentId
    ) -> OutcomeOut:
        """Let one investigation go on."""
        return await self._send(request, response, _command(f"resume {incident}"))

    async def close(
        self, request: Request, response: Response, incident: IncidentId, body: Why = NO_REASON
    ) -> OutcomeOut:
        """Resolve an incident by hand."""
        why = f" {body.text}" if body.text.strip() else ""
        return await self._send(request, response, _command(f"close {incident}{why}"))

    async def message(
        self, request: Request, response: Response, incident: IncidentId, body: Said
    ) -> OutcomeOut:
        """Write something into an incident's conversation."""
        reply = Reply("", CHANNEL, "", "message", incident=incident, text=body.text)
        return await self._send(request, response, reply)

    async def ask(
        self, request: Request, response: Response, incident: IncidentId, body: Said
    ) -> OutcomeOut:
        """Put a question to the agent; its answer becomes part of the incident."""
        reply = Reply("", CHANNEL, "", "ask", incident=incident, text=body.text)
        return await self._send(request, response, reply)

    async def answer(
        self, request: Request, response: Response, incident: IncidentId, body: AnswerIn
    ) -> OutcomeOut:
        """Answer an open question."""
        reply = Reply(
            "", CHANNEL, "", "answer", incident=incident, question=body.question, text=body.text
        )
        return await self._send(request, response, reply)

    async def decide(
        self, request: Request, response: Response, proposal: ProposalId, body: DecisionIn
    ) -> OutcomeOut:
        """Approve or deny. A late call is told who decided and when (`already`)."""
        reply = Reply(
            "",
            CHANNEL,
            "",
            "decide",
            proposal=proposal,
            verdict=body.verdict,
            revision=body.revision,
            digest12=body.digest,
            reason=body.reason,
            code=body.code,
        )
        return await self._send(request, response, reply)

    async def command(self, request: Request, response: Response, body: CommandIn) -> OutcomeOut:
        """Do what the words of the command grammar say; the same answer as in chat."""
        return await self._send(request, response, _command(body.text))

    async def pause(self, request: Request, response: Response) -> OutcomeOut:
        """Pause the whole bot."""
        return await self._send(request, response, _command("pause"))

    async def resume(self, request: Request, response: Response) -> OutcomeOut:
        """Let the whole bot go on."""
        return await self._send(request, response, _command("resume"))

    async def _send(self, request: Request, response: Response, reply: Reply) -> OutcomeOut:
        digest = digest_of((await request.body()).decode("latin-1"))
        person = caller_of(request)
        outcome = await self._doors.inbox.reply(
            replace(reply, actor=f"{CHANNEL}:{person}", person=person, payload_digest=digest)
        )
        response.status_code = OUTCOME_STATUS[outcome.kind]
        if outcome.kind == "busy":
            response.headers["retry-after"] = "5"
        return OutcomeOut.model_validate(outcome)


def _command(text: str) -> Reply:
    return Reply("", CHANNEL, "", "command", text=text)
