"""How much CPU time goes into turning data into text or bytes and back?"""

import re
from collections import defaultdict
from functools import lru_cache

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, library, native, python, window
from perfdoctor.diagnosis.interpreter import Work, work_of
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import basename, user_frame
from perfdoctor.diagnosis.weight import again, percent, weigh
from perfdoctor.schemas.cpu import CpuRow
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

SHARE = Threshold(0.05, "of busy time", "below, another format would gain nothing that could be felt")
MUCH = Threshold(
    0.1, "of a core, or in line for one", "whoever serves encodes what it serves: of less there is little to win"
)
MODULE = Threshold(
    0.2,
    "of the line's native CPU time",
    "encoders call into the interpreter: what is seen in them stands for the rest of the call",
)

# The format that a file or binary is about, by a part of its path.
_FILES = (
    (
        "json",
        re.compile(
            r"/json/(?:__init__|encoder|decoder|scanner)\.py$|/simplejson/|/_json\.|/(?:u|or|rapid)json|/msgspec/"
        ),
    ),
    (
        "pydantic",
        re.compile(
            r"/pydantic/(?:v1/)?(?:main|type_adapter|json|root_model|_internal/_serializers)\.py$|/_pydantic_core\."
        ),
    ),
    (
        "objects and plain data",
        re.compile(
            r"/(?:marshmallow|cattrs|cattr|mashumaro|dacite|rest_framework/serializers)[/.]|/python3[^/]*/dataclasses\.py$"
        ),
    ),
    ("pickle", re.compile(r"/pickle\.py$|/_pickle\.|/cloudpickle/|/dill/|/_marshal\.")),
    ("a deep copy", re.compile(r"/copy\.py$")),
    ("YAML", re.compile(r"/yaml/|/_yaml|/ruamel/")),
    ("XML", re.compile(r"/xml/(?:etree|dom|sax|parsers)/|/_elementtree\.|/pyexpat\.|/lxml/")),
    ("TOML", re.compile(r"/tomllib/|/tomli/|/toml/")),
    ("protobuf", re.compile(r"/google/protobuf/|/_upb/|/_message\.")),
    ("MessagePack", re.compile(r"/msgpack/")),
    ("Avro", re.compile(r"/fastavro/|/avro/")),
    ("CBOR or BSON", re.compile(r"/cbor2?/|/_cbor2\.|/bson/|/_cbson\.")),
    ("CSV", re.compile(r"/csv\.py$|/_csv\.")),
)
_FUNCTIONS = (
    (
        "json",
        re.compile(
            r"cJSON_|json_|rapidjson::|(?:.*\s)?nlohmann::|simdjson::|JSON\.|serde_json|encoding/json\.|"
            r"(?:.*\s)?v8::internal::(?:Json|Builtin_Json)|github\.com/(?:goccy/go-json|json-iterator|bytedance/"
            r"sonic|segmentio/encoding/json)|com\.(?:fasterxml\.jackson|google\.gson|alibaba\.fastjson)|org\.json\.|"
            r"jakarta\.json|org\.glassfish\.json"
        ),
    ),
    (
        "protobuf",
        re.compile(
            r".*(?:SerializeTo|ParseFrom|InternalParse|protobuf::)|google\.golang\.org/protobuf|"
            r"com\.google\.protobuf\.|prost::"
        ),
    ),
    (
        "XML",
        re.compile(
            r"XML_Parse|xmlParse|xmlRead|pugi::|encoding/xml\.|javax\.xml\.|org\.xml\.sax|com\.sun\.org\.apache\.xerces|"
            r"quick_xml::"
        ),
    ),
    ("YAML", re.compile(r"gopkg\.in/yaml|sigs\.k8s\.io/yaml|org\.yaml\.snakeyaml|serde_yaml|yaml_parser_|YAML::")),
    ("Java's own serialization", re.compile(r"java\.io\.Object(?:Output|Input)Stream")),
    ("gob", re.compile(r"encoding/gob\.")),
    ("CSV", re.compile(r"encoding/csv\.|csv(?:_core)?::")),
    (
        "a structured clone",
        re.compile(r"(?:.*\s)?v8::internal::Value(?:Serializer|Deserializer)|node::worker::Message"),
    ),
)
_CURES = {
    "json": "parse or build it once and keep the result; send less; use orjson or msgspec, which take the same data "
    "in a fraction of the time",
    "pickle": "send less, or share memory instead; use protocol 5 with out-of-band buffers for arrays; keep workers "
    "warm so that they hold their data",
    "pydantic": "validate once, where the data comes in, and hand on the model itself, not its JSON: "
    "model_validate_json and model_dump_json between one's own functions make and parse all of it again; "
    "model_construct, or a plain dataclass, for what is known to be valid",
    "a deep copy": "copy only what is changed (copy.copy, dict(x), dataclasses.replace), or make the data immutable "
    "and share it",
    "YAML": "use yaml.CSafeLoader and CSafeDumper, parse once and keep the result, or keep a JSON copy for machines",
    "XML": "use lxml or iterparse and read only what is needed; parse once and keep the result",
}  # fmt: skip


_OTHER_CURES = {
    (
        Language.JAVASCRIPT,
        "json",
    ): "parse or build it once and keep the result; send less; JSON.parse(JSON.stringify(x)) is a "
    "copy: copy only what is changed ({...x}), or freeze it and share it; for fixed shapes fast-json-stringify",
    (Language.JAVASCRIPT, "a structured clone"): "send less to workers, transfer buffers instead of copying them "
    "(postMessage(x, [x.buffer])), or share a SharedArrayBuffer",
    (Language.GO, "json"): "parse or build it once and keep the bytes; decode into structs instead of map[string]any; "
    "json.RawMessage for parts that are only handed on; a generated or faster encoder (easyjson, sonic, go-json)",
    (
        Language.JAVA,
        "json",
    ): "keep one ObjectMapper (or Gson) for all, its readers and writers too; parse or build once and "
    "keep the result; stream with JsonParser and JsonGenerator",
    (
        Language.JAVA,
        "Java's own serialization",
    ): "copy only what is changed, share immutable records, or use a binary format "
    "(protobuf, Kryo, records written by hand)",
    (Language.RUST, "json"): "borrow in the types that are parsed (&str, Cow), keep what was built, or use simd-json",
    (
        Language.CPP,
        "json",
    ): "parse once and keep the result, read only what is needed (simdjson on demand), or use a binary format",
}


def check(account: Account) -> list[Finding]:
    groups: dict[tuple[Place | None, str], list[CpuRow]] = defaultdict(list)
    for place, rows in account.samples_at.items():
        encoders = {id(row): format_of(row) for row in rows}
        for row in rows:
            if name := encoders[id(row)]:
                groups[place, name].append(row)
        _add_what_they_call(rows, encoders, place, groups)
    found = []
    for (place, name), rows in groups.items():
        found += _judge(account, place, name, rows)
    return found


def _judge(account: Account, place: Place | None, name: str, rows: list[CpuRow]) -> list[Finding]:
    seconds = account.cpu_cost(rows)
    if account.share(seconds) < SHARE.value:
        return []
    at = place or "code without a line of yours"
    cores = sum(row.seconds for row in rows) / account.seconds
    stack = account.top_stack(rows)
    language = language_of(user_frame(stack, account.evidence.user_roots))
    cure = _CURES.get(name) if language is Language.PYTHON else _OTHER_CURES.get((language, name))
    cure = cure or "encode and decode once, keep the result, send less, or use a faster library for the format"
    return weigh(
        account,
        "serialization-overhead",
        title=f"{at} spends {percent(account.share(seconds))} of busy time on {name}",
        seconds=seconds,
        place=place,
        stack=stack,
        facts=(account.fact("cpu", f"CPU time in {name}", cores, "cores"),),
        fix=f"At {at}: {cure}.",
        verify=again(
            account,
            f"the CPU time below {at}",
            f"{cores:.2f} cores for the same work",
            "a small part of it",
            "trace-cpu",
        ),
        confidence=0.85,
        # (nobody could act on it, or win by that)
        at_most=Severity.CRITICAL if place and seconds >= MUCH.value * account.seconds else Severity.INFO,
    )


def _add_what_they_call(
    rows: list[CpuRow],
    encoders: dict[int, str],
    place: Place | None,
    groups: dict[tuple[Place | None, str], list[CpuRow]],
) -> None:
    """Native encoders leave no Python frame, and their stacks end at the innermost function: samples of the same Python
    stack outside of the interpreter's loop are theirs, too."""
    by_stack: dict[Stack, list[CpuRow]] = defaultdict(list)
    for row in rows:
        if (
            row.stack
            and row.stack[0].kind is FrameKind.PYTHON
            and work_of(row) not in (Work.INTERPRET, Work.SYSTEM_CALL)
        ):
            by_stack[row.stack].append(row)
    for same in by_stack.values():
        seen: dict[str, float] = defaultdict(float)
        for row in same:
            if name := encoders[id(row)]:
                seen[name] += row.seconds
        top = max(seen, key=lambda name: seen[name], default="")
        if top and seen[top] >= MODULE.value * sum(row.seconds for row in same):
            groups[place, top] += [row for row in same if not encoders[id(row)]]


def format_of(row: CpuRow) -> str:
    """The format that this sample was busy with, by any frame of its stacks; empty for none."""
    if any(frame.function.endswith("page_fault") for frame in row.kernel[-1:]) and not row.stack:
        return ""
    for frame in (*row.stack, *row.native):
        if name := _frame_format(frame):
            return name
    return ""


def _frame_format(frame: Frame) -> str:
    if frame.kind is FrameKind.PYTHON:
        return _path_format(frame.file) if frame.file else ""
    if frame.module and (name := _path_format(f"/{basename(frame.module)}")):
        return name
    if frame.function == "_PyEval_EvalFrameDefault":
        return ""
    return next((name for name, pattern in _FUNCTIONS if pattern.match(frame.function)), "")


@lru_cache(maxsize=4096)
def _path_format(path: str) -> str:
    return next((name for name, pattern in _FILES if pattern.search(path)), "")


def _examples() -> tuple[Example, ...]:
    line = python(33, "reply")
    loop = native("_PyEval_EvalFrameDefault")
    rest = cpu((python(60, "handle"),), 4.0, leaf=(loop,))
    c_encoder = native(
        "encoder_listencode_obj", "/usr/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so"
    )
    dumps = (library("json/encoder.py", "JSONEncoder.iterencode"), library("json/__init__.py", "dumps"), line)
    pickled = native("save", "/usr/lib/python3.11/lib-dynload/_pickle.cpython-311-x86_64-linux-gnu.so")
    pickles = (
        cpu((line,), 2.0, leaf=(pickled,)),
        cpu((line,), 2.0, leaf=(native("PyDict_GetItem"), native("insertdict"))),
    )
    deep = (library("copy.py", "_deepcopy_dict"), library("copy.py", "deepcopy"), line)
    return (
        Example(
            "json.dumps of the same answer",
            True,
            "more than half of busy time is below json.dumps",
            window(samples=(cpu(dumps, 5.0, leaf=(c_encoder,)), rest)),
        ),
        Example(
            "pickle between processes",
            True,
            "the encoder is native: its own functions stand for what it calls",
            window(samples=(*pickles, rest)),
        ),
        Example(
            "copy.deepcopy of a template",
            True,
            "a third of busy time is copying",
            window(samples=(cpu(deep, 2.5, leaf=(loop,)), rest)),
        ),
        Example(
            "models that are handed on as JSON",
            True,
            "a third of busy time is in pydantic",
            window(samples=(cpu((library("pydantic/main.py", "BaseModel.model_validate_json"), line), 2.5), rest)),
        ),
        Example(
            "some JSON in a busy service",
            False,
            "3 % of busy time: no other format would be felt",
            window(samples=(cpu(dumps, 0.12, leaf=(c_encoder,)), rest)),
        ),
        Example(
            "a service that computes",
            False,
            "no frame has to do with a format",
            window(samples=(cpu((line,), 5.0, leaf=(native("_PyLong_Multiply"),)), rest)),
        ),
    )


PATTERN = Pattern(
    id="serialization-overhead",
    title="much CPU time goes into encoding and decoding",
    sees="CPU samples below json, pickle, yaml, xml, protobuf, csv or copy.deepcopy, or inside their native parts, "
    "by the line that called.",
    costs="Encoding walks over every object and makes a new one for each: it is often the largest part of a "
    "service's CPU time, and most often the same data is encoded again and again.",
    fix="Encode once and keep the bytes; send less; a faster library for the same format; a binary format; no deep "
    "copies.",
    fine="A program whose purpose is to convert data, with a fast library already.",
    thresholds=(SHARE, MUCH, MODULE),
    needs=("cpu",),
    focus=frozenset({Focus.CPU}),
    check=check,
    examples=_examples,
    beats=("hot-loop",),
)
