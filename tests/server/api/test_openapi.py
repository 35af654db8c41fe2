import re

from flask import Flask

from server.schemas import ScanEventSchema
from sync.event import FIELDS, encode
from tests.handheld import BIN_A, Chain, unit


def test_every_operation_of_the_api_is_described(app: Flask) -> None:
    spec = app.test_client().get("/api/openapi.json").get_json()
    described = {re.sub(r"\{(\w+)\}", "<>", path) for path in spec["paths"]}
    there = {re.sub(r"<[^>]*>", "<>", rule.rule) for rule in app.url_map.iter_rules() if "/api/v1/" in rule.rule}
    assert described == there
    for path, item in spec["paths"].items():
        assert all(item[method]["summary"] for method in item if method != "parameters"), path


def test_every_bound_of_what_is_sent_stands_in_the_description(app: Flask) -> None:
    spec = app.test_client().get("/api/openapi.json").get_json()
    for bound in ("8,192 bytes", "65,536", "nested 32 deep", "6,000 requests a minute"):
        assert bound in spec["info"]["description"]
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        item = spec["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {})
        for method in rule.methods or ():
            if "requestBody" in (of := item.get(method.lower(), {})):
                most = vars(view)["body_bytes_max"]
                assert of["requestBody"]["description"].endswith(f"At most {most:,} bytes."), rule.rule
    envelope = spec["paths"]["/api/v1/sync"]["post"]["requestBody"]
    assert list(envelope["content"]) == ["application/vnd.scan-sync.v1"]
    for bound in ("4,096 bytes", "500 events", "32,768 bytes", "8,388,608 bytes", "1,048,576 bytes"):
        assert bound in envelope["description"]
    assert "50,000,000 pixels" in spec["paths"]["/api/v1/pictures"]["post"]["requestBody"]["description"]


def test_the_page_about_the_api_needs_nothing_from_elsewhere(app: Flask) -> None:
    page = app.test_client().get("/api/docs")
    assert page.status_code == 200
    assert "/api/v1/sync" in page.text
    assert "at most 500 events" in page.text
    assert re.findall(r'(?:src|href)="(?!/|#)[^"]*"', page.text) == []


def test_the_schema_of_an_event_has_the_events_own_fields() -> None:
    schema = ScanEventSchema()
    assert list(schema.fields) == [field.name for field in FIELDS]
    assert {n for n, f in schema.fields.items() if f.required} == {f.name for f in FIELDS if not f.optional}


def test_an_event_goes_through_its_schema_unchanged() -> None:
    event = Chain(1).scan(1_780_000_000_000, "count", unit("A1"), location=BIN_A, identifiers=("x",), quantity=2)
    schema = ScanEventSchema()
    loaded = schema.load(schema.dump(event))
    assert encode(type(event)(**loaded)) == encode(event)
