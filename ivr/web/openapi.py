"""The JSON API: operations declared once, checked, served, and described in OpenAPI 3.1.

    class CallsQuery(ApiModel): since: float | None = None; limit: int = Field(100, ge=1, le=1000)
    class CallPage(ApiModel): total: int; calls: list[CallOut]

    @api("GET", "/api/v1/calls", summary="Rows of the log", query=CallsQuery,
         returns=CallPage, role=Role.CLERK)
    async def calls(request: web.Request, args: Args[CallsQuery, Nothing]) -> CallPage:
        args.query.since …; args.body …; args.path["id"]

    def routes(): return [*routes_of(__name__), web.get("/calls", page_of_calls)]

`role=None` is open to everybody; `machine=False` keeps tokens out. `returns` is a
model, a dataclass, or a type of these (a model may hold our dataclasses as fields);
`returns=None` answers 204; a handler that answers no JSON (a file, a stream) returns
its own response and says `returns="audio/wav"` or whatever it is. `dict[str, Any]`
works too, but describes nothing.

What a client did wrong is a problem (RFC 9457, application/problem+json):
400 with a sentence, 401, 403, 404, 409, 413, 422; raise UserError for a 400,
web.HTTPNotFound(reason=…) for the others.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ivr import __version__
from ivr.errors import UserError
from ivr.web.access import BODY, Handler, Role, needs, public


class ApiModel(BaseModel):
    """What goes in or comes out; an unknown field is the client's mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Nothing(ApiModel):
    """No query, or no body."""


class Problem(BaseModel):
    """What is wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    status: int
    title: str = ""
    detail: str = ""


Q = TypeVar("Q", bound=BaseModel)
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Args(Generic[Q, B]):
    """What was asked: the path's parts, the query, the body."""

    path: Mapping[str, str]
    query: Q
    body: B


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, as it was declared."""

    module: str
    name: str
    method: str
    path: str
    summary: str
    description: str
    query: type[BaseModel]
    body: type[BaseModel]
    returns: Any
    role: Role | None
    status: int
    handler: Handler


_operations: list[Operation] = []

Given = Callable[[web.Request, Args[Q, B]], Awaitable[Any]]


def api(
    method: str,
    path: str,
    *,
    summary: str,
    returns: Any,
    role: Role | None,
    query: type[Q] = Nothing,  # type: ignore[assignment]
    body: type[B] = Nothing,  # type: ignore[assignment]
    status: int | None = None,
    machine: bool = True,
    limit: int = BODY,
) -> Callable[[Given[Q, B]], Handler]:
    """Declare an operation; see the module. `limit` is the largest body in bytes."""
    answered = status or (204 if returns is None else 200)
    dump = None if returns is None or isinstance(returns, str) else TypeAdapter(returns)

    def declare(given: Given[Q, B]) -> Handler:
        async def handler(request: web.Request) -> web.StreamResponse:
            args = Args(
                request.match_info,
                _query(request, query),
                await _body(request, body) if body is not Nothing else cast(B, Nothing()),
            )
            result = await given(request, args)
            if isinstance(result, web.StreamResponse):
                return result
            if dump is None:
                return web.Response(status=204)
            made = web.Response(
                body=dump.dump_json(result),
                status=answered,
                content_type="application/json",
            )
            made.enable_compression()
            return made

        handler.__name__ = given.__name__
        handler.__doc__ = given.__doc__
        marked = (public if role is None else needs(role, machine=machine, body=limit))(handler)
        _operations.append(
            Operation(
                given.__module__,
                given.__name__,
                method.upper(),
                path,
                summary,
                (given.__doc__ or "").strip(),
                query,
                body,
                returns,
                role,
                answered,
                marked,
            )
        )
        return marked

    return declare


def routes_of(module: str) -> list[web.RouteDef]:
    """The routes of the operations that `module` (its `__name__`) declared."""
    return [
        web.route(each.method, each.path, each.handler)
        for each in _operations
        if each.module == module
    ]


def _query(request: web.Request, model: type[Q]) -> Q:
    given: dict[str, Any] = {}
    for name in dict.fromkeys(request.query):
        values = request.query.getall(name)
        field = model.model_fields.get(name)
        several = field is not None and "list" in str(field.annotation)
        given[name] = values if several else values[-1]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise UserError(_sentence(error, "filter")) from None


async def _body(request: web.Request, model: type[B]) -> B:
    try:
        data = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise UserError(f"The body is no JSON; it is {_example(model)}") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UserError(f"The body is {_example(model)}: {_sentence(error, 'field')}") from None


def _example(model: type[BaseModel]) -> str:
    names = (
        name if field.is_required() else f"[{name}]" for name, field in model.model_fields.items()
    )
    return "{" + ", ".join(names) + "}"


def _sentence(error: ValidationError, what: str) -> str:
    return "; ".join(_wrong(each, what) for each in error.errors()[:5])


def _wrong(error: ErrorDetails, what: str) -> str:
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"there is no {what} {where!r}"
    if error["type"] == "missing":
        return f"{where} is missing"
    said = error["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


# --- the description -------------------------------------------------------------

Mode = Literal["validation", "serialization"]
Kind = tuple[Any, Mode]


def document(url: str = "/") -> dict[str, Any]:
    """OpenAPI 3.1 of every operation that was declared."""
    kinds: list[tuple[Any, Mode]] = [(Problem, "serialization")]
    for each in _operations:
        if each.body is not Nothing:
            kinds.append((each.body, "validation"))
        if each.returns is not None and not isinstance(each.returns, str):
            kinds.append((each.returns, "serialization"))
    references, schemas = TypeAdapter.json_schemas(
        [((kind, mode), mode, TypeAdapter(kind)) for kind, mode in dict.fromkeys(kinds)],
        ref_template="#/components/schemas/{model}",
    )
    schema_of = {key: schema for (key, _mode), schema in references.items()}
    paths: dict[str, dict[str, Any]] = {}
    for each in sorted(_operations, key=lambda each: each.path):
        paths.setdefault(each.path, {})[each.method.lower()] = _described(each, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ivr",
            "version": __version__,
            "description": "The telephone service desk. Times are seconds since the epoch, UTC.",
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "ivr"},
            },
        },
    }


def _described(each: Operation, schema_of: Mapping[Kind, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": f"{each.module.rpartition('.')[2]}.{each.name}",
        "summary": each.summary,
        "tags": [each.path.split("/")[3] if each.path.count("/") > 2 else "api"],
        "parameters": [*_path_parameters(each.path), *_query_parameters(each.query)],
        "responses": {str(each.status): _answer(each, schema_of)} | _problems(each, schema_of),
        "security": [] if each.role is None else [{"token": []}, {"session": []}],
    }
    if each.description:
        said["description"] = each.description
    if each.role is not None:
        said["x-role"] = each.role.value
    if each.body is not Nothing:
        said["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[each.body, "validation"]}},
        }
    return said


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {
            "name": part[1:-1].partition(":")[0],
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        }
        for part in path.split("/")
        if part.startswith("{")
    ]


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _inline(about, schema.get("$defs", {})),
        }
        for name, about in schema.get("properties", {}).items()
    ]


def _inline(about: Any, definitions: Mapping[str, Any]) -> Any:
    """A parameter's schema with its references (enumerations) put in their place."""
    if isinstance(about, list):
        return [_inline(each, definitions) for each in about]
    if not isinstance(about, dict):
        return about
    if "$ref" in about:
        return _inline(definitions[about["$ref"].rpartition("/")[2]], definitions)
    return {key: _inline(value, definitions) for key, value in about.items()}


def _answer(each: Operation, schema_of: Mapping[Kind, Any]) -> dict[str, Any]:
    if each.returns is None:
        return {"description": "Done"}
    if isinstance(each.returns, str):
        return {"description": each.summary, "content": {each.returns: {}}}
    return {
        "description": each.summary,
        "content": {"application/json": {"schema": schema_of[each.returns, "serialization"]}},
    }


def _problems(each: Operation, schema_of: Mapping[Kind, Any]) -> dict[str, Any]:
    statuses = {"400": "Something asked for wrongly"}
    if each.role is not None:
        statuses |= {"401": "Nobody is signed in", "403": f"For {each.role.value} and above"}
    if "{" in each.path:
        statuses["404"] = "There is no such thing"
    if each.body is not Nothing:
        statuses["413"] = "Too large"
    statuses["default"] = "Any other problem"
    content = {"application/problem+json": {"schema": schema_of[Problem, "serialization"]}}
    return {code: {"description": text, "content": content} for code, text in statuses.items()}
