"""Is something prepared again and again that could be prepared once and kept?

That a function gives the same results again cannot be seen from outside. What can be seen are preparations: steps that
exist only to be made once for many uses (a compiled pattern, a parsed template, a derived key, a TLS context); and, by
the text, functions that only work something out, of what is no other in the next round of a loop.
"""

import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from perfdoctor.diagnosis.account import Account
from perfdoctor.diagnosis.example import cpu, library, native, python, window
from perfdoctor.diagnosis.hotness import HotFunction, hot_functions
from perfdoctor.diagnosis.language import Language, language_of
from perfdoctor.diagnosis.loading import is_loading
from perfdoctor.diagnosis.pattern import Example, Focus, Pattern, Threshold
from perfdoctor.diagnosis.place import Place
from perfdoctor.diagnosis.user_code import user_frame
from perfdoctor.diagnosis.weight import LITTLE, WARNING_SHARE, again, percent, weigh
from perfdoctor.diagnosis.words import quoted
from perfdoctor.schemas.cpu import CpuRow, LineShape, ShapedLine
from perfdoctor.schemas.evidence import Evidence
from perfdoctor.schemas.finding import Finding, Severity
from perfdoctor.schemas.frame import Frame, FrameKind, Stack

SHARE = Threshold(
    0.05, "of busy time", "what is prepared once for many uses takes nothing that shows beside the uses themselves"
)


SAME = Threshold(0.5, "of a function's CPU time", "what else it does may be another thing each time")
FUNCTIONS = 5
_OTHERS = 2
"""functions that are named beside the heaviest one"""
_RIGHTS = "/srv/files.go"
"""of the examples"""


class _Preparation(NamedTuple):
    """``names`` are of functions, ``files`` of source files that do nothing else."""

    what: str
    names: re.Pattern[str]
    files: re.Pattern[str]
    cures: dict[Language | None, str]
    confidence: float
    at_most: Severity = Severity.CRITICAL


_NEVER = re.compile(r"(?!)")
_RENDERS = re.compile(r"(?:^|\.)_?(?:render|resolve)\w*(?:\.<locals>\..*)?$")
"""what a template that was compiled does, in the same files (Django's)"""
_PREPARATIONS = (
    _Preparation(
        "compiles regular expressions",
        re.compile(
            r"v8::internal::(?:RegExp(?:Impl)?::Compile|JSRegExp::Initialize|RegExpCompiler|RegExpParser|"
            r"Runtime_RegExpInitialize)|(?:void |bool )?v8::internal::RegExpParserImpl|Builtins_RegExpConstructor|"
            r"java\.util\.regex\.Pattern\.(?:compile|<init>)|regexp\.(?:MustCompile|Compile|compile|MatchString)|"
            r"regexp/syntax\.|(?:__)?regcomp$|re_compile|pcre2?_compile|(?:.*\s)?std::__detail::_(?:Compiler|Scanner|NFA)|"
            r"(?:.*\s)?std::(?:__cxx11::)?basic_regex<.*>::(?:basic_regex|assign|_M_compile)|regex_syntax::|"
            r"regex(?:_automata)?::(?:builders|meta::regex::Builder|nfa::thompson::compiler|nfa::thompson::builder)"
        ),
        re.compile(r"/(?:re/_(?:compiler|parser)|sre_(?:compile|parse))\.py$"),
        {
            None: "compile each expression once, before the loop or at start-up, and keep it",
            Language.PYTHON: "compile each expression once (re.compile at module level, or functools.lru_cache "
                             "around the "
            "function that makes it) and use its methods; re keeps only the last 512 by itself. Many words of one "
            "kind fit "
            "into one expression: '|'.join(map(re.escape, words))",
            Language.JAVASCRIPT: "make each RegExp once, outside of the function, and keep it (a Map by its source "
                                 "if there "
            "are many); many words of one kind fit into one: new RegExp(words.join('|'), 'g')",
            Language.JAVA: "keep a static final Pattern and ask its matcher(): String.matches, split and replaceAll "
                           "compile "
            "theirs each time",
            Language.GO: "make it once by regexp.MustCompile in a package variable: regexp.MatchString compiles "
                         "each time",
            Language.C: "call regcomp once for each expression and keep the regex_t",
            Language.CPP: "keep a static const std::regex (or a map of them): its constructor compiles",
            Language.RUST: "keep it in a LazyLock<Regex>: Regex::new compiles",
        },
        0.85,
    ),
    _Preparation(
        "compiles source text",
        re.compile(
            r"_PyPegen_|_PyParser_|PyParser_|PyAST_|_PyAST_|builtin_compile|_PyCompile|compiler_(?:mod|visit|body|enter)|"
            r"_PySymtable|PyTokenizer_|_PyTokenizer_|tok_|v8::internal::Compiler::GetFunctionFromEval|"
            r"v8::internal::(?:Builtin_FunctionConstructor|\(anonymous namespace\)::CreateDynamicFunction)|"
            r"node::contextify::ContextifyScript::New|text/template\.\(\*Template\)\.Parse|text/template/parse\.|"
            r"html/template\.\(\*Template\)\.Parse|java\.text\.\w+Format\.(?:<init>|compile|applyPattern)|"
            r"java\.time\.format\.DateTimeFormatterBuilder\.|org\.codehaus\.janino\.|javax\.tools\."
        ),
        re.compile(
            r"/(?:ast|tokenize)\.py$|/jinja2/(?:compiler|lexer|parser|optimizer|idtracking)\.py$|/mako/(?:lexer|parsetree|"
            r"codegen|ast|pygen)\.py$|/django/template/(?:base|defaulttags|smartif)\.py$|/chevron/tokenizer\.py$|"
            r"/(?:handlebars|ejs|pug-\w+|mustache|nunjucks)/"
        ),
        {
            None: "compile or parse each text once and keep what comes of it, by the text",
            Language.PYTHON: "compile each text once and keep the code (compile() at start-up, functools.lru_cache "
                             "by the "
            "text; one jinja2.Environment for all, whose get_template keeps what it compiled), or do without eval: "
            "a dict of "
            "functions, operator",
            Language.JAVASCRIPT: "make the function once and keep it in a Map by its text; do without eval and new "
                                 "Function",
            Language.JAVA: "keep the formatter: DateTimeFormatter is immutable and may be a static final (a "
                           "SimpleDateFormat "
            "needs one for each thread)",
            Language.GO: "parse the templates once at start-up (template.Must in a package variable) and Execute them",
        },
        0.85,
    ),
    _Preparation(
        "sets up TLS contexts and reads certificates",
        re.compile(
            r"_?ssl__SSLContext_(?:load|set_default)|_ssl__SSLContext$|SSL_CTX_(?:new|load_verify|set_default_verify)|"
            r"X509_STORE_(?:load|set_default)|X509_load_cert|by_(?:file|dir)_ctrl|node::crypto::(?:SecureContext|X509|"
            r"NewRootCertStore)|crypto/x509\.(?:loadSystemRoots|SystemCertPool|\(\*CertPool\)|parseCertificate)|"
            r"sun\.security\.ssl\.(?:SSLContextImpl\.engineInit|TrustStoreManager|X509TrustManagerImpl\.<init>)|"
            r"sun\.security\.x509\.X509CertImpl\.<init>"
        ),
        _NEVER,
        {
            None: "make one context at start-up and use it for all connections; better still, keep the connections",
            Language.PYTHON: "make one ssl.SSLContext (or one requests.Session, httpx.Client, "
                             "aiohttp.ClientSession) at "
            "start-up and use it for all connections: create_default_context reads all trusted certificates each time",
        },
        0.85,
    ),
    _Preparation(
        "loads time zones, locales or formatters",
        re.compile(
            r"v8::internal::JS(?:DateTimeFormat|NumberFormat|Collator|PluralRules|RelativeTimeFormat|ListFormat|Segmenter)::New|"
            r"v8::internal::Builtin_(?:DateTimeFormat|NumberFormat|Collator)Constructor|icu_\d+::(?:Locale|NumberFormat|"
            r"DateFormat|Calendar|TimeZone|RuleBasedCollator|DecimalFormat)\S*::(?:create|init|make)|time\.LoadLocation|"
            r"java\.util\.ResourceBundle\.getBundle|java\.util\.Currency\.<|java\.text\.NumberFormat\.getInstance"
        ),
        re.compile(r"/zoneinfo/(?:_zoneinfo|_common|_tzpath)\.py$|/pytz/(?:tzfile|__init__)\.py$|/babel/localedata\.py$|"
                   r"/dateutil/(?:zoneinfo/|tz/)"),
        {
            None: "load it once and keep it, by its name",
            Language.PYTHON: "keep the zone or locale by its name (ZoneInfo(name) does, ZoneInfo.no_cache does not)",
            Language.JAVASCRIPT: "make one Intl.NumberFormat, DateTimeFormat or Collator and call its format or "
                                 "compare: "
            "toLocaleString and localeCompare with options make theirs each time",
        },
        0.85,
    ),
    _Preparation(
        "checks and compiles schemas, or works out how types are read and written,",
        re.compile(
            r"(?:.*\.)?Validator\.check_schema$|validator_for$|(?:.*\.)?ModelMetaclass\.__new__$|create_model$|"
            r"(?:.*\.)?TypeAdapter\.__init__$|javax\.xml\.(?:validation\.SchemaFactory|bind\.JAXBContext)\.new|"
            r"com\.networknt\.schema\.JsonSchemaFactory\.getSchema|"
            r"com\.fasterxml\.jackson\.databind\.(?:ObjectMapper\.<init>|introspect\.|deser\.BeanDeserializerFactory|"
            r"ser\.BeanSerializerFactory|deser\.DeserializerCache\._create|SerializerProvider\._create)"
        ),
        re.compile(r"/fastjsonschema/(?:generator|draft\d+)\.py$|/pydantic/_internal/_(?:generate_schema|model_construction)"
                   r"\.py$|/fastavro/_schema_py\.py$|/ajv/(?:dist|lib)/compile/|/marshmallow/class_registry\.py$"),
        {
            None: "prepare each schema or mapper once, at start-up, and use it for all that comes",
            Language.PYTHON: "make the validator once for each schema (jsonschema: Draft202012Validator(schema), and "
                             "its validate(); jsonschema.validate checks the schema itself each time; pydantic: a "
            "model or TypeAdapter at module level)",
            Language.JAVASCRIPT: "call ajv.compile once for each schema, at start-up, and keep the function",
            Language.JAVA: "keep one ObjectMapper (it is safe for all threads), JAXBContext or Schema: static final",
        },
        0.85,
    ),
    _Preparation(
        "derives keys from passwords",
        re.compile(
            r"pbkdf2_hmac|PKCS5_PBKDF2|_?hashlib_(?:pbkdf2|scrypt)|EVP_PBE_scrypt|bcrypt|argon2|crypt_r$|"
            r"node::crypto::(?:PBKDF2|Scrypt)|com\.sun\.crypto\.provider\.PBKDF2|golang\.org/x/crypto/(?:pbkdf2|bcrypt|scrypt|"
            r"argon2|blowfish)"
        ),
        re.compile(r"/(?:bcrypt|argon2|passlib)/"),
        {
            None: "derive the key once for each secret and keep it in memory (a token for the session, a cache by a "
                  "fast "
            "keyed hash of the password with a short life): such functions are made to be slow, for guesses at a "
            "login and not "
            "for each request"
        },
        # a service for logins does just this, and should
        0.55,
        Severity.WARNING,
    ),
)  # fmt: skip


def check(account: Account) -> list[Finding]:
    return [*_preparations(account), *_the_same(account)]


def _the_same(account: Account) -> list[Finding]:
    """Functions of the program's own whose text, with that of their callers, says that they give the same again."""
    at: dict[tuple[str, int], list[HotFunction]] = defaultdict(list)
    for function in hot_functions(account)[:FUNCTIONS]:
        asked = account.outer_loop(function.place)
        if asked is not None and function.shaped[LineShape.SAME] >= SAME.value:
            at[asked].append(function)
    found = []
    for asked, functions in at.items():
        # (what it calls is the same again, too)
        function = HotFunction(account, tuple(row for each in functions for row in each.rows))
        if function.cost < LITTLE.value * account.seconds:
            continue
        heaviest = max(function.rows, key=lambda row: row.seconds)
        caller = next((f for f in heaviest.stack if (f.file, f.line) == asked), heaviest.stack[0])
        place, share = Place(asked[0], caller.function, asked[1]), account.share(function.cost)
        cores = function.seconds / account.seconds
        found += weigh(
            account,
            "repeated-computation",
            title=f"{quoted(function.place.function)} works out the same again and again, asked at {place} "
            f"({percent(share)} of busy time)",
            seconds=function.cost,
            place=place,
            stack=heaviest.stack,
            facts=(account.fact("cpu", f"CPU time in {quoted(function.place.function)}", cores, "cores"),),
            fix=f"At {place}: nothing that it is given is another in the next round. Work it out once, before the loop "
            "or at start-up, and hand it on; or keep it, by what it is made of.",
            verify=again(
                account,
                f"the CPU used in {quoted(function.place.function)}",
                f"{cores:.2f} cores for the same work",
                "a small part of it",
                "trace-cpu",
            ),
            confidence=0.75,
            works=True,
        )
    return found


def _preparations(account: Account) -> list[Finding]:
    at: dict[int, list[CpuRow]] = defaultdict(list)
    for row in account.samples:
        if not is_loading(row.stack, account.evidence.user_roots):
            number = _prepares(account.below(row))
            if number is not None:
                at[number].append(row)
    found = []
    for number, rows in at.items():
        for place, own, others in _together(account, rows):
            found += _judge(account, place, others, _PREPARATIONS[number], own)
    return found


def _together(account: Account, rows: list[CpuRow]) -> list[tuple[Place, list[CpuRow], list[Place]]]:
    """Rows by function, with those of the functions of the same file that are each too little to matter: what is kept
    once serves them all (one mapper for what is read and for what is written)."""
    found: list[tuple[Place, list[CpuRow], list[Place]]] = []
    little: dict[str | None, list[tuple[Place, list[CpuRow]]]] = defaultdict(list)
    for place, own in account.by_function(rows):
        if account.share(account.cpu_cost(own)) < WARNING_SHARE:
            little[place.file].append((place, own))
        else:
            found.append((place, own, []))
    for functions in little.values():
        functions.sort(key=lambda function: -sum(row.seconds for row in function[1]))
        (place, _), *others = functions
        found.append((place, [row for _, own in functions for row in own], [other for other, _ in others]))
    return found


def _prepares(below: Stack) -> int | None:
    """The number of the preparation that a line asked for, by the frame nearest to it."""
    return next((number for frame in reversed(below) if (number := _by_frame(frame)) is not None), None)


def _by_frame(frame: Frame) -> int | None:
    file = frame.file if frame.kind in (FrameKind.PYTHON, FrameKind.JAVASCRIPT) else None
    return _by_name(frame.function, file or "")


@lru_cache(maxsize=65536)
def _by_name(function: str, file: str) -> int | None:
    file = "" if _RENDERS.search(function) else file
    for number, preparation in enumerate(_PREPARATIONS):
        if preparation.names.match(function) or (file and preparation.files.search(file)):
            return number
    return None


def _judge(
    account: Account, place: Place, others: list[Place], preparation: _Preparation, rows: list[CpuRow]
) -> list[Finding]:
    cost = account.cpu_cost(rows)
    share = account.share(cost)
    if share < SHARE.value:
        return []
    here = [row for row in rows if account.place(row.stack) == place]
    stack = account.top_stack(here)
    own = user_frame(stack, account.evidence.user_roots)
    cure = preparation.cures.get(language_of(own), preparation.cures[None])
    cores = sum(row.seconds for row in rows) / account.seconds
    caller = _caller(account, stack, own)
    heaviest = max(here, key=lambda row: row.seconds)
    below = account.below(heaviest)
    name = next((f.function for f in reversed(below) if _by_frame(f) is not None), "")
    also = f", with {', '.join(map(str, others[:_OTHERS]))}" if others else ""
    also += f" and {len(others) - _OTHERS} more" if len(others) > _OTHERS else ""
    return weigh(
        account,
        "repeated-computation",
        title=f"{place} {preparation.what} all the time ({percent(share)} of busy time{also}){caller}",
        seconds=cost,
        place=place,
        stack=stack,
        facts=(
            account.fact("cpu", f"CPU time in {quoted(name, 60)} below {place}", cores, "cores"),
            account.fact("cpu", "samples that found it at work", sum(row.samples for row in rows), "samples"),
        ),
        fix=f"At {place}: {cure}.",
        verify=again(
            account,
            f"the CPU used at {place}",
            f"{cores:.2f} cores for the same work",
            "a small part of it",
            "trace-cpu",
        ),
        confidence=preparation.confidence,
        works=True,
        at_most=preparation.at_most,
    )


def _caller(account: Account, stack: Stack, own: Frame | None) -> str:
    """The user's line that calls the one which prepares: it is often there that it could be kept."""
    upto = next((i for i, frame in enumerate(stack, 1) if frame is own), len(stack))
    outer = account.place(stack[upto:])
    return f", called at {outer}" if outer is not None and outer.function != "<module>" else ""


def _with_text(seen: Evidence) -> Evidence:
    assert seen.cpu
    same = ShapedLine(file=_RIGHTS, line=8, shape=LineShape.SAME, outer_file=_RIGHTS, outer_line=15)
    return seen.model_copy(update={"cpu": seen.cpu.model_copy(update={"shapes": (same,)})})


def _examples() -> tuple[Example, ...]:
    line, handler = python(12, "match"), python(40, "route")
    loop = native("_PyEval_EvalFrameDefault")
    parse = cpu(
        (library("re/_parser.py", "_parse"), library("re/_compiler.py", "compile"), line, handler), 3.0, leaf=(loop,)
    )
    code = cpu(
        (library("re/_compiler.py", "_code"), library("re/_compiler.py", "compile"), line, handler), 2.0, leaf=(loop,)
    )
    rest = cpu((python(60, "work"),), 4.0, leaf=(loop,))
    matches = cpu((line, handler), 5.0, leaf=(native("sre_ucs1_match"), native("pattern_match"), loop))
    module = python(3, "<module>", "/srv/app/patterns.py")
    loads = cpu(
        (
            library("re/_parser.py", "_parse"),
            library("re/_compiler.py", "compile"),
            module,
            python(241, "_call_with_frames_removed", "<frozen importlib._bootstrap>"),
            python(1178, "_find_and_load", "<frozen importlib._bootstrap>"),
            python(2, "<module>"),
        ),
        5.0,
        leaf=(loop,),
    )
    gathers = cpu((native("granted", "/srv/files", _RIGHTS, 8), native("readable", "/srv/files", _RIGHTS, 15)), 5.0)
    libc = "/lib/x86_64-linux-gnu/libc.so.6"
    filters = native("keep", "/srv/filter", "/srv/filter.c", 30)
    compiles = (native("calc_first", libc), native("re_compile_internal", libc), native("regcomp", libc), filters)
    crypto = "/usr/lib/x86_64-linux-gnu/libcrypto.so.3"
    derives = (native("sha256_block", crypto), native("PKCS5_PBKDF2_HMAC", crypto), native("pbkdf2_hmac_impl"), loop)
    hashes = (native("sha256_block", crypto), native("EVP_DigestUpdate", crypto), native("EVP_update"), loop)
    return (
        Example(
            "patterns that are compiled for each request",
            True,
            "half of busy time is in the compiler of regular expressions, below one line",
            window(samples=(parse, code, rest)),
        ),
        Example("regcomp in a loop", True, "the same in C", window(samples=(cpu(compiles, 5.0), rest))),
        Example(
            "a key derived for each request",
            True,
            "PBKDF2 is made to be slow, and holds half of busy time",
            window(samples=(cpu((python(9, "check"), handler), 5.0, leaf=derives), rest)),
        ),
        Example(
            "rights that are gathered anew for each file",
            True,
            "the text says that what is given is the same in each round of the loop over the files",
            _with_text(window(samples=(gathers, rest))),
        ),
        Example(
            "rights that are gathered for each user",
            False,
            "nothing says that they are the same",
            window(samples=(gathers, rest)),
        ),
        Example(
            "matching with a compiled pattern",
            False,
            "the pattern is used, which is what it was compiled for",
            window(samples=(matches, rest)),
        ),
        Example(
            "patterns compiled while modules load",
            False,
            "an import on the stack: it happens once",
            window(samples=(loads, rest)),
        ),
        Example(
            "hashing files",
            False,
            "the same primitive, below a plain digest: the data is different each time",
            window(samples=(cpu((python(9, "digest"),), 5.0, leaf=hashes), rest)),
        ),
    )


PATTERN = Pattern(
    id="repeated-computation",
    title="the same preparation is made again and again",
    sees="CPU samples below a line in steps that exist to be made once for many uses: compiling regular expressions, "
    "templates or source text, setting up TLS contexts, loading time zones, locales and formatters, "
    "checking schemas and working out mappers, deriving keys. And functions of your own that only give back what they "
    "work out, where the text says that they are given the same in each round of a loop.",
    costs="The preparation takes many times longer than the use that it is made for.",
    fix="Prepare once, before the loop or at the first use, and keep it by what it was made of.",
    fine="A service whose work it is: a login that checks a password, a tool that compiles what it is given.",
    thresholds=(SHARE, SAME, LITTLE),
    needs=("cpu",),
    focus=frozenset({Focus.CPU}),
    check=check,
    examples=_examples,
    beats=("hot-loop", "string-building", "allocation-churn", "serialization-overhead", "repeated-read"),
    causes=("gc-pressure",),
)
